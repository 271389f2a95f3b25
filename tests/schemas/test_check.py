"""What is seen to be wrong with a form before anybody fills it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import FormError, parse

LABEL = {"en": "x"}
CHOICES = [{"name": name, "label": LABEL} for name in ("late", "absent")]
FIELDS: list[dict[str, Any]] = [
    {"name": "kind", "type": "select_one", "label": LABEL, "choices": CHOICES},
    {"name": "kinds", "type": "select_many", "label": LABEL, "choices": CHOICES},
    {"name": "number", "type": "integer", "label": LABEL},
    {"name": "photo", "type": "photo", "label": LABEL},
    {"name": "place", "type": "geopoint", "label": LABEL},
    {"name": "yes", "type": "boolean", "label": LABEL},
    {"name": "word", "type": "text", "label": LABEL},
]


def problems(**properties: Any) -> list[tuple[str, str, str]]:
    """Code, property and name of what is wrong with a field that has these properties."""
    last = {"name": "last", "type": "text", "label": LABEL, **properties}
    definition = {"form": "f", "version": 1, "languages": ["en"], "title": LABEL, "fields": [*FIELDS, last]}
    try:
        parse(definition)
    except FormError as error:
        assert {problem.path for problem in error.problems} == {"/last"}
        return [(each.code, each.params["property"], each.params["name"]) for each in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("${kind} = 'lte'", "unknown_choice", "lte"),
        ("'gone' != ${kind}", "unknown_choice", "gone"),
        ("selected(${kinds}, 'gone')", "unknown_choice", "gone"),
        ("${photo} > 3", "wrong_type", "/photo"),
        ("${place} + 1 > 0", "wrong_type", "/place"),
        ("sum(${kinds}) > 1", "wrong_type", "/kinds"),
        ("${yes} >= 1", "wrong_type", "/yes"),
        ("selected(${number}, '1')", "wrong_type", "/number"),
        ("distance(${number}) > 1", "wrong_type", "/number"),
    ],
)
def test_what_can_never_be_meant_is_named(text: str, code: str, name: str) -> None:
    assert problems(constraint=text) == [(code, "constraint", name)]


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("${kind} = 'lte'", 11),
        ("1 = 1 and ${photo} > 3", 11),
        ("selected(${kinds},  'gone')", 21),
        ("'x' != ${kind}", 1),
        ("1 = 2", 3),
        ("false()", 1),
        ("${kind} = 'late' and ${kind} = 'absent'", 32),
        ("${number} > 3 and false()", 19),
        ("false() or (${yes} and false())", 1),
    ],
)
def test_the_word_that_is_doubted_is_named_by_its_column(text: str, column: int) -> None:
    last = {"name": "last", "type": "text", "label": LABEL, "relevant": text}
    with pytest.raises(FormError) as caught:
        parse({"form": "f", "version": 1, "languages": ["en"], "title": LABEL, "fields": [*FIELDS, last]})
    assert [problem.params["column"] for problem in caught.value.problems] == [column]


@pytest.mark.parametrize(
    "text",
    [
        "1 = 2",
        "false()",
        "'' != ''",
        "${kind} = 'late' and ${kind} = 'absent'",
        "${number} > 3 and 1 > 2",
        "(${kind} = 'late' and 'absent' = ${kind}) or false()",
    ],
)
def test_a_question_that_can_never_be_asked_is_named(text: str) -> None:
    assert problems(relevant=text) == [("never_true", "relevant", text)]


@pytest.mark.parametrize(
    "text",
    [
        "${kind} = 'late' or ${kind} = 'absent'",
        "${kind} = 'late' and selected(${kinds}, 'late')",
        "${kind} = ''",
        "${number} + 1 > 2 and ${word} > 3",
        "count(${photo}) > 0",
        "${yes} = true()",
        "today() > '2026-01-01'",
        "string-length(${word}) > 0",
        "1 = 1",
    ],
)
def test_what_can_be_meant_passes(text: str) -> None:
    assert problems(relevant=text) == []


def test_chance_belongs_into_a_default_and_entities_into_a_calculation() -> None:
    assert problems(constraint="random() > 0.5") == [("only_in_default", "constraint", "random")]
    assert problems(default={"expression": "uuid()"}) == []
    lookup = "instance('unit')/root/item[name = ${word}]/town"
    assert problems(relevant=f"{lookup} = 'x'") == [("only_in_calculate", "relevant", "unit")]
    assert problems(calculate=lookup) == []


def test_bare_names_mean_something_in_filters_alone() -> None:
    assert problems(constraint="town = 'x'") == [("unknown_field", "constraint", "town")]
    assert problems(type="select_one", choices=CHOICES, choice_filter="town = ${word}") == []
