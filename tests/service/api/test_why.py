"""For any value: who gave it, when, on what, who decided, what it is worked out from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.service.conftest import VISIT, Office, Tablet
from tests.service.test_decisions import PATH, collide, decide, the_case


def why(office: Office, record: str, path: str, user: str = "office") -> Any:
    return office.get(f"/api/v1/records/{record}/why", user, query_string={"path": path}).get_json()


def test_a_value_that_one_person_gave_comes_from_that_edit(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    found = why(office, record, "/survey/workers")

    assert (found["kind"], found["value"], found["policy"], found["cases"]) == ("answered", 120, None, [])
    (step,) = found["steps"]
    assert (step["by"], step["device"], step["stands"], step["decision"]) == ("li.wei", north.device, True, False)
    assert step["first"] == step["edit"]
    assert found["receipt"] == {
        "_id": f"receipt:{record}:office",
        "judge": "office",
        "verdict": "returned",
        "digest": office.get(f"/api/v1/records/{record}", "office").get_json()["receipt"]["digest"],
        "version": 1,
    }


def test_a_decision_tells_what_it_replaced_and_whose_value_it_took(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record = collide(office, north, colleague)
    before = why(office, record, PATH)
    assert before["policy"] == "ask"
    assert [(step["value"], step["stands"]) for step in before["steps"][-2:]] == [
        ("fair", True),
        ("dissatisfied", True),
    ]
    case = the_case(office)
    assert before["cases"] == [case["id"]]

    decide(office, {"choose": case["heads"][0]["edit"], "note": "电话核实"})
    office.judge()
    found = why(office, record, PATH)
    last = found["steps"][-1]
    assert (found["value"], found["policy"], last["decision"], last["note"]) == ("fair", None, True, "电话核实")
    assert last["replaced"] == [head["edit"] for head in case["heads"]]
    assert last["first"] == case["heads"][0]["edit"], "the inspector gave it, the office repeated it"
    assert [step["stands"] for step in found["steps"]] == [False, False, False, True]


def test_a_computed_value_names_what_it_is_worked_out_from(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    computed = next(field for field in office.form().walk() if field.is_computed)
    found = why(office, record, computed.path)

    assert (found["kind"], found["steps"]) == ("computed", [])
    assert found["reads"]
    assert all(office.form().field(path) for path in found["reads"])


def test_a_row_s_value_is_traced_by_the_row(office: Office, north: Tablet) -> None:
    met = "/people_met/01JD0000000000000000000001"
    record = north.fill({**VISIT, met: {}, f"{met}/person_name": "王强"})
    office.judge()
    row = office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["people_met"][0]
    path = f"/people_met/{row['_row']}"

    assert why(office, record, f"{path}/person_name")["value"] == row["person_name"]
    assert [step["present"] for step in why(office, record, path)["steps"]] == [True]


def test_what_nobody_has_answered_has_no_steps(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    found = why(office, record, "/no/such/field")
    assert (found["kind"], found["value"], found["steps"]) == ("absent", None, [])


@pytest.mark.parametrize(
    ("user", "path", "status"),
    [
        ("li.wei", "/survey/workers", 200),
        ("wang.fang", "/survey/workers", 404),
        ("office", "", 422),
        ("office", "survey", 422),
        ("office", "/a\u0000b", 422),
        ("office", "/x" * 17, 422),
    ],
)
def test_who_may_ask_and_for_what(office: Office, north: Tablet, user: str, path: str, status: int) -> None:
    record = north.fill(VISIT)
    office.judge()
    answer = office.get(f"/api/v1/records/{record}/why", user, query_string={"path": path})
    assert answer.status_code == status, answer.get_json()


@pytest.mark.parametrize("lang", ["zh-Hans", "zh-Hant", "en"])
def test_the_record_s_page_leads_from_each_value_to_where_it_comes_from(
    office: Office, north: Tablet, colleague: Tablet, lang: str
) -> None:
    record = collide(office, north, colleague)
    decide(office, {"choose": the_case(office)["heads"][0]["edit"], "note": "电话核实"})
    office.judge()
    pages = office.enter(lang=lang)
    page = pages.get(f"/office/records/{record}").get_data(as_text=True)
    assert page.count('class="why"') > 10
    assert "path=%2Fclosing%2Fsatisfaction" in page or "path=/closing/satisfaction" in page

    shown = pages.get(f"/office/records/{record}/why", query_string={"path": PATH}).get_data(as_text=True)
    assert "电话核实" in shown
    assert "李伟" in shown
    assert "张敏" in shown
    assert "why." not in shown.replace('class="why', "")


def test_a_change_within_a_row_is_named_by_the_row_and_its_own_question(office: Office, north: Tablet) -> None:
    met = "/people_met/01JD0000000000000000000001"
    record = north.fill({**VISIT, met: {}, f"{met}/person_name": "王强"})
    office.judge()
    page = office.enter(lang="en").get(f"/office/records/{record}").get_data(as_text=True)
    assert "<dt>Person 1 · Name</dt>" in page
