"""Definitions that are no forms are refused, everything wrong with them named where it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from schemas.form import FormError, compile_form, parse

Definition = dict[str, Any]
LABEL = {"en": "Label"}


def field(name: str, kind: str = "text", **more: Any) -> Definition:
    return {"name": name, "type": kind, "label": LABEL, **more}


def definition(*fields: Any, **more: Any) -> Definition:
    base: Definition = {"form": "visit", "version": 1, "languages": ["en"], "title": LABEL}
    return {**base, "fields": list(fields) or [field("a")], **more}


def problems(source: Any) -> list[tuple[str, str]]:
    """Path and code of everything that is wrong."""
    with pytest.raises(FormError) as caught:
        parse(source)
    assert all(str(problem) for problem in caught.value.problems)
    return [(problem.path, problem.code) for problem in caught.value.problems]


def properties(source: Any) -> list[tuple[str, str, Any]]:
    with pytest.raises(FormError) as caught:
        parse(source)
    return [(problem.path, problem.code, problem.params.get("property")) for problem in caught.value.problems]


@pytest.mark.parametrize("source", [None, [], "form", 3])
def test_what_is_no_object(source: Any) -> None:
    assert problems(source) == [("", "not_an_object")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("form", "Visit"),
        ("form", 3),
        ("form", ""),
        ("version", 0),
        ("version", "1"),
        ("version", True),
        ("languages", []),
        ("languages", "en"),
        ("title", "Visit"),
        ("timezone", "Mars/Olympus"),
        ("timezone", 8),
        ("lists", []),
    ],
)
def test_a_bad_head(name: str, value: Any) -> None:
    assert ("", "bad_property", name) in properties(definition(**{name: value}))


@pytest.mark.parametrize("fields", [None, [], {}, "a"])
def test_no_fields(fields: Any) -> None:
    assert ("", "no_fields") in problems({**definition(), "fields": fields})


def test_an_unknown_property_of_the_form() -> None:
    assert properties(definition(titel=LABEL)) == [("", "unknown_property", "titel")]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("a", ("/0", "not_an_object", None)),
        (field("a", "number"), ("/a", "bad_property", "type")),
        (field("A"), ("/A", "bad_property", "name")),
        (field("_a"), ("/_a", "bad_property", "name")),
        (field("a", merge="newest"), ("/a", "bad_property", "merge")),
        (field("a", required="${"), ("/a", "syntax", "required")),
        (field("a", required=1), ("/a", "bad_property", "required")),
        (field("a", colour="red"), ("/a", "unknown_property", "colour")),
        (field("a", places=2), ("/a", "unknown_property", "places")),
        (field("a", "integer", min="x"), ("/a", "bad_property", "min")),
        (field("a", "integer", max="１０"), ("/a", "bad_property", "max")),
        (field("a", max_length=-1), ("/a", "bad_property", "max_length")),
        (field("a", label="A"), ("/a", "bad_property", "label")),
        (field("a", label={"de": "A"}), ("/a", "missing_translation", "label")),
        (field("a", hint={"en": ""}), ("/a", "missing_translation", "hint")),
        ({"name": "a", "type": "text"}, ("/a", "missing_property", "label")),
        (field("a", "select_one"), ("/a", "missing_property", "choices")),
        (field("a", "select_one", choices=[]), ("/a", "bad_property", "choices")),
        (field("a", "select_one", choices={"list": "none"}), ("/a", "unknown_list", None)),
        (field("a", "select_one", choices=[{"name": "x y", "label": LABEL}]), ("/a", "bad_choice", "choices")),
        (field("a", "select_one", choices=[{"name": "x", "label": LABEL}] * 2), ("/a", "bad_choice", "choices")),
        (field("a", "entity"), ("/a", "missing_property", "entity")),
        (field("a", "calculate", value="text"), ("/a", "missing_property", "calculate")),
        (field("a", "group", fields=[]), ("/a", "bad_property", "fields")),
        (field("a", "group", fields=[field("b", "strange")]), ("/a/b", "bad_property", "type")),
    ],
)
def test_a_bad_field_is_named_with_its_path(entry: Any, found: tuple[str, str, Any]) -> None:
    assert found in properties(definition(entry))


def test_a_name_twice_even_in_different_groups() -> None:
    assert problems(definition(field("a"), field("g", "group", fields=[field("a")]))) == [("/g/a", "duplicate_name")]


def test_groups_nested_too_deep() -> None:
    entry = field("z")
    for number in range(12):
        entry = field(f"g{number}", "group", fields=[entry])
    assert "too_deep" in {code for _, code in problems(definition(entry))}


@pytest.mark.parametrize("name", ["identity", "summary"])
def test_a_path_that_the_form_has_not(name: str) -> None:
    assert properties(definition(**{name: ["/b"]})) == [("", "unknown_path", name)]


def test_everything_wrong_is_told_at_once() -> None:
    found = problems(
        definition(field("a", relevant="${b} = 1"), field("c", constraint="frob(.)"), field("d", calculate="1 +"))
    )
    assert found == [("/a", "unknown_field"), ("/c", "unknown_function"), ("/d", "syntax")]


def test_a_problem_of_an_expression_says_what_and_where() -> None:
    with pytest.raises(FormError) as caught:
        parse(definition(field("g", "group", fields=[field("a", relevant="1 = ${missing}")])))
    [problem] = caught.value.problems
    assert problem.path == "/g/a"
    assert problem.params == {"property": "relevant", "column": 5, "name": "missing"}
    assert "missing" in str(problem)


@pytest.mark.parametrize(
    "fields",
    [
        [field("a", relevant="${a} = 1")],
        [field("a", relevant="${b} = 1"), field("b", relevant="${a} = 1")],
        [field("a", calculate="${b} + 1"), field("b", calculate="${c}"), field("c", relevant="${a} > 1")],
        [field("g", "group", relevant="${b} = 1", fields=[field("b")])],
    ],
)
def test_a_cycle_is_named(fields: list[Definition]) -> None:
    [(path, code)] = problems(definition(*fields))
    assert code == "cycle"
    assert path in {"/a", "/b", "/c", "/g", "/g/b"}


def test_a_constraint_may_read_its_own_field_and_others_in_a_ring() -> None:
    assert parse(definition(field("a", constraint="${b} != ."), field("b", constraint="${a} != .")))


def test_publishing_leaves_what_was_written_alone() -> None:
    source = definition(field("a"), field("b", relevant="${a} = 'x'", required=True), **{"$schema": "form.schema.json"})
    before = copy.deepcopy(source)
    published = compile_form(source)
    assert source == before
    assert "$schema" not in published
    assert published["fields"][1]["relevant"]["text"] == "${a} = 'x'"
    assert compile_form(published) == published


def test_paths_of_a_form_and_of_a_record() -> None:
    found = parse(definition(field("rows", "repeat", fields=[field("item")])))
    assert [each.path for each in found.walk()] == ["/rows", "/rows/item"]
    row = "/rows/01JDA000000000000000000001"
    assert found.field(f"{row}/item") is found.by_path["/rows/item"]
    assert found.field(row) is found.by_path["/rows"]
    assert found.field("/rows/1/item") is None
