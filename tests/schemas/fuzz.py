"""Definitions and answers as nobody should write them: sound ones that are broken in a few places, and mere junk."""

from __future__ import annotations

import copy
import re
from random import Random
from typing import Any

LABEL = {"en": "x"}
CHOICES = [{"name": name, "label": LABEL, "group": name} for name in ("a", "b", "c")]
ROWS = [f"01JD000000000000000000000{number}" for number in range(1, 9)]
EXPRESSIONS = [
    "${a} + ${b} * 2",
    ". != 'x' and ${c} = 'a'",
    "count(${r}) > 1",
    "sum(${n}) div count(${n})",
    "regex(., '(a|a)*b')",
    "if(${d}, 'yes', concat(${a}, ${b}))",
    "selected(${m}, 'a') or ${m_other} = 'x'",
    "indexed-repeat(${n}, ${r}, 2)",
    "format-date(${t}, '%Y-%n-%d')",
    "join(', ', ${n}, ${n}, ${n})",
    "pulldata('l', 'group', 'name', ${c})",
    "instance('l')/root/item[name = ${c}]/group",
    "once(today())",
    "position(..)",
    "distance(${g})",
    "substr(${a}, -3, 999999999)",
    "pow(${b}, 1000) mod 7",
    "round(${b}, -400)",
    "${n} = ${n}",
    "translate(${a}, 'abc', 'x')",
    "coalesce(${a}, ${b}, .)",
    "pulldata('l', 'constructor', 'name', 'a')",
    "../b + 1",
    "selected(${em}, ${eo}) or ${eo} = 'entity:unit:1'",
    "count-selected(${em})",
    "not(" * 90 + "true()" + ")" * 90,
    "${a} = '😀'",
]
NO_EXPRESSIONS = [
    "-" * 400 + "1",
    "(" * 900 + "1" + ")" * 900,
    "1" + " + 1" * 300,
    "regex(., '((a{0,99}){0,99}){0,99}')",
    "'\ud800'",
    "${nobody}",
    "nothing(1)",
    "",
    "1 +",
    "9" * 400,
    "\x00",
]
HEAD: dict[str, Any] = {"form": "fuzz", "version": 3, "languages": ["en"], "title": LABEL, "lists": {"l": CHOICES}}
FIELDS: list[dict[str, Any]] = [
    {"name": "a", "type": "text", "max_length": 20},
    {"name": "b", "type": "integer", "min": -5, "max": 5},
    {"name": "c", "type": "select_one", "choices": {"list": "l"}, "choice_filter": "group != ${a}"},
    {"name": "d", "type": "boolean", "default": True},
    {"name": "e", "type": "decimal", "places": 2, "min": "0.5"},
    {"name": "m", "type": "select_many", "choices": CHOICES, "other": True, "merge": "union"},
    {"name": "k", "type": "rank", "choices": CHOICES},
    {"name": "t", "type": "date", "appearance": "month", "default": {"expression": "today()"}},
    {"name": "u", "type": "time"},
    {"name": "w", "type": "datetime", "readonly": True},
    {"name": "g", "type": "geopoint"},
    {"name": "h", "type": "geotrace"},
    {"name": "p", "type": "photo", "max_files": 1},
    {"name": "s", "type": "signature"},
    {"name": "y", "type": "entity", "entity": "unit"},
    {"name": "eo", "type": "select_one", "choices": {"entity": "unit"}, "other": True, "choice_filter": "x = ${a}"},
    {"name": "em", "type": "select_many", "choices": {"entity": "unit"}, "merge": "union"},
    {"name": "v", "type": "calculate", "value": "text", "calculate": "concat(${a}, ${a})"},
    {"name": "z", "type": "score", "value": "integer", "calculate": "${b} * 2"},
    {"name": "i", "type": "note"},
    {"name": "o", "type": "group", "fields": [{"name": "oa", "type": "text", "label": LABEL, "relevant": "${b} > 0"}]},
    {
        "name": "r",
        "type": "repeat",
        "max_rows": 3,
        "min_rows": 1,
        "fields": [
            {"name": "n", "type": "integer", "label": LABEL, "unique": True},
            {"name": "q", "type": "repeat", "label": LABEL, "fields": [{"name": "x", "type": "text", "label": LABEL}]},
        ],
    },
]
SOUND: dict[str, list[Any]] = {
    "text": ["a", "b", "ab", "aab", "abab", "a1", "企业", "a" * 21, "\ud800", "\x00"],
    "integer": [0, 5, -6, 2**53 - 1, 1 - 2**53],
    "decimal": ["0.50", "1.234", "-0", "1e5", "٣"],
    "boolean": [True, False],
    "select_one": ["a", "other", "zz", "entity:unit:1"],
    "select_many": [["a"], ["a", "a"], ["other"], [["a"]], ["entity:unit:1", "entity:unit:2"], ["entity:unit:1", "a"]],
    "rank": [["c", "a", "b"], ["a"]],
    "date": ["2026-11-01", "2026-11-23", "0000-01-01", "2026-02-30", "+2026-01-01"],
    "time": ["12:30", "24:00", "12:30:60"],
    "datetime": ["2026-11-23T14:30:00+08:00", "2026-11-23T14:30:00+99:00", "2026-11-23T14:30:00.1234567Z"],
    "geopoint": [{"lat": "37.8", "lon": "112.5"}, {"lat": "91", "lon": "0"}, {"lat": 1, "lon": 2}],
    "geotrace": [[{"lat": "37.8", "lon": "112.5"}], []],
    "photo": [["0" * 64], ["0" * 64, "1" * 64], ["x"]],
    "signature": ["0" * 64, "0" * 63],
    "entity": ["entity:unit:1", "entity:person:1", "entity:unit:"],
    "calculate": ["own"],
    "score": [7],
    "note": ["own"],
}


