"""What a unit reported of itself, what only an inspection found, and what both, by stated rules."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bundled import bundled
from service.comparison import AREA_OF, areas, compare, likeness
from tests.service.conftest import Office, Tablet

UNIT = "entity:unit:U13"
ROWS = [f"01JDA00000000000000000000{number}" for number in range(1, 6)]


def check(
    *items: tuple[str, str], name: str = "s1", start: str = "2026-03-01", end: str = "2026-03-31"
) -> dict[str, Any]:
    rows = [{"_row": row, "area": area, "problem": text} for row, (area, text) in zip(ROWS, items, strict=False)]
    answers = {"unit": UNIT, "period_start": start, "period_end": end, "areas": ["discipline"], "items": rows}
    return {"team": "north", "id": name, "answers": answers}


def inspection(*findings: tuple[str, str], name: str = "i1", day: str = "2026-03-15") -> dict[str, Any]:
    rows = [
        {"_row": row, "category": kind, "description": text} for row, (kind, text) in zip(ROWS, findings, strict=False)
    ]
    return {"team": "south", "id": name, "answers": {"unit": UNIT, "inspected_on": day, "findings": rows}}


def matches(own: dict[str, Any], *found: dict[str, Any]) -> list[str]:
    (only,) = compare([own], found)
    return [line.match for line in only.lines]


def test_what_both_name_in_other_words_is_one_matter() -> None:
    own = check(("discipline", "窗口工作人员上班时间玩手机游戏"), ("service", "咨询电话无人接听"))
    seen = inspection(
        ("games", "二号窗口工作人员上班时间在玩游戏"), ("attitude", "办事大厅人员态度生硬"), ("delay", "超期未办结")
    )
    assert matches(own, seen) == ["both", "same_area", "only_inspection", "only_self"]


def test_alike_words_in_another_area_are_another_matter() -> None:
    own = check(("charging", "窗口人员上班时间玩游戏"))
    assert matches(own, inspection(("games", "窗口人员上班时间玩游戏"))) == ["only_inspection", "only_self"]


def test_what_has_no_area_is_compared_with_all() -> None:
    own = check(("charging", "违规收取工本费"))
    assert matches(own, inspection(("other", "违规收取工本费三十元"))) == ["both"]


def test_each_matter_is_paired_once_and_with_the_most_alike() -> None:
    own = check(("discipline", "上班时间玩游戏"), ("discipline", "上班时间玩游戏看电影"))
    (only,) = compare([own], [inspection(("films", "上班时间玩游戏看电影"))])
    (both, left) = only.lines
    assert (both.alike, both.own and both.own.row, left.own and left.own.row) == (100, ROWS[1], ROWS[0])


def test_an_inspection_belongs_to_the_periods_that_it_falls_into() -> None:
    checks = [check(name="s1"), check(name="s2", start="2026-03-10", end="2026-04-10")]
    seen = [
        inspection(("games", "x"), name=f"i{number}", day=day)
        for number, day in enumerate(["2026-03-05", "2026-03-20", "2026-06-01"])
    ]
    found = [(each.own and each.own["id"], [row["id"] for row in each.inspections]) for each in compare(checks, seen)]
    assert found == [("s1", ["i0", "i1"]), ("s2", ["i1"]), (None, ["i2"])]


def test_areas_say_what_was_checked_reported_and_found() -> None:
    own = check(("discipline", "上班时间玩游戏"), ("service", "咨询电话无人接听"))
    (only,) = compare([own], [inspection(("games", "上班时间玩游戏"), ("films", "看电影"), ("charging", "乱收费"))])
    assert areas(only) == {
        "charging": {"checked": False, "reported": 0, "found": 1, "both": 0},
        "discipline": {"checked": True, "reported": 1, "found": 2, "both": 1},
        "service": {"checked": False, "reported": 1, "found": 0, "both": 0},
    }


def test_every_category_of_the_form_has_its_area() -> None:
    forms = {each["form"]: each for each in bundled().values()}
    categories = {choice["name"] for choice in forms["unannounced-inspection"]["lists"]["category"]}
    known = {choice["name"] for choice in forms["self-check"]["lists"]["area"]}
    assert categories - AREA_OF.keys() == {"other"}
    assert set(AREA_OF.values()) <= known


@given(st.text(), st.text())
def test_likeness_is_symmetric_and_within_a_hundred(one: str, other: str) -> None:
    assert likeness(one, other) == likeness(other, one)
    assert 0 <= likeness(one, other) <= 100


@pytest.mark.parametrize(
    "answers", [{}, {"items": "x", "period_start": 5}, {"items": [None, {"area": 5}], "areas": [5, {}, "x"]}]
)
def test_answers_that_no_form_would_take_raise_nothing(answers: dict[str, Any]) -> None:
    found = compare([{"team": "n", "id": "s", "answers": answers}], [{"team": "n", "id": "i", "answers": answers}])
    assert all(areas(each) is not None for each in found)


def test_the_api_compares_what_was_handed_in(office: Office, north: Tablet) -> None:
    row = f"/items/{ROWS[0]}"
    north.fill(
        {"/unit": UNIT, "/period_start": "2026-03-01", "/period_end": "2026-03-31", "/areas": ["discipline"]}
        | {row: {}, f"{row}/area": "discipline", f"{row}/problem": "上班时间玩游戏"},
        form="self-check",
    )
    seen = f"/findings/{ROWS[1]}"
    findings = {seen: {}, f"{seen}/category": "games", f"{seen}/description": "窗口人员上班时间玩游戏"}
    Tablet(office, "wang.fang").fill(
        {"/unit": UNIT, "/inspected_on": "2026-03-15", "/manner": "open", **findings}, form="unannounced-inspection"
    )
    office.judge()
    path = f"/api/v1/comparisons?unit={UNIT}&since=2026-03-01&until=2026-03-31"
    (only,) = office.get(path, "office").get_json()["items"]
    assert [line["match"] for line in only["lines"]] == ["both"]
    assert (only["self_check"]["team"], [each["team"] for each in only["inspections"]]) == ("north", ["south"])
    (own,) = office.get(path, "chen.jie").get_json()["items"]
    assert [line["match"] for line in own["lines"]] == ["only_self"], "of the other team's inspection nothing is told"
    assert office.get(path, "li.wei").status_code == 403
    later = "/api/v1/comparisons?unit=entity:unit:U13&since=2026-05-01&until=2026-05-31"
    assert office.get(later, "office").get_json()["items"] == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "unit=x&since=2026-03-01&until=2026-03-31",
        f"unit={UNIT}&since=2026-04-01&until=2026-03-31",
        f"unit={UNIT}&since=soon&until=later",
    ],
)
def test_nonsense_is_refused(office: Office, query: str) -> None:
    assert office.get(f"/api/v1/comparisons?{query}", "office").status_code == 422
