"""Every example of docs/forms.md is run, in Python and in the tablet's JavaScript, and nothing lacks an example.

A block ```` ```field ```` holds fields as JSON, then lines such as `answer → accepted`, `answer → code`, `answer →
other answer`, `begins → value`, `begins after {last record} → value`, or `answers then {what is entered} → answers`;
```` ```expressions ```` has a line for each: `expression  {answers} → value`.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import count
from typing import Any

import pytest

from schemas.answers import judge
from schemas.definition import FORM_PROPERTIES, PROPERTIES, TYPES
from schemas.expression.evaluate import Context, evaluate
from schemas.expression.functions import FUNCTIONS
from schemas.expression.parse import walk
from schemas.faults import examine
from schemas.form import Expression, Form, compile_form, parse
from tests.live import ROOT

NOW = "2026-11-23T06:10:42.120Z"
LABEL = {"en": "x"}
PAGE = (ROOT / "docs/forms.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?P<text>.+?)  (?P<each>in each of )?(?P<answers>\{.*\}) → (?P<result>.+)")
ULID = "01JD00000000000000000000{:02}"
IT = "it"


@dataclass(frozen=True)
class Example:
    """One example: `fields` with answers, and what they are to come to."""

    name: str
    fields: list[dict[str, Any]]
    values: dict[str, Any]
    wanted: str
    is_beginning: bool = False
    last: dict[str, Any] | None = None
    """The record that was sent before it."""
    then: dict[str, Any] | None = None
    """What is entered on the tablet afterwards."""
    path: str = ""
    """Of an expression: where its value is found."""
    lists: dict[str, Any] = field(default_factory=dict)

    @property
    def is_expression(self) -> bool:
        return self.path.endswith(f"/{IT}")

    @property
    def definition(self) -> dict[str, Any]:
        head = {"form": "example", "version": 1, "languages": ["en"], "title": LABEL}
        return compile_form(head | ({"lists": self.lists} if self.lists else {}) | {"fields": self.fields})


def blocks(kind: str) -> list[str]:
    return [body for found, body in BLOCK.findall(PAGE) if found == kind]


def examples() -> Iterator[Example]:
    lists = json.loads(blocks("lists")[0])
    for block in blocks("field"):
        yield from _of_fields(block, lists)
    for line in "".join(blocks("expressions")).splitlines():
        yield _of_expression(line, lists)


def _of_fields(block: str, lists: dict[str, Any]) -> Iterator[Example]:
    fields: list[dict[str, Any]] = []
    rest = block
    while " → " not in _first_value(rest):
        found, end = json.JSONDecoder().raw_decode(rest)
        fields.append(found)
        rest = rest[end:].lstrip()
    for line in rest.splitlines():
        answer, _, wanted = line.partition(" → ")
        begins, _, last = answer.partition(" after ")
        answer, _, then = answer.partition(" then ")
        value = {} if begins == "begins" else json.loads(answer)
        values = value if len(fields) > 1 or begins == "begins" else {fields[0]["name"]: value}
        path = f"/{fields[0]['name']}" if len(fields) == 1 else ""
        name = f"{fields[0]['name']}: {line[:60]}"
        later: dict[str, Any] = {
            "is_beginning": begins == "begins",
            "last": json.loads(last) if last else None,
            "then": json.loads(then) if then else None,
        }
        yield Example(name, fields, values, wanted, path=path, lists=lists, **later)


def _first_value(text: str) -> str:
    """The rest of the line that the first JSON value ends on."""
    try:
        _, end = json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError:
        return " → "  # as after `begins`
    return text[end:].split("\n", 1)[0]


def _of_expression(line: str, lists: dict[str, Any]) -> Example:
    found = LINE.fullmatch(line)
    assert found, line
    values, result = json.loads(found["answers"]), json.loads(found["result"])
    names = set(re.findall(r"\$\{(\w+)\}", found["text"])) | set(values)
    fields = [_field(name, values.get(name)) for name in sorted(names - _names_in_rows(values))]
    it = {"name": IT, "type": "calculate", "label": LABEL, "calculate": found["text"], "value": _type(result)}
    (fields[-1]["fields"] if found["each"] else fields).append(it)
    path = f"/rows/{IT}" if found["each"] else f"/{IT}"
    return Example(line, fields, _with_rows(values), found["result"], path=path, lists=lists)


def _names_in_rows(values: Mapping[str, Any]) -> set[str]:
    return {name for row in values.get("rows", ()) for name in row}


def _with_rows(values: dict[str, Any]) -> dict[str, Any]:
    numbers = count(1)
    rows = [{"_row": ULID.format(next(numbers)), **row} for row in values.get("rows", ())]
    return values | ({"rows": rows} if rows else {})


def _field(name: str, value: Any) -> dict[str, Any]:
    """A field that such a value can be an answer to."""
    entry = {"name": name, "type": "text", "label": LABEL}
    if isinstance(value, bool) or name == "done":
        return entry | {"type": "boolean"}
    if isinstance(value, int):
        return entry | {"type": "integer"}
    if name == "rows":
        return entry | {"type": "repeat", "fields": [_field(each, value[0][each]) for each in value[0]]}
    if isinstance(value, list) and isinstance(value[0], str):
        return entry | {"type": "select_many", "choices": [{"name": each, "label": LABEL} for each in value]}
    if isinstance(value, list):
        return entry | {"type": "geoshape" if value[0] == value[-1] else "geotrace"}
    return entry | ({"type": "geopoint"} if isinstance(value, dict) else {})


def _type(result: Any) -> str:
    one = result[0] if isinstance(result, list) else result
    return {bool: "boolean", int: "integer", float: "decimal"}.get(type(one), "text")


ALL = list(examples())


@cache
def on_the_tablet() -> list[dict[str, Any]]:
    names = ("definition", "values", "last", "then")
    lines = [json.dumps({name: getattr(each, name) for name in names} | {"now": NOW}) for each in ALL]
    done = subprocess.run(
        ["node", "tests/js/example_lines.mjs"],
        cwd=ROOT,
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(ALL)
    return found


def _in_the_office(example: Example) -> dict[str, Any]:
    form = parse(example.definition)
    found = judge(form, example.values, state="submitted", now=datetime.fromisoformat(NOW))
    codes = [problem.code for problem in found.problems]
    return {"answers": json.loads(json.dumps(found.answers)), "problems": codes, "stored": _stored(form)}


def _stored(form: Form) -> dict[str, Any]:
    """What runs on the tablet alone, worked out here as well; the office takes what the tablet sends."""
    context = Context(resolve=lambda _path: "", now="2026-11-23T14:10:42.120+08:00", today="2026-11-23")
    return {
        each.path: evaluate(each.calculate.tree, context) for each in form.walk() if each.calculate and each.is_stored
    }


@pytest.mark.parametrize("place", ["office", "tablet"])
@pytest.mark.parametrize("number", range(len(ALL)), ids=[each.name for each in ALL])
def test_an_example_comes_to_what_the_page_says(number: int, place: str) -> None:
    example = ALL[number]
    if example.is_beginning:
        if place == "tablet":  # where records begin
            _check_beginning(example, on_the_tablet()[number]["begins"])
        return
    if example.then is not None and place == "office":  # which takes what comes of it
        return
    found = on_the_tablet()[number] if place == "tablet" else _in_the_office(example)
    if example.is_expression:
        assert _value(found, example.path) == json.loads(example.wanted)
    elif example.wanted == "accepted":
        assert found["problems"] == []
    elif re.fullmatch(r"[a-z_]+", example.wanted):
        assert found["problems"] == [example.wanted]
    else:
        wanted = json.loads(example.wanted)
        assert (found["problems"], found["answers"]) == ([], {example.path[1:]: wanted} if example.path else wanted)


def _check_beginning(example: Example, begins: Mapping[str, Any]) -> None:
    value = begins[example.path[1:]]
    if example.wanted.startswith("/"):
        assert re.fullmatch(example.wanted.strip("/"), str(value))
    else:
        assert value == json.loads(example.wanted)


def _value(found: Mapping[str, Any], path: str) -> Any:
    if path in found["stored"]:
        return found["stored"][path]
    if path.startswith("/rows/"):
        return [_number(row[IT]) for row in found["answers"]["rows"]]
    return _number(found["answers"].get(IT))


def _number(value: Any) -> Any:
    """A decimal answer is a text."""
    return float(value) if isinstance(value, str) and re.fullmatch(r"-?[0-9]+\.[0-9]+", value) else value


def test_the_first_form_is_sound() -> None:
    (text,) = blocks("form")
    assert examine(text).faults == ()


def test_every_type_and_property_has_an_example() -> None:
    fields = [each for example in ALL for each in _below(example.fields) if not example.is_expression]
    assert {each["type"] for each in fields} == TYPES
    assert {name for each in fields for name in each} == set(PROPERTIES)
    assert set(json.loads(blocks("form")[0])) | {"lists", "timezone", "mapping", "$schema"} == set(FORM_PROPERTIES)


def _below(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for each in fields:
        yield each
        yield from _below(each.get("fields", []))


def test_every_function_and_operator_has_an_example() -> None:
    trees = [
        value.tree
        for example in ALL
        for each in parse(example.definition).walk()
        for value in (each.calculate, each.default)
        if isinstance(value, Expression)
    ]
    called = {str(node["call"]) for tree in trees for node in walk(tree) if "call" in node}
    assert called == set(FUNCTIONS)
