"""What a new version of a form changes for records under way, each kind of change once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from schemas.answers import judge
from schemas.bundled import bundled
from schemas.changes import Change, Severity, compare
from schemas.form import compile_form, parse
from tests.schemas.campaign import NOW, VISIT

LABEL = {"en": "Label"}
OPEN, SHUT, GONE = ({"name": name, "label": {"en": name.title()}} for name in ("open", "shut", "gone"))

UNITS = {"entity": "unit"}


def field(name: str, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "label": LABEL, **more}


def form(*fields: Any, **more: Any) -> dict[str, Any]:
    base = {"form": "visit", "version": 1, "languages": ["en"], "title": LABEL}
    return {**base, "fields": [*fields, field("other")], **more}


def changes(old: dict[str, Any], new: dict[str, Any]) -> tuple[Change, ...]:
    return compare(parse(old), parse(compile_form(new)))


def told(old: dict[str, Any], new: dict[str, Any]) -> list[tuple[str, str, str]]:
    found = changes(form(old) if "fields" not in old or "type" in old else old, form(new) if "type" in new else new)
    assert all(change.sentence for change in found)
    return [(change.path, change.code, change.severity.value) for change in found]


LOSES, DIFFERENTLY, SAFE = "loses_value", "judged_differently", "safe"


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        (field("a", "integer"), field("a", "decimal"), "type", LOSES),
        (field("a", "group", fields=[field("b")]), field("a", "repeat", fields=[field("b")]), "type", LOSES),
        (field("a", "date"), field("a", "text"), "type", DIFFERENTLY),
        (field("a", "photo"), field("a", "file"), "type", DIFFERENTLY),
        (field("a", "note"), field("a", "text"), "type", DIFFERENTLY),
        (field("a", "select_one", choices=[OPEN, SHUT]), field("a", "text"), "type", DIFFERENTLY),
        (field("a"), field("a", "select_one", choices=[OPEN]), "type", LOSES),
        (field("a"), field("a", "score", value="text", calculate="'x'"), "type", LOSES),
        (field("a"), field("a", unique=True), "unique", DIFFERENTLY),
        (field("a"), field("a", required=True), "required", DIFFERENTLY),
        (field("a"), field("a", required="${other} = 'x'"), "required", DIFFERENTLY),
        (field("a", required=True), field("a", required="${other} = 'x'"), "required", SAFE),
        (field("a", required=True), field("a"), "required", SAFE),
        (field("a"), field("a", relevant="${other} = 'x'"), "relevant", LOSES),
        (field("a", "note"), field("a", "note", relevant="${other} = 'x'"), "relevant", DIFFERENTLY),
        (field("a", relevant="${other} = 'x'"), field("a"), "relevant", DIFFERENTLY),
        (field("a"), field("a", constraint=". != 'x'"), "constraint", DIFFERENTLY),
        (field("a", constraint=". != 'x'"), field("a", constraint=". != 'y'"), "constraint", DIFFERENTLY),
        (field("a", constraint=". != 'x'"), field("a"), "constraint", SAFE),
        (field("a"), field("a", calculate="'x'"), "calculate", LOSES),
        (field("a", calculate="'x'"), field("a", calculate="'y'"), "calculate", DIFFERENTLY),
        (field("a", calculate="'x'"), field("a"), "calculate", DIFFERENTLY),
        (field("a"), field("a", max_length=5), "max_length", DIFFERENTLY),
        (field("a"), field("a", max_length=9_000), "max_length", SAFE),
        (field("a", "integer", min=3), field("a", "integer", min=2), "min", SAFE),
        (field("a", "integer", min=3), field("a", "integer"), "min", SAFE),
        (field("a", "decimal", max="3.5"), field("a", "decimal", max="3.4"), "max", DIFFERENTLY),
        (field("a", "photo"), field("a", "photo", max_files=4), "max_files", DIFFERENTLY),
        (field("a", "entity", entity="unit"), field("a", "entity", entity="team"), "entity", LOSES),
        (
            field("a", "entity", entity="unit"),
            field("a", "select_one", choices=UNITS),
            "type",
            DIFFERENTLY,
        ),
        (
            field("a", "select_one", choices=[OPEN]),
            field("a", "select_one", choices=UNITS),
            "entity",
            LOSES,
        ),
        (
            field("a", "select_one", choices=UNITS),
            field("a", "select_one", choices=[OPEN]),
            "entity",
            LOSES,
        ),
        (field("a"), field("a", merge="latest"), "merge", DIFFERENTLY),
        (field("a"), field("a", hint=LABEL), "wording", SAFE),
        (
            field("a", "select_one", choices=[OPEN, SHUT]),
            field("a", "select_one", choices=[OPEN]),
            "choice_removed",
            LOSES,
        ),
        (
            field("a", "select_one", choices=[OPEN]),
            field("a", "select_one", choices=[OPEN, SHUT]),
            "choice_added",
            SAFE,
        ),
        (field("a", "rank", choices=[OPEN]), field("a", "rank", choices=[OPEN, SHUT]), "choice_added", DIFFERENTLY),
        (
            field("a", "select_many", choices=[OPEN]),
            field("a", "select_many", choices=[OPEN | {"label": {"en": "Unlocked"}}]),
            "choice_renamed",
            SAFE,
        ),
        (
            field("a", "select_one", choices=[OPEN]),
            field("a", "select_one", choices=[OPEN], choice_filter="name = ${other}"),
            "choice_filter",
            DIFFERENTLY,
        ),
        (
            field("a", "score", value="integer", calculate="1"),
            field("a", "score", value="decimal", calculate="1"),
            "value",
            DIFFERENTLY,
        ),
    ],
)
def test_each_change_has_its_severity(old: Any, new: Any, code: str, severity: str) -> None:
    assert told(old, new) == [("/a", code, severity)]


def test_a_field_that_is_gone_loses_what_people_filled_in() -> None:
    assert told(form(field("a")), form()) == [("/a", "removed", LOSES)]
    assert told(form(field("a", "note")), form()) == [("/a", "removed", SAFE)]
    assert told(form(field("a", calculate="1")), form()) == [("/a", "removed", SAFE)]
    group = field("g", "group", fields=[field("a"), field("b"), field("c", "note")])
    (change,) = changes(form(group), form())
    assert (change.path, "2 answers" in change.sentence) == ("/g", True)


def test_a_field_that_moved_leaves_its_value_behind() -> None:
    group = field("g", "group", fields=[field("a")])
    assert told(form(field("a")), form(group)) == [("/a", "moved", LOSES), ("/g", "added", SAFE)]
    assert told(form(group), form(field("a"))) == [("/g/a", "moved", LOSES), ("/g", "removed", SAFE)]


def test_what_is_new_is_safe_unless_it_must_be_answered() -> None:
    assert told(form(), form(field("a"))) == [("/a", "added", SAFE)]
    assert told(form(), form(field("a", required=True))) == [("/a", "added", DIFFERENTLY)]
    group = field("g", "group", fields=[field("a"), field("b", required="${other} = 'x'")])
    assert told(form(), form(group)) == [("/g", "added", DIFFERENTLY)]
    rows = field("r", "repeat", fields=[field("a", required=True)])
    assert told(form(), form(rows)) == [("/r", "added", SAFE)]
    assert told(form(), form(rows | {"min_rows": 1})) == [("/r", "added", DIFFERENTLY)]


def test_heads_are_compared() -> None:
    old = form(field("a"))
    new = form(field("a"), identity=["/a"], summary=["/a"], timezone="UTC")
    assert told(old, new) == [("", "identity", DIFFERENTLY), ("", "timezone", DIFFERENTLY), ("", "title", SAFE)]


def test_spelling_an_expression_otherwise_or_publishing_changes_nothing() -> None:
    old = form(field("a", relevant="${other}='x'"))
    assert changes(old, form(field("a", relevant="${other} = 'x'"))) == ()
    for definition in bundled().values():
        assert changes(definition, definition) == ()


def test_lists_are_looked_through() -> None:
    picked = field("a", "select_one", choices={"list": "states"})
    assert told(form(picked, lists={"states": [OPEN, GONE]}), form(picked, lists={"states": [OPEN]})) == [
        ("/a", "choice_removed", LOSES)
    ]


@pytest.mark.parametrize("index", range(0, 40, 3))
def test_where_a_version_is_said_to_be_safe_a_whole_record_stays_sound(index: int) -> None:
    old = bundled()["enterprise-visit"]
    new = copy.deepcopy(old)
    fields = list(walk(new["fields"]))
    entry = fields[index % len(fields)]
    for name in ("required", "constraint", "max_length", "hint", "message"):
        entry.pop(name, None)
    found = compare(parse(old), parse(new))
    assert all(change.severity is Severity.SAFE for change in found)
    verdict = judge(parse(compile_form(new)), copy.deepcopy(VISIT), state="submitted", now=NOW)
    assert verdict.problems == ()


def walk(fields: list[dict[str, Any]]) -> Any:
    for entry in fields:
        yield entry
        yield from walk(entry.get("fields", []))


@pytest.mark.parametrize(
    ("before", "after"), [("", "month"), ("month", "year"), ("year", "month"), ("x", "month-year")]
)
def test_a_date_that_is_asked_less_closely_is_judged_differently(before: str, after: str) -> None:
    found = told(field("a", "date", appearance=before), field("a", "date", appearance=after))
    assert found == [("/a", "precision", DIFFERENTLY), ("/a", "wording", SAFE)]


@pytest.mark.parametrize(("before", "after"), [("month", "month-year"), ("month", ""), ("quick", "slow")])
def test_a_date_that_is_asked_as_closely_or_more_so_is_safe(before: str, after: str) -> None:
    assert told(field("a", "date", appearance=before), field("a", "date", appearance=after)) == [
        ("/a", "wording", SAFE)
    ]
