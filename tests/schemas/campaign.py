"""Records of the campaign's forms as people fill them."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from schemas.answers import Judgement, judge
from schemas.form import Form

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
