"""Forms of the sizes that the targets speak of, as people write them, and records filled in with them."""

from __future__ import annotations

import random
from typing import Any

from schemas.form import compile_form
from service.identifiers import ulid

SECTIONS = 25
ROWS = 5
TOPICS = ("tax", "jobs", "loans", "land", "power", "other")
KINDS = ("industry", "trade", "transport", "building", "services")

Definition = dict[str, Any]
Answers = dict[str, Any]


def visit() -> Definition:
    """A published form of 30 fields, six of them in a repeat."""
    return _published("bench-visit", [*_general(), _repeat("problems"), *_figures()])


def survey() -> Definition:
    """A published form of 500 fields in 25 sections, with 200 expressions."""
    return _published("bench-survey", [_section(number) for number in range(1, SECTIONS + 1)])


def visit_answers(number: int) -> Answers:
    """What somebody filled in for `visit`: everything that is asked, with five rows."""
    chance = random.Random(number)
    return {
        **_general_answers(chance),
        "problems": [_row_answers(chance) for _ in range(ROWS)],
        **_figures_answers(chance),
    }


def survey_answers(number: int) -> Answers:
    """What somebody filled in for `survey`."""
    chance = random.Random(number)
    return {f"section_{each}": _section_answers(each, chance) for each in range(1, SECTIONS + 1)}


def _published(form: str, fields: list[Definition]) -> Definition:
    return compile_form({"form": form, "version": 1, "languages": ["zh-Hans"], "title": _text(form), "fields": fields})


def _text(text: str) -> dict[str, str]:
    return {"zh-Hans": text}


def _field(kind: str, name: str, **more: Any) -> Definition:
    return {"type": kind, "name": name, "label": _text(f"{name} 填写说明"), **more}


def _choices(names: tuple[str, ...]) -> list[Definition]:
    return [{"name": name, "label": _text(name)} for name in names]


def _general() -> list[Definition]:
    return [
        _field("entity", "enterprise", entity="enterprise", required=True),
        _field("date", "visited_on", required=True, constraint=". <= today()", message=_text("不能晚于今天")),
        _field("text", "visitors", required=True),
        _field("select_one", "kind", choices=_choices(KINDS), required=True),
        _field("select_one", "trade", choices=_filtered(), choice_filter="of = ${kind}"),
        _field("integer", "workers", min=0, required=True),
        _field("integer", "insured", min=0, constraint=". <= ${workers}", message=_text("不能多于职工人数")),
        _field("calculate", "uninsured", value="integer", calculate="${workers} - ${insured}"),
        _field("text", "why_uninsured", relevant="${uninsured} > 0", required=True),
        _field("select_many", "topics", choices=_choices(TOPICS)),
        _field("text", "other_topic", relevant="selected(${topics}, 'other')", required="${workers} > 10"),
        _field("geopoint", "place"),
    ]


def _filtered() -> list[Definition]:
    return [{**each, "of": KINDS[number % len(KINDS)]} for number, each in enumerate(_choices(TOPICS))]


def _repeat(name: str) -> Definition:
    columns = [
        _field("text", "what", required=True, max_length=200),
        _field("select_one", "matter", choices=_choices(TOPICS), required=True),
        _field("boolean", "on_the_spot", required=True),
        _field("date", "due", relevant="not(${on_the_spot})", required=True, constraint=". >= ${visited_on}"),
        _field("integer", "persons", min=1, max=500),
        _field("decimal", "amount", places=2, min="0"),
    ]
    return {**_field("repeat", name, min_rows=1, max_rows=20), "fields": columns}


def _figures() -> list[Definition]:
    return [
        _field("calculate", "problem_count", value="integer", calculate="count(${problems})"),
        _field("calculate", "amount_in_all", value="decimal", calculate="sum(${amount})"),
        _field("decimal", "revenue", places=2, min="0", required=True),
        _field("decimal", "costs", places=2, min="0", constraint=". <= ${revenue} * 10"),
        _field("calculate", "share", value="decimal", calculate="round(${costs} div ${revenue} * 100, 1)"),
        _field("text", "why_loss", relevant="${share} > 100", required=True),
        _field("boolean", "helped", required=True),
        _field("text", "why_not_helped", relevant="${helped} = false()", required=True),
        _field("select_one", "satisfaction", choices=_choices(("good", "fair", "poor")), required=True),
        _field("date", "next_visit", constraint=". > ${visited_on}", message=_text("应在走访之后")),
        _field("signature", "signature"),
        _field("text", "remarks", appearance="multiline"),
    ]


