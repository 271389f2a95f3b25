"""Slips in visits, inspections and self-checks are named where they are."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import Form
from tests.schemas.campaign import (
    INSPECTION,
    NOTHING_FOUND,
    ROWS,
    SELF_CHECK,
    VISIT,
    but,
    judged,
    slips,
)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("enterprise", None, ("/enterprise", "required")),
        ("visited_on", "2026-11-24", ("/visited_on", "constraint")),
        ("people_met", [], ("/people_met", "min_rows")),
        ("people_met/0/person_phone", "call me", (f"/people_met/{ROWS[0]}/person_phone", "constraint")),
        ("publicity/attendance", None, ("/publicity/attendance", "required")),
        ("publicity/topics", None, ("/publicity/topics", "required")),
        ("survey/findings", "都还好", ("/survey/findings", "constraint")),
        ("opinions/0/opinion_unit", None, (f"/opinions/{ROWS[1]}/opinion_unit", "required")),
        ("planning/plan_advice", None, ("/planning/plan_advice", "required")),
        ("problems/0/solution", None, (f"/problems/{ROWS[2]}/solution", "required")),
        ("problems/1/kind_other", None, (f"/problems/{ROWS[3]}/kind_other", "required")),
        ("problems/1/unit", None, (f"/problems/{ROWS[3]}/unit", "required")),
        ("problems/1/due", "2026-11-19", (f"/problems/{ROWS[3]}/due", "constraint")),
        ("closing/satisfaction", "dissatisfied", ("/closing/dissatisfaction", "required")),
        ("closing/signature", None, ("/closing/signature", "required")),
    ],
)
def test_a_slip_in_a_visit_is_named(forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]) -> None:
    assert slips(forms["enterprise-visit"], but(VISIT, path, value)) == [expected]


def test_a_visit_that_solved_nothing_says_why(forms: dict[str, Form]) -> None:
    form = forms["enterprise-visit"]
    nothing_solved = but(VISIT, "problems/0")
    assert slips(form, nothing_solved) == [("/none_solved_reason", "required")]
    assert slips(form, nothing_solved | {"none_solved_reason": "须由上级部门审批。"}) == []


def test_a_visit_without_opinions_says_that_it_asked(forms: dict[str, Form]) -> None:
    form = forms["enterprise-visit"]
    silent = but(VISIT, "opinions")
    assert slips(form, silent) == [("/no_opinions", "required")]
    assert slips(form, silent | {"no_opinions": False}) == [("/no_opinions", "constraint")]
    assert slips(form, silent | {"no_opinions": True}) == []


def test_a_visit_without_publicity_or_help_says_why(forms: dict[str, Form]) -> None:
    bare = VISIT | {"publicity": {"sessions": 0, "guides": 0}, "planning": {"helped": False}}
    assert slips(forms["enterprise-visit"], bare) == [
        ("/planning/no_plan_reason", "required"),
        ("/publicity/no_publicity_reason", "required"),
    ]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("manner", None, ("/manner", "required")),
        ("office", None, ("/office", "required")),
        ("left_at", "08:00", ("/left_at", "constraint")),
        ("attendance/present", 7, ("/attendance/present", "constraint")),
        ("attendance/excused", 3, ("/attendance/excused", "constraint")),
        ("findings/0/evidence", None, (f"/findings/{ROWS[0]}/evidence", "required")),
        ("findings/0/evidence_photo", None, (f"/findings/{ROWS[0]}/evidence_photo", "required")),
        ("findings/0/category", "other", (f"/findings/{ROWS[0]}/category_other", "required")),
        ("findings/0/persons/0/person", None, (f"/findings/{ROWS[0]}/persons/{ROWS[1]}/person", "required")),
        ("result/conduct", "poor", ("/result/comment", "required")),
        ("feedback/signature", None, ("/feedback/signature", "required")),
        ("feedback/refused_to_sign", True, ("/feedback/refusal_reason", "required")),
    ],
)
def test_a_slip_in_an_inspection_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["unannounced-inspection"], but(INSPECTION, path, value)) == [expected]


def test_conduct_is_not_good_with_a_grave_finding(forms: dict[str, Form]) -> None:
    grave = but(but(INSPECTION, "findings/0/category", "charging"), "result/conduct", "good")
    assert slips(forms["unannounced-inspection"], grave) == [("/result/conduct", "constraint")]


def test_a_covert_inspection_asks_how_and_tells_nobody(forms: dict[str, Form]) -> None:
    form = forms["unannounced-inspection"]
    covert = but(but(INSPECTION, "manner", "covert"), "attendance")
    assert slips(form, covert) == [("/means", "required")]
    whole = judged(form, covert | {"means": ["observer"]})
    assert whole.problems == ()
    assert "feedback" not in whole.answers


def test_an_inspection_that_found_nothing_says_so(forms: dict[str, Form]) -> None:
    form = forms["unannounced-inspection"]
    clean = but(INSPECTION, "findings")
    assert slips(form, clean) == [("/nothing_found", "required")]
    answers = judged(form, clean | {"nothing_found": True}).answers
    assert answers["result"]["score"] == 100


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("unit", None, ("/unit", "required")),
        ("period_end", "2026-09-30", ("/period_end", "constraint")),
        ("reported_on", "2026-11-11", ("/late_reason", "required")),
        ("items/0/area", "charging", (f"/items/{ROWS[0]}/area", "constraint")),
        ("items/0/cause", None, (f"/items/{ROWS[0]}/cause", "required")),
        ("items/0/measure", None, (f"/items/{ROWS[0]}/measure", "required")),
        ("items/0/result", None, (f"/items/{ROWS[0]}/result", "required")),
        ("items/0/completed_on", "2026-11-24", (f"/items/{ROWS[0]}/completed_on", "constraint")),
        ("items/1/due", None, (f"/items/{ROWS[1]}/due", "required")),
    ],
)
def test_a_slip_in_a_self_check_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["self-check"], but(SELF_CHECK, path, value)) == [expected]


def test_a_unit_that_found_nothing_signs_for_it(forms: dict[str, Form]) -> None:
    form = forms["self-check"]
    assert slips(form, NOTHING_FOUND) == []
    assert slips(form, but(NOTHING_FOUND, "nothing_found")) == [
        ("/nothing_found/declared", "required"),
        ("/nothing_found/signature", "required"),
    ]
    assert slips(form, but(NOTHING_FOUND, "nothing_found/declared", False)) == [
        ("/nothing_found/declared", "constraint")
    ]
