"""The campaign's forms as people fill them: whole records pass, and typical slips are named where they are."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.answers import Judgement, judge
from schemas.bundled import bundled
from schemas.form import Form, compile_form, parse

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
LANGUAGES = ("zh-Hans", "zh-Hant", "en")
FORMS = (
    "appraisal",
    "complaint",
    "enterprise-visit",
    "knowledge-quiz",
    "monitoring-report",
    "rectification",
    "self-check",
    "stage-check",
    "unannounced-inspection",
)
ROWS = [f"01JDA000000000000000000{number:03d}" for number in range(9)]
PHOTO = "ab" * 32
UNIT = "entity:unit:01KDW0000000000000000000A1"
OTHER_UNIT = "entity:unit:01KDW0000000000000000000C3"
ENTERPRISE = "entity:enterprise:01KDW0000000000000000000B2"
POINT = {"lat": "31.2304", "lon": "121.4737", "accuracy": "8"}

VISIT: dict[str, Any] = {
    "enterprise": ENTERPRISE,
    "visited_on": "2026-11-20",
    "visitors": "李伟、张敏",
    "place": POINT,
    "people_met": [
        {"_row": ROWS[0], "person_name": "赵经理", "person_position": "owner", "person_phone": "021 555-0100"}
    ],
    "publicity": {"sessions": 1, "attendance": 12, "guides": 30, "topics": ["tax", "jobs"]},
    "survey": {
        "workers": 86,
        "operation": "stable",
        "revenue": "1250.50",
        "capacity_use": 75,
        "difficulties": ["labour"],
        "findings": "订单稳定，招工偏难，计划明年添置两台设备。",
    },
    "opinions": [
        {
            "_row": ROWS[1],
            "opinion_kind": "suggestion",
            "opinion_matter": "service",
            "opinion_unit": UNIT,
            "opinion": "希望办证材料一次说清。",
        }
    ],
    "planning": {"helped": True, "plan_areas": ["technology"], "plan_advice": "先申报技改补助，再定设备。"},
    "problems": [
        {
            "_row": ROWS[2],
            "kind": "approval",
            "problem": "换证不知找哪个窗口。",
            "status": "solved",
            "solution": "当场联系窗口，预约了明天办理。",
            "evidence": [PHOTO],
        },
        {
            "_row": ROWS[3],
            "kind": "other",
            "kind_other": "门前道路积水",
            "problem": "雨天货车进不来。",
            "status": "referred",
            "unit": UNIT,
            "due": "2026-12-10",
        },
    ],
    "closing": {"satisfaction": "satisfied", "photos": [PHOTO], "signature": PHOTO},
}
VISIT_CALCULATED = {"solved_count": 1, "referred_count": 1}

INSPECTION: dict[str, Any] = {
    "manner": "open",
    "unit": UNIT,
    "office": "3 号综合窗口",
    "inspected_on": "2026-11-20",
    "arrived_at": "09:05",
    "left_at": "09:40",
    "place": POINT,
    "inspectors": "李伟、张敏",
    "attendance": {"expected": 6, "present": 4, "excused": 1},
    "findings": [
        {
            "_row": ROWS[0],
            "category": "games",
            "found_at": "09:12",
            "persons": [{"_row": ROWS[1], "person": "5 号座男工作人员", "duty": "窗口"}],
            "description": "电脑上开着纸牌游戏，有人来仍未停下。",
            "evidence": ["photo"],
            "evidence_photo": [PHOTO],
        }
    ],
    "result": {"conduct": "fair"},
    "feedback": {"head": "陈主任", "refused_to_sign": False, "signature": PHOTO},
}

SELF_CHECK: dict[str, Any] = {
    "unit": UNIT,
    "period_start": "2026-10-01",
    "period_end": "2026-10-31",
    "deadline": "2026-11-10",
    "reported_on": "2026-11-06",
    "leader": "周局长",
    "areas": ["discipline", "efficiency"],
    "people_checked": 24,
    "items": [
        {
            "_row": ROWS[0],
            "area": "discipline",
            "source": "own",
            "problem": "午后有人晚到岗。",
            "cause": "考勤只在上午。",
            "measure": "下午也考勤，由办公室抽查。",
            "responsible": "办公室主任",
            "progress": "done",
            "result": "两周内无人晚到。",
            "completed_on": "2026-10-28",
        },
        {
            "_row": ROWS[1],
            "area": "efficiency",
            "source": "public",
            "problem": "材料要交两遍。",
            "cause": "两个科室各收一份。",
            "measure": "合并为一次收件。",
            "responsible": "综合科长",
            "progress": "planned",
            "due": "2026-12-01",
        },
    ],
}
NOTHING_FOUND = {name: value for name, value in SELF_CHECK.items() if name != "items"} | {
    "nothing_found": {"declared": True, "signature": PHOTO}
}

REPORT: dict[str, Any] = {
    "enterprise": ENTERPRISE,
    "month": "2026-11-01",
    "monitor": {"monitor_name": "赵经理", "monitor_phone": "021 555-0100", "in_person": True},
    "ratings": [
        {"_row": ROWS[0], "rated_unit": UNIT, "business": ["permit"], "satisfaction": "very_satisfied"},
        {
            "_row": ROWS[1],
            "rated_unit": OTHER_UNIT,
            "business": ["inspection", "payment"],
            "satisfaction": "dissatisfied",
            "dissatisfaction": "一个月里查了三次，内容一样。",
        },
    ],
    "items": [
        {
            "_row": ROWS[2],
            "item_kind": "practice",
            "item": "窗口上门收取换证材料，企业少跑了两趟。",
            "item_unit": UNIT,
        }
    ],
    "problems": [
        {
            "_row": ROWS[3],
            "problem_kind": "charging",
            "problem_unit": OTHER_UNIT,
            "happened_on": "2026-11-12",
            "problem": "检查时要求购买宣传牌。",
            "amount": "380.00",
            "wish": "investigate",
            "confidential": True,
        }
    ],
    "closing": {"change": "same", "reported_on": "2026-11-22", "signature": PHOTO},
}

COMPLAINT: dict[str, Any] = {
    "number": "TS-2026-0032",
    "received_on": "2026-10-12",
    "channel": "telephone",
    "receiver": "李伟",
    "complainant": {
        "anonymous": False,
        "complainant_kind": "enterprise",
        "complainant_enterprise": ENTERPRISE,
        "complainant_name": "赵经理",
        "complainant_phone": "021 555-0100",
        "confidential": False,
    },
    "unit": UNIT,
    "office": "2 号窗口",
    "matter": "charging",
    "subject": "换证时收取了资料费",
    "happened_on": "2026-10-09",
    "description": "十月九日办理换证，窗口人员收取资料费两百元，没有给票据。",
    "amount": "200.00",
    "demand": "退还资料费。",
    "evidence": ["photo"],
    "evidence_photo": [PHOTO],
    "repeated": False,
    "acceptance": {"decision": "accepted", "decided_on": "2026-10-14", "told": True},
    "handling": {
        "procedure": "direct",
        "handler": "张敏",
        "complexity": "ordinary",
        "steps": "调取窗口录像，询问当事人，核对收费目录。",
    },
    "result": {
        "concluded": True,
        "concluded_on": "2026-10-26",
        "verdict": "proved",
        "facts": "资料费不在收费目录之内，未开票据。",
        "measures": ["refund", "apology"],
        "refund": "200.00",
    },
    "feedback": {"reached": True, "satisfaction": "satisfied"},
}

STAGE_CHECK: dict[str, Any] = {
    "unit": UNIT,
    "stage": "launch",
    "checked_on": "2026-11-18",
    "inspectors": "李伟、张敏",
    "meeting": {
        "meeting_held": True,
        "meeting_on": "2026-11-03",
        "chaired": True,
        "attendance": 35,
        "minutes": [PHOTO],
    },
    "planning": {
        "plan_made": True,
        "plan_title": "活动实施方案（2026 年第 8 号）",
        "plan_on": "2026-11-05",
        "plan_parts": ["goals", "steps", "timetable", "duties"],
    },
    "organisation": {
        "leader_named": True,
        "leader": "周副局长",
        "office_named": True,
        "office": "办公室",
        "office_staff": 2,
        "liaison": "陈洁",
        "liaison_phone": "021 555-0101",
    },
    "pledging": {
        "pledges_published": True,
        "pledge_media": ["hall", "website"],
        "pledge_count": 8,
        "pledge_specific": False,
        "pledge_photos": [PHOTO],
    },
    "tasks_done": ["documents", "division", "publicity", "hotline"],
    "findings": [
        {
            "_row": ROWS[0],
            "finding_kind": "records",
            "gravity": "slight",
            "finding": "会议签到表缺两个科室。",
            "demand": "补齐并说明原因。",
            "finding_due": "2026-11-25",
        }
    ],
    "result": {"comment": "总体扎实，承诺还要写得更具体。", "signature": PHOTO},
}

MARKS = {"lawful": "good", "manner": "excellent", "speed": "fair", "openness": "good", "integrity": "excellent"}
APPRAISAL: dict[str, Any] = {
    "year": 2026,
    "period": "second_half",
    "group": "enterprises",
    "sheet": "Q-018",
    "rated_on": "2026-11-20",
    "method": "meeting",
    "collector": "李伟",
    "ratings": [
        {"_row": ROWS[0], "body": "office", "rated_unit": UNIT, "known": True, "marks": MARKS},
        {
            "_row": ROWS[1],
            "body": "station",
            "rated_unit": OTHER_UNIT,
            "station": "河口供电站",
            "known": True,
            "marks": MARKS | {"manner": "poor", "speed": "bad", "openness": "poor"},
            "reason": "报修三天没有人来。",
        },
        {"_row": ROWS[2], "body": "utility", "rated_unit": OTHER_UNIT, "known": False},
    ],
}

QUIZ: dict[str, Any] = {
    "participant": "陈洁",
    "unit": UNIT,
    "post": "counter",
    "held_on": "2026-11-20",
    "attempt": "first",
    "invigilator": "张敏",
    "single": {"q1": "d5", "q2": "d20", "q3": "two", "q4": "none", "q5": "d30", "q6": "d10", "q7": "guide"},
    "multiple": {
        "q8": ["meals", "cards", "delay"],
        "q9": ["law", "regulation"],
        "q10": ["badge", "grounds", "record", "stop"],
    },
    "handed_in": True,
    "result": {"signature": PHOTO},
}

FOLLOW_UP: dict[str, Any] = {
    "origin": "letter",
    "follows": "督〔2026〕15号",
    "unit": UNIT,
    "problem": "窗口午间无人值守。",
    "due": "2026-11-10",
    "visited_on": "2026-11-19",
    "manner": ["on_site"],
    "visitors": "李伟、张敏",
    "place": POINT,
    "measures": ["rules"],
    "measure_note": "实行午间轮班，排班表贴在窗口。",
    "result": "done",
    "outcome": {"done_on": "2026-11-12", "evidence": [PHOTO]},
    "concerned": {"asked": True, "satisfaction": "satisfied"},
    "closing": {"next_step": "close", "refused_to_sign": False, "signature": PHOTO},
}
UNFINISHED: dict[str, Any] = FOLLOW_UP | {
    "result": "under_way",
    "outcome": {"progress": 60, "obstacles": ["time"]},
    "closing": {"next_step": "continue", "new_due": "2026-12-10", "responsible": "办公室主任", "signature": PHOTO},
}

WHOLE = {
    "appraisal": APPRAISAL,
    "complaint": COMPLAINT,
    "enterprise-visit": VISIT,
    "knowledge-quiz": QUIZ,
    "monitoring-report": REPORT,
    "rectification": FOLLOW_UP,
    "self-check": SELF_CHECK,
    "stage-check": STAGE_CHECK,
    "unannounced-inspection": INSPECTION,
}


@pytest.fixture(scope="module")
def forms() -> dict[str, Form]:
    return {name: parse(compile_form(definition)) for name, definition in bundled().items()}


def judged(form: Form, values: dict[str, Any], state: str = "submitted") -> Judgement:
    return judge(form, copy.deepcopy(values), state=state, now=NOW)


def slips(form: Form, values: dict[str, Any], state: str = "submitted") -> list[tuple[str, str]]:
    return sorted((problem.path, problem.code) for problem in judged(form, values, state).problems)


def but(values: dict[str, Any], path: str, value: Any = None) -> dict[str, Any]:
    """The same answers with one changed, or taken out; `path` names rows by their index."""
    changed = copy.deepcopy(values)
    at: Any = changed
    *way, last = path.split("/")
    for step in way:
        at = at[int(step)] if step.isdecimal() else at[step]
    if value is None:
        del at[int(last) if isinstance(at, list) else last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return changed


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