def _general_answers(chance: random.Random) -> Answers:
    return {
        "enterprise": f"entity:enterprise:E{chance.randrange(1000):03d}",
        "visited_on": "2026-03-02",
        "visitors": "李伟、张敏",
        "kind": "industry",
        "trade": "tax",
        "workers": chance.randint(50, 100),
        "insured": chance.randint(1, 50),
        "why_uninsured": "季节性用工较多。",
        "topics": ["tax", "jobs", "other"],
        "other_topic": "用电价格",
        "place": {"lat": "37.8706", "lon": "112.5489", "accuracy": "5"},
    }


def _row_answers(chance: random.Random) -> Answers:
    solved = chance.random() < 0.5
    return {
        "_row": ulid(),
        "what": "厂区门前道路破损，货车进出困难。",
        "matter": chance.choice(TOPICS),
        "on_the_spot": solved,
        **({} if solved else {"due": "2026-03-20"}),
        "persons": chance.randint(1, 500),
        "amount": f"{chance.randint(1, 9999)}.50",
    }


def _figures_answers(chance: random.Random) -> Answers:
    return {
        "revenue": f"{chance.randint(1000, 9999)}.00",
        "costs": f"{chance.randint(100, 999)}.25",
        "helped": True,
        "satisfaction": chance.choice(("good", "fair", "poor")),
        "next_visit": "2026-04-02",
        "signature": f"{chance.getrandbits(256):064x}",
        "remarks": "下月再访。",
    }


def _section(number: int) -> Definition:
    def ref(name: str) -> str:
        return f"${{{name}_{number}}}"

    last = " + ".join(f"${{open_{each}}}" for each in range(1, SECTIONS + 1))
    share = f"round({ref('costs')} div {ref('revenue')} * 100, 1)"
    fields = [
        _field("text", "name", required=True),
        _field("select_one", "kind", choices=_choices(KINDS), required=True),
        _field("integer", "count", min=0, constraint=". <= 1000"),
        _field("integer", "solved", min=0, constraint=f". <= {ref('count')}", message=_text("不能多于总数")),
        _field("calculate", "open", value="integer", calculate=f"{ref('count')} - {ref('solved')}"),
        _field("text", "reason", relevant=f"{ref('open')} > 0", required=True),
        _field("decimal", "revenue", places=2),
        _field("decimal", "costs", places=2),
        _field("calculate", "share", value="decimal", calculate=last if number == SECTIONS else share),
        _field("boolean", "late"),
        _field("date", "due", relevant=ref("late"), constraint=f". >= {ref('begun')}"),
        _field("select_many", "topics", choices=_choices(TOPICS)),
        _field("text", "remarks", relevant=f"selected({ref('topics')}, 'other')", appearance="multiline"),
        _field("text", "person", max_length=40),
        _field("select_one", "grade", choices=_choices(("good", "fair", "poor"))),
        _field("integer", "rooms", min=0),
        _field("date", "begun"),
        _field("time", "opened"),
        _field("decimal", "area", places=1),
        _field("boolean", "seen"),
    ]
    numbered = [{**each, "name": f"{each['name']}_{number}"} for each in fields]
    return {"type": "group", "name": f"section_{number}", "label": _text(f"第{number}部分"), "fields": numbered}


def _section_answers(number: int, chance: random.Random) -> Answers:
    late = chance.random() < 0.5
    answers: Answers = {
        "name": "国税局办税服务厅",
        "kind": chance.choice(KINDS),
        "count": chance.randint(10, 50),
        "solved": chance.randint(0, 10),
        "reason": "需要上级部门协调。",
        "revenue": f"{chance.randint(1000, 9999)}.00",
        "costs": f"{chance.randint(100, 999)}.25",
        "late": late,
        **({"due": "2026-03-20"} if late else {}),
        "topics": ["tax", "jobs", "other"],
        "remarks": "窗口办理时间较长。",
        "person": "王强",
        "grade": chance.choice(("good", "fair", "poor")),
        "rooms": chance.randint(1, 30),
        "begun": "2026-03-02",
        "opened": "09:30",
        "area": "120.5",
        "seen": True,
    }
    return {f"{name}_{number}": value for name, value in answers.items()}
