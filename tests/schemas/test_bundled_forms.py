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
FORMS = ("enterprise-visit", "self-check", "unannounced-inspection")
ROWS = [f"01JDA000000000000000000{number:03d}" for number in range(9)]
PHOTO = "ab" * 32
UNIT = "entity:unit:01KDW0000000000000000000A1"
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
WHOLE = {"enterprise-visit": VISIT, "unannounced-inspection": INSPECTION, "self-check": SELF_CHECK}


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


def test_the_three_forms_of_the_spine_are_bundled() -> None:
    assert set(FORMS) <= set(bundled())


def test_every_form_is_complete_in_three_languages() -> None:
    for name, definition in bundled().items():
        assert tuple(definition["languages"]) == LANGUAGES
        missing = [where for where, text in texts(definition) if set(text) != set(LANGUAGES) or not all(text.values())]
        assert missing == [], name


def texts(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Every text of a definition, with the place at which it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"label", "hint", "message", "title", "row_label"}:
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
