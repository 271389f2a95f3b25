"""`form.schema.json` describes the definitions that the office takes: for editors, and no other ones."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.bundled import bundled
from schemas.definition import FORM_PROPERTIES, POLICIES, PROPERTIES, TYPES, check_definition
from schemas.form import compile_form

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/form.schema.json").read_text("utf-8"))
FORM = Draft202012Validator(SCHEMA)
FIELD = FORM.evolve(schema={"$ref": "#/$defs/field", "$defs": SCHEMA["$defs"]})
SHAPE = {"unknown_property", "bad_property", "missing_property", "not_an_object", "no_fields"}
LABEL = {"en": "A"}
CHOICES = [{"name": "x", "label": LABEL}]
GOOD: dict[str, Any] = {
    "name": "a",
    "type": "text",
    "label": LABEL,
    "hint": LABEL,
    "media": {"image": {"en": "map.png"}},
    "message": LABEL,
    "required_message": LABEL,
    "required": True,
    "readonly": "1 = 1",
    "relevant": "1 = 1",
    "constraint": "1 = 1",
    "calculate": "1",
    "trigger": ["/b"],
    "default": {"expression": "today()"},
    "choices": CHOICES,
    "choice_filter": "name = 'x'",
    "other": True,
    "unique": True,
    "entity": "unit",
    "merge": "latest",
    "appearance": "multiline",
    "max_length": 5,
    "min": "0.5",
    "max": 7,
    "places": 2,
    "max_files": 0,
    "min_rows": 1,
    "max_rows": 3,
    "row_count": "2",
    "row_label": LABEL,
    "value": "date",
    "fields": [{"name": "b", "type": "text", "label": LABEL}],
}
VALUES: list[Any] = [
    {"entity": "unit"},
    {"entity": "Unit"},
    {"entity": 7},
    {"entity": "unit", "list": "l"},
    None,
    True,
    0,
    -1,
    7,
    1.5,
    "",
    "a",
    "0.5",
    "-3",
    "1e3",
    "A-b",
    "constructor",
    [],
    [1],
    ["a"],
    CHOICES,
    [{"name": "x"}],
    [{"name": "x", "label": {}}],
    [{"name": 1, "label": LABEL}],
    [*CHOICES, "y"],
    {},
    LABEL,
    {"en": 1},
    {"list": "l"},
    {"label": LABEL},
    {"label": LABEL, "specify": LABEL},
    {"label": "A"},
    {"list": "l", "more": 1},
    {"list": 3},
    {"text": "1", "tree": {"lit": 1}},
    {"text": 1},
    {"expression": "1"},
    {"expression": 5},
    {"expression": {"text": "1"}},
    {"image": {"en": "a/b.png"}},
    {"image": {"en": ".png"}},
    {"image": {}},
    {"big-image": {"en": "a.png"}},
    {"image": {"en": "a.png"}, "big-image": {"en": "b.png"}, "audio": {"zh-Hans": "声音 1.mp3"}},
]


def whole(kind: str) -> dict[str, Any]:
    """The least field of a type that is complete."""
    entry = {"name": "a", "type": kind, "label": LABEL}
    if kind in ("group", "repeat"):
        entry["fields"] = GOOD["fields"]
    if kind in ("select_one", "select_many", "rank"):
        entry["choices"] = CHOICES
    if kind == "entity":
        entry["entity"] = "unit"
    if kind in ("calculate", "score"):
        entry |= {"calculate": "1", "value": "integer"}
    return entry


def form(*fields: Any, **head: Any) -> dict[str, Any]:
    return {"form": "f", "version": 1, "languages": ["en"], "title": LABEL, "fields": list(fields), **head}


def misshapen(definition: Any) -> bool:
    return any(problem.code in SHAPE for problem in check_definition(definition))


def defined(node: Any = SCHEMA["$defs"]["field"]) -> Iterator[tuple[str, frozenset[str], dict[str, Any]]]:
    """Every property of a field that the schema knows, and the types that may have it."""
    for name, schema in node["properties"].items():
        yield name, frozenset(TYPES), schema
    for rule in node["allOf"]:
        condition = rule["if"]["properties"]["type"]
        types = condition["enum"] if "enum" in condition else [condition["const"]]
        for name, schema in rule["then"]["properties"].items():
            yield name, frozenset(types), schema


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", bundled())
def test_bundled_forms_are_valid_written_and_published(name: str) -> None:
    definition = bundled()[name]
    assert definition["$schema"] == "../form.schema.json"
    assert list(FORM.iter_errors(definition)) == []
    assert list(FORM.iter_errors(compile_form(definition))) == []


def test_properties_and_types_are_those_of_the_office() -> None:
    assert set(SCHEMA["properties"]) == set(FORM_PROPERTIES)
    assert {name: types for name, types, _ in defined()} == {name: each.types for name, each in PROPERTIES.items()}
    assert len(list(defined())) == len(PROPERTIES)
    schemas = {name: schema for name, _, schema in defined()}
    assert set(schemas["type"]["enum"]) == TYPES
    assert tuple(schemas["merge"]["enum"]) == POLICIES


def test_every_property_and_every_choice_is_explained() -> None:
    schemas = {**SCHEMA["properties"], **{name: schema for name, _, schema in defined()}}
    assert [name for name, schema in schemas.items() if not schema.get("description")] == []
    for schema in schemas.values():
        if "enum" in schema:
            assert len(schema["enumDescriptions"]) == len(schema["enum"])
            assert all(schema["enumDescriptions"])


@pytest.mark.parametrize("kind", sorted(TYPES))
def test_a_type_takes_the_same_properties_in_both(kind: str) -> None:
    assert FIELD.is_valid(whole(kind))
    assert not misshapen(form(whole(kind)))
    for name in PROPERTIES:
        without = {key: value for key, value in whole(kind).items() if key != name}
        assert FIELD.is_valid(without) is not misshapen(form(without)), name
        if name != "type":
            entry = whole(kind) | {name: GOOD[name]}
            assert FIELD.is_valid(entry) is not misshapen(form(entry)), name


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_property_takes_the_same_values_in_both(name: str) -> None:
    for kind in sorted(PROPERTIES[name].types)[:2]:
        for value in VALUES:
            entry = whole(kind) | {name: value}
            if name == "fields":
                assert misshapen(form(entry)) <= (not FIELD.is_valid(entry)), value
            else:
                assert FIELD.is_valid(entry) is not misshapen(form(entry)), (kind, value)


@pytest.mark.parametrize("name", sorted(set(FORM_PROPERTIES) - {"$schema", "identity", "summary", "lists", "timezone"}))
def test_the_head_takes_the_same_values_in_both(name: str) -> None:
    for value in [*VALUES, "f", ["en"], 1]:
        if (name, value) == ("languages", ["a"]):
            continue  # The title is not written in it; that is a translation, not a shape.
        definition = form(whole("text")) | {name: value}
        assert FORM.is_valid(definition) is not misshapen(definition), value


def test_lists_paths_and_unknown_properties_are_refused_in_both() -> None:
    text = whole("text")
    for head in (
        {"lists": []},
        {"lists": {"l": []}},
        {"lists": {"l": {"list": "m"}}},
        {"lists": {"l": [{"name": "x"}]}},
        {"identity": "/a"},
        {"summary": {}},
        {"timezone": 8},
        {"colour": "red"},
    ):
        assert misshapen(form(text, **head)), head
        assert not FORM.is_valid(form(text, **head)), head
    assert not FORM.is_valid(form(text | {"colour": "red"}))
    assert not FORM.is_valid(form(3))
    assert not FORM.is_valid([])


def entries(definition: Any) -> Iterator[dict[str, Any]]:
    for entry in definition["fields"]:
        yield entry
        if "fields" in entry:
            yield from entries(entry)


@pytest.mark.parametrize("name", bundled())
def test_what_is_taken_out_of_a_bundled_form_or_misspelt_is_noticed_alike(name: str) -> None:
    count = sum(1 for _ in entries(bundled()[name]))
    for index in range(count):
        for at in list(list(entries(bundled()[name]))[index]):
            for change in ("remove", "misspell", "null"):
                definition = copy.deepcopy(bundled()[name])
                entry = list(entries(definition))[index]
                value = entry.pop(at)
                if change != "remove":
                    entry[at if change == "null" else f"{at}s"] = None if change == "null" else value
                own = {key: each for key, each in entry.items() if key != "fields"}
                fields = entry.get("fields")
                own |= {"fields": GOOD["fields"]} if isinstance(fields, list) else {"fields": fields} if fields else {}
                if "fields" in entry and fields is None:
                    own["fields"] = None
                small = form(own, lists=definition.get("lists", {"l": CHOICES}))
                assert FIELD.is_valid(own) is not misshapen(small), (index, at, change)
