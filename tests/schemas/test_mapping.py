"""A new version of a form says how it reads what older ones hold; a mistake in that is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.changes import compare
from schemas.form import FormError, compile_form, parse
from schemas.positions import read
from schemas.problems import locate
from schemas.xlsform.read import import_form
from schemas.xlsform.write import export_form
from tests.schemas.test_form import Definition, definition, field

LATE, DELAY, YES = ({"name": name, "label": {"en": name}} for name in ("late", "delay", "yes"))
NEW = [
    field("who", "group", fields=[field("full_name"), field("kind", "select_one", choices=[DELAY])]),
    field("points", "decimal"),
    field("findings", "repeat", fields=[field("due", "date")]),
]
STEP: dict[str, Any] = {
    "version": 2,
    "moved": {"/name": "/who/full_name", "/kind": "/who/kind", "/problems": "/findings"},
    "choices": {"/who/kind": {"late": "delay"}},
    "converted": {"/points": "decimal"},
}
OLD = [
    field("name"),
    field("kind", "select_one", choices=[LATE, DELAY]),
    field("points", "integer"),
    field("problems", "repeat", fields=[field("due", "date", relevant="${name} = 'x'")]),
]


def newer(*steps: Any, fields: Any = NEW, version: int = 2) -> Definition:
    return definition(*fields, version=version, mapping=list(steps))


def told(old: Definition, new: Definition) -> list[tuple[str, str, str]]:
    found = compare(parse(old), parse(compile_form(new)))
    return [(change.path, change.code, change.severity.value) for change in found]


def test_what_is_mapped_is_not_lost() -> None:
    assert told(definition(*OLD), newer(STEP)) == [
        ("/points", "type", "judged_differently"),
        ("/findings/due", "relevant", "judged_differently"),
        ("/name", "renamed", "safe"),
        ("/kind", "renamed", "safe"),
        ("/who/kind", "choice_mapped", "safe"),
        ("/problems", "renamed", "safe"),
        ("/who", "added", "safe"),
    ]


def test_what_is_not_mapped_is_lost() -> None:
    found = told(definition(*OLD), newer())
    assert ("/name", "removed", "loses_value") in found
    assert ("/points", "type", "loses_value") in found


def test_conditions_that_only_follow_a_moved_field_do_not_change() -> None:
    old = definition(field("a"), field("b", relevant="${a} = 'x'"))
    new = definition(field("c"), field("b", relevant="${c} = 'x'"), version=2)
    assert told(old, new | {"mapping": [{"version": 2, "moved": {"/a": "/c"}}]}) == [("/a", "renamed", "safe")]


def test_identity_that_only_follows_a_moved_field_does_not_change() -> None:
    old = definition(field("a"), identity=["/a"])
    new = definition(field("c"), identity=["/c"], version=2, mapping=[{"version": 2, "moved": {"/a": "/c"}}])
    assert told(old, new) == [("/a", "renamed", "safe")]


def test_a_value_cannot_leave_its_rows() -> None:
    old = definition(field("rows", "repeat", fields=[field("a")]), field("b"))
    new = definition(field("rows", "repeat", fields=[field("z")]), field("a"), field("b"), version=2)
    found = told(old, new | {"mapping": [{"version": 2, "moved": {"/rows/a": "/a"}}]})
    assert ("/rows/a", "mapping", "loses_value") in found


def test_two_fields_cannot_become_one() -> None:
    old, new = definition(field("a"), field("b")), definition(field("b"), version=2)
    found = told(old, new | {"mapping": [{"version": 2, "moved": {"/a": "/b"}}]})
    assert found == [("/a", "mapping", "loses_value"), ("/b", "mapping", "loses_value")]


def test_a_step_that_a_later_version_leaves_out_is_told() -> None:
    third = newer(fields=NEW, version=3)
    assert ("", "mapping", "loses_value") in told(newer(STEP), third)
    assert told(newer(STEP), newer(STEP, version=3)) == []


@pytest.mark.parametrize(
    ("step", "code", "place"),
    [
        ({"version": 1}, "bad_property", "mapping.0.version"),
        ({"version": 3}, "bad_property", "mapping.0.version"),
        ({"moved": {"/name": "/nowhere"}}, "unknown_path", "mapping.0.moved./name"),
        ({"moved": {"/a": "/points", "/b": "/points"}}, "bad_property", "mapping.0.moved"),
        ({"choices": {"/nowhere": {"a": "b"}}}, "unknown_path", "mapping.0.choices./nowhere"),
        ({"choices": {"/who/kind": {"late": "gone"}}}, "unknown_choice", "mapping.0.choices./who/kind.late"),
        ({"converted": {"/nowhere": "text"}}, "unknown_path", "mapping.0.converted./nowhere"),
        ({"converted": {"/points": "text"}}, "bad_property", "mapping.0.converted./points"),
        ({"converted": {"/points": "geopoint"}}, "bad_property", "mapping"),
        ({"moved": {"name": "/points"}}, "bad_property", "mapping"),
        ({"renamed": {}}, "bad_property", "mapping"),
    ],
)
def test_a_mistake_is_named_where_it_is(step: Any, code: str, place: str) -> None:
    text = json.dumps(newer({"version": 2, **step}), indent=1)
    source = read(text)
    with pytest.raises(FormError) as caught:
        parse(source.value)
    assert [(each.path, each.code, each.params["property"]) for each in caught.value.problems] == [("", code, place)]
    line, _ = locate(source, caught.value.problems[0])
    assert place.rsplit(".", maxsplit=1)[-1].strip("/").split("/")[-1] in text.splitlines()[line - 1]


def test_paths_and_choices_of_an_older_step_are_followed_through_the_later_ones() -> None:
    third = {"version": 3, "moved": {"/who/kind": "/kind"}, "choices": {"/kind": {"delay": "yes"}}}
    fields = [field("who", "group", fields=[field("full_name")]), field("kind", "select_one", choices=[YES]), *NEW[1:]]
    assert parse(newer(STEP, third, fields=fields, version=3)).mapping.choice("/kind", "late", 1) == "yes"


def test_a_mapping_goes_out_to_a_workbook_and_comes_back() -> None:
    form = newer(STEP)
    found = import_form(export_form(form).data)
    assert found.definition == form
