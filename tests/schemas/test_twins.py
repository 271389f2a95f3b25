"""Random forms and random answers come to the same verdict in Python and in the tablet's JavaScript."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from schemas.answers import judge
from schemas.definition import FormError
from schemas.expression.functions import FUNCTIONS, VOLATILE
from schemas.form import compile_form, parse
from tests.live import ROOT

NOW = "2026-11-23T06:10:42.120Z"
NAMES = [f"f{number}" for number in range(9)]
CHOICES = [{"name": name, "label": {"en": name}, "group": group} for name, group in (("a", 1), ("b", 1), ("c", 2))]
ULIDS = [f"01JD000000000000000000000{number}" for number in range(1, 5)]
LABEL = {"en": "x"}
OTHER = {"label": LABEL, "specify": LABEL}
LEAVES = ["text", "integer", "decimal", "date", "time", "datetime", "boolean", "select_one", "select_many", "geopoint"]
OPERATORS = ["+", "-", "*", "div", "mod", "=", "!=", "<", "<=", ">", ">=", "and", "or"]
CALLS = sorted(
    name
    for name in FUNCTIONS
    if name[0].isalpha() and name not in {*OPERATORS, *VOLATILE, "neg", "indexed-repeat", "regex"}
)
LITERALS = [
    "0",
    "1",
    "2.5",
    "100",
    "'a'",
    "'b c'",
    "''",
    "'2026-11-23'",
    "'12:30'",
    "'3'",
    "true()",
    "'é😀'",
    "'%Y-%m'",
]


@st.composite
def expressions(draw: st.DrawFn, names: list[str], depth: int = 3) -> str:
    kind = draw(st.integers(0, 5)) if depth else draw(st.integers(0, 1))
    if kind == 0:
        return draw(st.sampled_from(LITERALS))
    if kind == 1:
        return "${" + draw(st.sampled_from(names)) + "}"
    if kind == 2:
        return "."
    if kind == 3:
        inner = [draw(expressions(names, depth - 1)) for _ in range(2)]
        return f"({inner[0]} {draw(st.sampled_from(OPERATORS))} {inner[1]})"
    name = draw(st.sampled_from(CALLS))
    function = FUNCTIONS[name]
    count = draw(st.integers(function.least, min(function.most, function.least + 2)))
    return f"{name}({', '.join(draw(expressions(names, depth - 1)) for _ in range(count))})"


@st.composite
def fields(draw: st.DrawFn, names: list[str], every: list[str], depth: int) -> list[dict[str, Any]]:
    found = []
    for name in names:
        kinds = [*LEAVES, "calculate"] + (["group", "repeat"] if depth and len(names) > 2 else [])
        kind = draw(st.sampled_from(kinds))
        field: dict[str, Any] = {"name": name, "type": kind, "label": LABEL}
        if kind in ("group", "repeat"):
            inner = [f"{name}_{number}" for number in range(draw(st.integers(1, 3)))]
            field["fields"] = draw(fields(inner, every, depth - 1))
        if kind in ("select_one", "select_many"):
            field["choices"] = draw(st.sampled_from([CHOICES, CHOICES, {"entity": "unit"}]))
            if field["choices"] is CHOICES and draw(st.integers(0, 3)) == 0:
                field["choice_filter"] = f"group = {draw(expressions(every, 1))}"
            if draw(st.integers(0, 2)) == 0:
                field["other"] = True
        if kind == "calculate":
            field["value"] = draw(st.sampled_from(["text", "integer", "decimal", "boolean"]))
            field["calculate"] = draw(expressions(every))
        elif kind not in ("group", "repeat"):
            if draw(st.booleans()):
                field["required"] = draw(st.one_of(st.just(True), expressions(every, 2)))
            if draw(st.integers(0, 2)) == 0:
                field["constraint"] = draw(expressions(every, 2))
        if draw(st.integers(0, 2)) == 0:
            field["relevant"] = draw(expressions(every))
        found.append(field)
    return found


def values_of(definitions: list[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    optional = {each["name"]: value_of(each) for each in definitions}
    texts = {f"{each['name']}_other": st.sampled_from(["else", "", 5]) for each in definitions if "other" in each}
    return st.fixed_dictionaries({}, optional=optional | texts)


FOREIGN: list[Any] = [None, "", [], {}, 5, "text", True, ["a"], {"x": 1}, "2026-02-30", -0, 2**53 - 1]
SOUND: dict[str, list[Any]] = {
    "text": ["a", "企业 走访", " 3 ", "x" * 30],
    "integer": [0, -7, 42, 2**53 - 1],
    "decimal": ["0.5", "-12.50", "100", "0.0000001"],
    "date": ["2026-11-23", "1969-12-31", "2024-02-29"],
    "time": ["00:00", "23:59:59", "12:30"],
    "datetime": ["2026-11-23T14:30:00+08:00", "2026-11-23T06:30:00.5Z"],
    "boolean": [True, False],
    "select_one": ["a", "b", "c", "other", "entity:unit:1"],
    "select_many": [["a"], ["a", "c"], ["c", "b"], ["other", "a"], ["entity:unit:1", "entity:unit:2"]],
    "geopoint": [{"lat": "37.8", "lon": "112.5"}, {"lat": "0", "lon": "0", "accuracy": "5"}],
    "calculate": ["ignored", 5],
}


def value_of(definition: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = definition["type"]
    if kind == "group":
        sound: st.SearchStrategy[Any] = values_of(definition["fields"])
    elif kind == "repeat":
        row = st.tuples(st.sampled_from(ULIDS), values_of(definition["fields"]))
        sound = st.lists(row.map(lambda pair: {"_row": pair[0], **pair[1]}), max_size=3)
    else:
        sound = st.sampled_from(SOUND[kind])
    return st.one_of(sound, sound, sound, st.sampled_from(FOREIGN))


@st.composite
def edits(draw: st.DrawFn, definitions: list[dict[str, Any]], prefix: str = "") -> tuple[str, Any]:
    """Something that a person changes: one question, or all of a group or repeat at once; None takes it away."""
    definition = draw(st.sampled_from(definitions))
    path = f"{prefix}/{definition['name']}"
    if definition["type"] in ("group", "repeat") and draw(st.integers(0, 4)):
        row = f"/{draw(st.sampled_from(ULIDS))}" if definition["type"] == "repeat" else ""
        return draw(edits(definition["fields"], path + row))
    return path, draw(st.one_of(value_of(definition), st.none()))


@st.composite
def records(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any]]:
    names = NAMES[: draw(st.integers(2, len(NAMES)))]
    definitions = draw(fields(names, names, 2))
    definition = {"form": "random", "version": 1, "languages": ["en"], "title": LABEL, "fields": definitions}
    return definition, draw(values_of(definitions))


class Tablet:
    """One node process that judges line by line."""

    def __init__(self, script: str) -> None:
        command = ["node", str(ROOT / "tests/js" / script)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def judge(self, **what: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def tablet() -> Iterator[Tablet]:
    with closing(Tablet("judge_lines.mjs")) as opened:
        yield opened


@pytest.fixture(scope="module")
def filling() -> Iterator[Tablet]:
    """A tablet on which somebody fills a form: it tells where its verdict is not that of one who judges anew."""
    with closing(Tablet("filling_lines.mjs")) as opened:
        yield opened


@pytest.fixture(autouse=True, scope="module")
def nothing_is_doubted() -> Iterator[None]:
    """Forms at random are full of comparisons that no author would make; they are to come out alike all the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("schemas.form._doubts", lambda _: ())
        yield


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(record=records(), state=st.sampled_from(["draft", "submitted"]))
def test_random_forms_are_judged_alike(
    tablet: Tablet, record: tuple[dict[str, Any], dict[str, Any]], state: str
) -> None:
    definition, values = record
    try:
        published = compile_form(definition)
    except FormError:
        assume(False)
    found = judge(parse(published), values, state=state, now=datetime.fromisoformat(NOW))
    ours = {
        "answers": found.answers,
        "problems": [[problem.path, problem.code, dict(problem.params)] for problem in found.problems],
    }
    theirs = tablet.judge(definition=published, values=values, state=state, now=NOW)
    assert json.loads(json.dumps(ours)) == theirs


