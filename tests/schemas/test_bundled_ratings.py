"""Slips in appraisals, tests and follow-ups are named where they are."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import Form
from tests.schemas.campaign import (
    APPRAISAL,
    FOLLOW_UP,
    QUIZ,
    ROWS,
    UNFINISHED,
    but,
    judged,
    slips,
)


def test_an_appraisal_is_averaged_by_unit_and_over_the_sheet(forms: dict[str, Form]) -> None:
    answers = judged(forms["appraisal"], APPRAISAL).answers
    assert [(row.get("average"), row.get("verdict")) for row in answers["ratings"]] == [
        ("84", "satisfied"),
        ("48", "dissatisfied"),
        (None, None),
    ]
    assert (answers["weight"], answers["rated_count"]) == (30, 2)
    assert (answers["sheet_average"], answers["satisfied_share"]) == ("66", 50)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("year", 1999, ("/year", "too_small")),
        ("period", None, ("/period", "required")),
        ("group", "friends", ("/group", "not_a_choice")),
        ("sheet", "第十八号", ("/sheet", "constraint")),
        ("rated_on", "2026-11-24", ("/rated_on", "constraint")),
        ("ratings", [], ("/ratings", "min_rows")),
        ("ratings/0/marks/speed", None, (f"/ratings/{ROWS[0]}/marks/speed", "required")),
        ("ratings/1/station", None, (f"/ratings/{ROWS[1]}/station", "required")),
        ("ratings/1/reason", None, (f"/ratings/{ROWS[1]}/reason", "required")),
        ("ratings/0/marks/integrity", "bad", (f"/ratings/{ROWS[0]}/reason", "required")),
        ("ratings/2/known", None, (f"/ratings/{ROWS[2]}/known", "required")),
    ],
)
def test_a_slip_in_an_appraisal_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["appraisal"], but(APPRAISAL, path, value)) == [expected]


def test_a_rater_who_knows_none_of_them_says_so(forms: dict[str, Form]) -> None:
    stranger = APPRAISAL | {"ratings": [APPRAISAL["ratings"][2]]}
    assert slips(forms["appraisal"], stranger) == [("/none_known_reason", "required")]
    assert "sheet_average" not in judged(forms["appraisal"], stranger).answers


def test_a_test_is_marked_question_by_question(forms: dict[str, Form]) -> None:
    result = judged(forms["knowledge-quiz"], QUIZ).answers["result"]
    assert (result["single_points"], result["multiple_points"]) == (60, 15)
    assert (result["score"], result["outcome"]) == (75, "passed")


def test_all_the_right_answers_make_a_hundred(forms: dict[str, Form]) -> None:
    right = {"q9": ["law", "regulation", "approval"], "q10": ["badge", "grounds", "record"]}
    best = but(QUIZ, "single/q6", "d20") | {"multiple": QUIZ["multiple"] | right}
    result = judged(forms["knowledge-quiz"], best).answers["result"]
    assert (result["score"], result["outcome"]) == (100, "excellent")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("participant", None, ("/participant", "required")),
        ("held_on", "2026-11-24", ("/held_on", "constraint")),
        ("invigilator", "陈洁", ("/invigilator", "constraint")),
        ("single/q4", "prison", ("/single/q4", "not_a_choice")),
        ("multiple/q8", None, ("/multiple/q8", "required")),
        ("handed_in", None, ("/handed_in", "required")),
        ("handed_in", False, ("/handed_in", "constraint")),
        ("result/signature", None, ("/result/signature", "required")),
    ],
)
def test_a_slip_in_a_test_is_named(forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]) -> None:
    assert slips(forms["knowledge-quiz"], but(QUIZ, path, value)) == [expected]


def test_whoever_fails_the_test_takes_it_again(forms: dict[str, Form]) -> None:
    form = forms["knowledge-quiz"]
    failed = QUIZ | {
        "single": dict.fromkeys(("q1", "q2", "q5", "q6"), "d3") | {"q3": "one", "q4": "half", "q7": "hotline"}
    }
    assert slips(form, failed) == [("/result/again_on", "required")]
    assert slips(form, but(failed, "result/again_on", "2026-11-20")) == [("/result/again_on", "constraint")]


def test_a_test_shows_no_score_before_it_is_handed_in(forms: dict[str, Form]) -> None:
    answers = judged(forms["knowledge-quiz"], but(QUIZ, "handed_in"), state="draft").answers
    assert "result" not in answers


def test_a_follow_up_counts_the_days_and_scores_them(forms: dict[str, Form]) -> None:
    form = forms["rectification"]
    outcome = judged(form, FOLLOW_UP).answers["outcome"]
    assert (outcome["days_late"], outcome["score"]) == (2, 80)
    in_time = judged(form, but(FOLLOW_UP, "outcome/done_on", "2026-11-10")).answers["outcome"]
    assert (in_time["days_late"], in_time["score"]) == (0, 100)
    unfinished = judged(form, UNFINISHED)
    assert unfinished.problems == ()
    assert (unfinished.answers["outcome"]["days_late"], unfinished.answers["outcome"]["score"]) == (9, 40)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("follows", "15 号", ("/follows", "constraint")),
        ("unit", None, ("/unit", "required")),
        ("visited_on", "2026-11-24", ("/visited_on", "constraint")),
        ("measures", ["none", "rules"], ("/measures", "constraint")),
        ("measures", ["none"], ("/result", "constraint")),
        ("measures", ["refund", "rules"], ("/refund", "required")),
        ("measure_note", None, ("/measure_note", "required")),
        ("result", None, ("/result", "required")),
        ("outcome/done_on", "2026-11-20", ("/outcome/done_on", "constraint")),
        ("outcome/evidence", None, ("/outcome/evidence", "required")),
        ("concerned/satisfaction", None, ("/concerned/satisfaction", "required")),
        ("closing/next_step", "talk", ("/closing/next_step", "not_a_choice")),
        ("closing/refused_to_sign", True, ("/closing/refusal_reason", "required")),
        ("closing/signature", None, ("/closing/signature", "required")),
    ],
)
def test_a_slip_in_a_follow_up_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["rectification"], but(FOLLOW_UP, path, value)) == [expected]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("outcome/progress", 100, ("/outcome/progress", "too_large")),
        ("outcome/obstacles", None, ("/outcome/obstacles", "required")),
        ("outcome/obstacles", ["dispute"], ("/outcome/obstacle_note", "required")),
        ("closing/next_step", "close", ("/closing/next_step", "not_a_choice")),
        ("closing/new_due", None, ("/closing/new_due", "required")),
        ("closing/new_due", "2026-11-19", ("/closing/new_due", "constraint")),
        ("closing/responsible", None, ("/closing/responsible", "required")),
    ],
)
def test_a_slip_in_an_unfinished_follow_up_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["rectification"], but(UNFINISHED, path, value)) == [expected]


def test_nothing_is_closed_while_those_concerned_are_dissatisfied(forms: dict[str, Form]) -> None:
    unhappy = but(FOLLOW_UP, "concerned/satisfaction", "dissatisfied")
    assert slips(forms["rectification"], unhappy) == [
        ("/closing/next_step", "constraint"),
        ("/concerned/satisfaction_note", "required"),
    ]