def nested(depth: int) -> Any:
    """A value so many levels deep."""
    found: Any = "x"
    for level in range(depth):
        found = [found] if level % 2 else {"fields": found}
    return found


JUNK: list[Any] = [None, True, False, 0, -1, 1.5, 2**53, 10**400, -(10**30), 1e308, "", "x", "\ud800", "\x00", "😀"]
JUNK += ["constructor", "__proto__", [], {}, [[]], {"": {}}, [None], {"__proto__": {"x": 1}}, nested(12), nested(150)]
JUNK += ["x" * 5_000]


_NAMED = re.compile(r"\$\{(\w+)\}")
_ASKED = ("relevant", "required", "constraint", "calculate", "readonly", "choice_filter")
_FITTING: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("group", "repeat", "note"), ("relevant", "readonly")),
    **dict.fromkeys(("calculate", "score"), ("relevant", "constraint", "calculate", "readonly")),
    **dict.fromkeys(("select_one", "select_many", "rank", "entity"), _ASKED),
}
_PLAIN = _ASKED[:5]


def junk(chance: Random) -> Any:
    return copy.deepcopy(chance.choice(JUNK)) if chance.random() < 0.8 else nested(chance.randint(0, 40))


def definition(chance: Random) -> Any:
    """A definition, most often broken in a place or two."""
    if chance.random() < 0.03:
        return junk(chance)
    fields = copy.deepcopy(
        [each | {"label": LABEL} for each in FIELDS[:2] + chance.sample(FIELDS[2:], chance.randint(1, 12))]
    )
    names = {name for each in fields for name in (each["name"], f"{each['name']}_other")}
    names |= {"n", "x"} if "r" in names else set()
    known = [text for text in EXPRESSIONS if set(_NAMED.findall(text)) <= names]
    for each in fields:
        for name in chance.sample(_ASKED, chance.choice((0, 0, 1, 2))):
            if name in _FITTING.get(each["type"], _PLAIN):
                each[name] = chance.choice(known if chance.random() < 0.95 else NO_EXPRESSIONS)
    if chance.random() < 0.3:
        fields[0]["constraint"] = f"regex(., '{pattern(chance)}')"
    made = {**copy.deepcopy(HEAD), "fields": fields}
    if chance.random() < 0.2:
        moved = {f"/old_{name}": f"/{name}" for name in sorted(names & {"a", "b", "r"})}
        made["mapping"] = [{"version": chance.choice((2, 2, 3, 4)), "moved": moved}]
    for _ in range(chance.choice((0, 0, 0, 0, 0, 1, 2))):
        break_(made, chance)
    return made


_ATOMS = [
    "a",
    "b",
    ".",
    "[ab]",
    "[^a]",
    "(a|b)",
    "(?:ab)",
    "(a*)",
    "(|a)",
    "\\d",
    "\\w",
    "\\S",
    "^",
    "$",
    "[a-c-]",
    "企",
    "😀",
]
_TIMES = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "{0}", "*?", "{0,30}", "**", "{3,1}"]


def pattern(chance: Random) -> str:
    """A regular expression; now and then one that is none."""
    found = "".join(chance.choice(_ATOMS) + chance.choice(_TIMES) for _ in range(chance.randint(1, 4)))
    return chance.choice([found, found, f"({found}){chance.choice(_TIMES)}", f"{found}|{chance.choice(_ATOMS)}"])


def break_(value: Any, chance: Random) -> None:
    """Spoil one place of a value."""
    places = [(holder, key) for holder in _holders(value) for key in _keys(holder)]
    if not places:
        return
    holder, key = chance.choice(places)
    kind = chance.random()
    if kind < 0.5:
        holder[key] = junk(chance)
    elif kind < 0.6:
        del holder[key]
    elif kind < 0.8:
        holder[key] = copy.deepcopy(chance.choice(places)[0])
    elif isinstance(holder, dict):
        holder[chance.choice(["name", "fields", "choices", "default", "mapping", "x", "", "__proto__"])] = junk(chance)
    else:
        holder.append(copy.deepcopy(holder[key]))


def _keys(holder: Any) -> Any:
    return list(holder) if isinstance(holder, dict) else range(len(holder))


def _holders(value: Any) -> list[Any]:
    found, todo = [], [value]
    while todo and len(found) < 2_000:
        each = todo.pop()
        if isinstance(each, dict | list):
            found.append(each)
            todo += each.values() if isinstance(each, dict) else each
    return found


def answers(fields: list[Any], chance: Random) -> Any:
    """Answers to the fields of a definition, most of them sound."""
    if chance.random() < 0.02:
        return junk(chance)
    found: dict[Any, Any] = {}
    for each in fields:
        if chance.random() < 0.7:
            found[each["name"]] = answer(each, chance)
        if "other" in each and chance.random() < 0.5:
            found[f"{each['name']}_other"] = chance.choice(["what", "", 5, "x" * 300])
    if chance.random() < 0.15:
        found[chance.choice(["unknown", "", "__proto__", "constructor", "_row", "\ud800"])] = junk(chance)
    return found


def answer(field: Any, chance: Random) -> Any:
    if chance.random() < 0.1:
        return junk(chance)
    if field["type"] == "group":
        return answers(field["fields"], chance)
    if field["type"] == "repeat":
        rows = [answers(field["fields"], chance) for _ in range(chance.randint(0, 4))]
        return [{"_row": chance.choice(ROWS), **row} if isinstance(row, dict) else row for row in rows]
    return copy.deepcopy(chance.choice(SOUND.get(field["type"], ["x"])))