def asked(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "name": name, "label": LABEL, **more}


def computed(name: str, text: str, value: str = "integer") -> dict[str, Any]:
    return asked("calculate", name, value=value, calculate=text)


DENSE = [
    asked("boolean", "a"),
    asked("integer", "n", constraint=". < ${m} + 5"),
    asked("integer", "m", relevant="${n} != 3"),
    asked(
        "group",
        "g",
        relevant="${a}",
        fields=[
            asked("integer", "g1", required="${n} > 2"),
            computed("g2", "coalesce(${g1}, 0) + coalesce(${n}, 0)"),
            asked(
                "group",
                "h",
                relevant="${g2} > 3",
                fields=[
                    asked("integer", "h1", required="${m} > 1", readonly="${rows} > 1"),
                    asked("text", "h2", constraint="string-length(.) > ${h1}"),
                    computed("h3", "${h1} * 2"),
                ],
            ),
        ],
    ),
    asked(
        "repeat",
        "r",
        relevant="not(${n} = 7)",
        min_rows=1,
        max_rows=2,
        fields=[
            asked("integer", "r1", unique=True),
            asked("boolean", "r2"),
            asked("integer", "r3", relevant="${r2}", required=True),
            computed("r4", "coalesce(${r1}, 0) * 2 + coalesce(${m}, 0) + coalesce(${r3}, 0)"),
            computed("r6", "indexed-repeat(${r1}, ${r}, 1)"),
            asked("select_one", "r5", choices=CHOICES, choice_filter="group = ${r1}"),
            asked(
                "group",
                "rg",
                relevant="${r4} > 2",
                fields=[
                    asked("text", "rg1", readonly="${a}", relevant="${r1} > 1 or ${h3} > 2"),
                    asked(
                        "repeat",
                        "rr",
                        relevant="${r2}",
                        fields=[
                            asked("integer", "rr1", constraint=". <= ${r1}", unique=True),
                            computed("rr2", "coalesce(${rr1}, 0) + ${r4} + position(..)"),
                        ],
                    ),
                ],
            ),
        ],
    ),
    asked("integer", "kept", relevant=". != 3"),
    computed("total", "sum(${r4})"),
    computed("inner", "sum(${rr2})"),
    computed("rows", "count(${r})"),
    computed("second", "indexed-repeat(${r1}, ${r}, 2) + indexed-repeat(${rr1}, ${r}, 1, ${rr}, ${n})"),
    computed("stamped", "once(now())", "text"),
    computed("day", "today()", "text"),
    asked("text", "last", relevant="${total} > 10 or ${rows} = 0", required="${inner} > 5 or ${second} > 3"),
    asked("select_many", "s", choices=CHOICES, choice_filter="group <= ${rows}", other=OTHER),
    asked("date", "d", constraint=". <= ${day}"),
    asked("text", "late", relevant="string-length(${stamped}) > 0 and ${day} > '2026-11-24'"),
]
LIKELY: dict[str, list[Any]] = {
    "boolean": [True, False],
    "integer": [0, 1, 2, 3, 7],
    "text": ["a", "four", ""],
    "select_one": ["a", "c"],
    "select_many": [["a"], ["c"], ["other"]],
    "date": ["2026-11-23", "2026-11-25"],
    "calculate": ["2026-11-22"],
}


