"""The forms of the campaign: complete in three languages, and whole records pass."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.bundled import bundled
from schemas.form import Form
from tests.schemas.campaign import (
    FORMS,
    INSPECTION,
    LANGUAGES,
    SELF_CHECK,
    VISIT,
    VISIT_CALCULATED,
    WHOLE,
    judged,
    slips,
)


def test_the_forms_of_the_campaign_are_bundled() -> None:
    assert set(FORMS) == set(bundled())


def test_every_form_is_complete_in_three_languages() -> None:
    for name, definition in bundled().items():
        assert tuple(definition["languages"]) == LANGUAGES
        missing = [where for where, text in texts(definition) if set(text) != set(LANGUAGES) or not all(text.values())]
        assert missing == [], name


def texts(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of a definition, with the place at which it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"label", "hint", "message", "required_message", "title", "row_label"}:
                yield f"{where}/{key}", value
            else:
                yield from texts(value, f"{where}/{key}")
    elif isinstance(node, list):
        for value in node:
            yield from texts(value, f"{where}/{value.get('name', '?') if isinstance(value, dict) else value}")


def test_every_field_has_a_label_and_every_constraint_a_message() -> None:
    def check(fields: list[dict[str, Any]]) -> Iterator[str]:
        for field in fields:
            if "label" not in field or ("constraint" in field and "message" not in field):
                yield field["name"]
            yield from check(field.get("fields", []))

    for definition in bundled().values():
        assert list(check(definition["fields"])) == []


@pytest.mark.parametrize("name", FORMS)
def test_a_whole_record_has_no_problems(forms: dict[str, Form], name: str) -> None:
    assert slips(forms[name], WHOLE[name]) == []


@pytest.mark.parametrize("name", FORMS)
def test_an_empty_draft_has_no_problems_and_an_empty_record_has_some(forms: dict[str, Form], name: str) -> None:
    assert slips(forms[name], {}, state="draft") == []
    assert slips(forms[name], {}) != []


def test_a_visit_counts_what_was_solved(forms: dict[str, Form]) -> None:
    answers = judged(forms["enterprise-visit"], VISIT).answers
    assert {name: answers[name] for name in VISIT_CALCULATED} == VISIT_CALCULATED
    assert "none_solved_reason" not in answers


def test_an_inspection_scores_what_was_found(forms: dict[str, Form]) -> None:
    answers = judged(forms["unannounced-inspection"], INSPECTION).answers
    assert answers["attendance"]["unexcused"] == 1
    assert answers["findings"][0]["points"] == 5
    assert answers["result"]["score"] == 95


def test_a_self_check_says_how_much_was_put_right(forms: dict[str, Form]) -> None:
    answers = judged(forms["self-check"], SELF_CHECK).answers
    assert (answers["item_count"], answers["done_count"], answers["completion"]) == (2, 1, 50)
    assert "nothing_found" not in answers
