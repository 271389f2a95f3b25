"""Slips in reports of monitoring points, complaints and stage checks are named where they are."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import Form
from tests.schemas.campaign import (
    COMPLAINT,
    ENTERPRISE,
    PHOTO,
    REPORT,
    ROWS,
    STAGE_CHECK,
    UNIT,
    but,
    judged,
    slips,
)


def test_a_report_says_how_satisfied_a_monitoring_point_is(forms: dict[str, Form]) -> None:
    answers = judged(forms["monitoring-report"], REPORT).answers
    assert [row["rating_points"] for row in answers["ratings"]] == [100, 30]
    assert (answers["satisfaction_score"], answers["problem_count"]) == ("65", 1)
    assert "nothing_to_report" not in answers


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("enterprise", None, ("/enterprise", "required")),
        ("month", "2026-12-01", ("/month", "constraint")),
        ("month", "2026-11-02", ("/month", "not_month")),
        ("month", "11月", ("/month", "not_date")),
        ("monitor/monitor_name", None, ("/monitor/monitor_name", "required")),
        ("monitor/monitor_phone", "call me", ("/monitor/monitor_phone", "constraint")),
        ("ratings", [], ("/ratings", "min_rows")),
        ("ratings/0/rated_unit", None, (f"/ratings/{ROWS[0]}/rated_unit", "required")),
        ("ratings/0/satisfaction", "delighted", (f"/ratings/{ROWS[0]}/satisfaction", "not_a_choice")),
        ("ratings/1/dissatisfaction", None, (f"/ratings/{ROWS[1]}/dissatisfaction", "required")),
        ("items/0/item", "很好", (f"/items/{ROWS[2]}/item", "constraint")),
        ("items/0/item_kind", "other", (f"/items/{ROWS[2]}/item_kind_other", "required")),
        ("problems/0/problem_unit", None, (f"/problems/{ROWS[3]}/problem_unit", "required")),
        ("problems/0/happened_on", "2026-11-24", (f"/problems/{ROWS[3]}/happened_on", "constraint")),
        ("problems/0/amount", "1.005", (f"/problems/{ROWS[3]}/amount", "too_many_places")),
        ("problems/0/confidential", None, (f"/problems/{ROWS[3]}/confidential", "required")),
        ("closing/change", "worse", ("/closing/change_reason", "required")),
        ("closing/signature", None, ("/closing/signature", "required")),
    ],
)
def test_a_slip_in_a_report_is_named(forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]) -> None:
    assert slips(forms["monitoring-report"], but(REPORT, path, value)) == [expected]


def test_a_report_by_somebody_else_says_who_and_why(forms: dict[str, Form]) -> None:
    assert slips(forms["monitoring-report"], but(REPORT, "monitor/in_person", False)) == [
        ("/monitor/substitute", "required"),
        ("/monitor/substitute_reason", "required"),
    ]


def test_a_month_without_news_is_said_to_be_one(forms: dict[str, Form]) -> None:
    form = forms["monitoring-report"]
    quiet = but(but(REPORT, "items"), "problems")
    assert slips(form, quiet) == [("/nothing_to_report", "required")]
    assert slips(form, quiet | {"nothing_to_report": False}) == [("/nothing_to_report", "constraint")]
    assert slips(form, quiet | {"nothing_to_report": True}) == []


def test_a_complaint_has_its_deadlines_worked_out(forms: dict[str, Form]) -> None:
    answers = judged(forms["complaint"], COMPLAINT).answers
    assert answers["acceptance"]["decide_by"] == "2026-10-17"
    assert answers["handling"]["due"] == "2026-10-29"
    assert (answers["result"]["days_taken"], answers["result"]["days_late"]) == (14, 0)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("number", "32", ("/number", "constraint")),
        ("channel", None, ("/channel", "required")),
        ("channel", "media", ("/source", "required")),
        ("complainant/anonymous", None, ("/complainant/anonymous", "required")),
        ("complainant/complainant_kind", "group", ("/complainant/complainant_count", "required")),
        ("complainant/complainant_phone", None, ("/complainant/complainant_phone", "required")),
        ("unit", ENTERPRISE, ("/unit", "not_entity")),
        ("matter", "other", ("/matter_other", "required")),
        ("happened_on", "2026-10-13", ("/happened_on", "constraint")),
        ("description", "乱收费", ("/description", "constraint")),
        ("evidence_photo", None, ("/evidence_photo", "required")),
        ("repeated", True, ("/earlier_number", "required")),
        ("acceptance/decision", None, ("/acceptance/decision", "required")),
        ("acceptance/decided_on", "2026-10-11", ("/acceptance/decided_on", "constraint")),
        ("acceptance/decided_on", "2026-10-20", ("/acceptance/late_decision_reason", "required")),
        ("acceptance/decision", "refused", ("/acceptance/refusal_ground", "required")),
        ("acceptance/decision", "passed_on", ("/acceptance/passed_on_to", "required")),
        ("handling/procedure", "assigned", ("/handling/handling_unit", "required")),
        ("handling/complexity", "simple", ("/result/late_reason", "required")),
        ("handling/steps", None, ("/handling/steps", "required")),
        ("result/concluded_on", "2026-10-13", ("/result/concluded_on", "constraint")),
        ("result/measures", ["explanation"], ("/result/measures", "constraint")),
        ("result/refund", "0", ("/result/refund", "too_small")),
        ("feedback/satisfaction", "very_dissatisfied", ("/feedback/dissatisfaction", "required")),
        ("feedback/reached", False, ("/feedback/not_reached_reason", "required")),
    ],
)
def test_a_slip_in_a_complaint_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["complaint"], but(COMPLAINT, path, value)) == [expected]


def test_an_anonymous_complaint_has_no_name_and_nobody_to_ask(forms: dict[str, Form]) -> None:
    judgement = judged(forms["complaint"], but(COMPLAINT, "complainant/anonymous", True))
    assert judgement.problems == ()
    assert judgement.answers["complainant"] == {"anonymous": True, "complainant_kind": "enterprise"}
    assert "feedback" not in judgement.answers


def test_a_complaint_under_way_is_complete_without_a_result(forms: dict[str, Form]) -> None:
    judgement = judged(forms["complaint"], but(but(COMPLAINT, "handling/steps"), "result/concluded", False))
    assert judgement.problems == ()
    assert judgement.answers["result"] == {"concluded": False}


def test_more_time_for_a_complaint_moves_its_deadline(forms: dict[str, Form]) -> None:
    extended = but(COMPLAINT, "handling/extended", True)
    assert slips(forms["complaint"], extended) == [
        ("/handling/extension_days", "required"),
        ("/handling/extension_reason", "required"),
    ]
    extended["handling"] |= {"extension_days": 10, "extension_reason": "须外地协查，经主任批准。"}
    assert judged(forms["complaint"], extended).answers["handling"]["due"] == "2026-11-08"


def test_a_stage_check_adds_up(forms: dict[str, Form]) -> None:
    result = judged(forms["stage-check"], STAGE_CHECK).answers["result"]
    parts = ("meeting_points", "plan_points", "organisation_points", "pledge_points", "task_points", "total_off")
    assert [result[part] for part in parts] == [15, 13, 20, 10, 30, 2]
    assert (result["score"], result["grade"]) == (86, "fair")


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("unit", None, ("/unit", "required")),
        ("checked_on", "2026-11-24", ("/checked_on", "constraint")),
        ("meeting/meeting_on", "2026-11-19", ("/meeting/meeting_on", "constraint")),
        ("meeting/minutes", None, ("/meeting/minutes", "required")),
        ("meeting/meeting_held", False, ("/meeting/no_meeting_reason", "required")),
        ("planning/plan_parts", None, ("/planning/plan_parts", "required")),
        ("planning/plan_on", "2026-11-19", ("/planning/plan_on", "constraint")),
        ("organisation/leader", None, ("/organisation/leader", "required")),
        ("organisation/liaison_phone", "none", ("/organisation/liaison_phone", "constraint")),
        ("pledging/pledge_photos", None, ("/pledging/pledge_photos", "required")),
        ("pledging/pledge_count", 0, ("/pledging/pledge_count", "too_small")),
        ("tasks_done", ["documents", "causes"], ("/tasks_done", "not_a_choice")),
        ("findings/0/finding_kind", "false", (f"/findings/{ROWS[0]}/gravity", "constraint")),
        ("findings/0/finding_due", "2026-11-17", (f"/findings/{ROWS[0]}/finding_due", "constraint")),
        ("result/signature", None, ("/result/signature", "required")),
    ],
)
def test_a_slip_in_a_stage_check_is_named(
    forms: dict[str, Form], path: str, value: Any, expected: tuple[str, str]
) -> None:
    assert slips(forms["stage-check"], but(STAGE_CHECK, path, value)) == [expected]


def test_a_unit_that_has_done_nothing_is_checked_again(forms: dict[str, Form]) -> None:
    idle = STAGE_CHECK | {
        "meeting": {"meeting_held": False, "no_meeting_reason": "没有安排。"},
        "planning": {"plan_made": False, "plan_due": "2026-11-30"},
        "organisation": {"leader_named": False, "office_named": False},
        "pledging": {"pledges_published": False, "no_pledge_reason": "正在起草。"},
        "tasks_done": [],
        "result": {"signature": PHOTO},
    }
    judgement = judged(forms["stage-check"], idle)
    assert [(problem.path, problem.code) for problem in judgement.problems] == [
        ("/result/comment", "required"),
        ("/result/recheck_on", "required"),
    ]
    assert (judgement.answers["result"]["score"], judgement.answers["result"]["grade"]) == (0, "poor")


def test_a_stage_check_has_no_grade_before_it_is_made(forms: dict[str, Form]) -> None:
    assert "grade" not in judged(forms["stage-check"], {"unit": UNIT}, state="draft").answers["result"]