@st.composite
def likely_edits(draw: st.DrawFn, definitions: list[dict[str, Any]], prefix: str = "") -> tuple[str, Any]:
    """A change that somebody who fills in `definitions` makes: an answer, or rows added and taken away."""
    containers = [each for each in definitions if "fields" in each]
    definition = draw(st.sampled_from([*definitions, *containers, *containers, *containers]))
    kind, path = definition["type"], f"{prefix}/{definition['name']}"
    if kind == "group":
        return draw(likely_edits(definition["fields"], path))
    if kind == "repeat":
        if draw(st.integers(0, 2)):
            return draw(likely_edits(definition["fields"], f"{path}/{draw(st.sampled_from(ULIDS[:3]))}"))
        rows = draw(st.lists(st.sampled_from(ULIDS[:3]), unique=True))
        return path, [{"_row": row, **({"r1": 1, "r2": True} if not prefix else {"rr1": 2})} for row in sorted(rows)]
    return path, draw(st.sampled_from([*LIKELY[kind], None]))


TWO_ROWS = ("/r", [{"_row": row, "r1": number, "r2": True} for number, row in enumerate(ULIDS[:2], 1)])
ANOTHER_ROW = [TWO_ROWS, (f"/r/{ULIDS[0]}/r1", 7)]
"""A row whose calculation reads another row of its own repeat; chance hardly ever changes just that one."""
OF_ITSELF = [("/kept", 3), ("/kept", 2)]
"""A question that is relevant by its own answer."""


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@example(changes=ANOTHER_ROW, state="submitted")
@example(changes=OF_ITSELF, state="draft")
@given(changes=st.lists(likely_edits(DENSE), min_size=10, max_size=40), state=st.sampled_from(["draft", "submitted"]))
def test_filling_a_form_full_of_dependencies(filling: Tablet, changes: list[tuple[str, Any]], state: str) -> None:
    definition = {"form": "dense", "version": 1, "languages": ["en"], "title": LABEL, "fields": DENSE}
    published = compile_form(definition)
    assert filling.judge(definition=published, values={}, state=state, now=NOW, changes=changes) == []


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), record=records(), state=st.sampled_from(["draft", "submitted"]))
def test_a_verdict_that_follows_changes_is_that_of_one_who_judges_anew(
    filling: Tablet, data: st.DataObject, record: tuple[dict[str, Any], dict[str, Any]], state: str
) -> None:
    definition, values = record
    try:
        published = compile_form(definition)
    except FormError:
        assume(False)
    changes = data.draw(st.lists(edits(definition["fields"]), min_size=1, max_size=8))
    assert filling.judge(definition=published, values=values, state=state, now=NOW, changes=changes) == []
