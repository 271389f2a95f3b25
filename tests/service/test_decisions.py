"""A case is decided by a signed edit that has seen every value; intake then closes it, and the audit trail says who."""

from __future__ import annotations

from typing import Any

import pytest

from service.readmodel import tables
from sync.merge import fold
from sync.signature import device_id, public_jwk, verify_edit
from tests.service.conftest import VISIT, Office, Tablet

PATH = "/closing/satisfaction"


def collide(
    office: Office, one: Tablet, other: Tablet, path: str = PATH, values: tuple[Any, Any] = ("fair", "dissatisfied")
) -> str:
    """Two tablets change one field of one record; returns the record's id."""
    record = one.fill(VISIT)
    base = office.mailbox("north").get(record)
    one.change(record, base, {path: values[0], "/visitors": "李伟"})
    other.change(record, base, {path: values[1]}, note="回访时确认")
    office.judge()
    return record


@pytest.fixture
def record(office: Office, north: Tablet, colleague: Tablet) -> str:
    return collide(office, north, colleague)


def the_case(office: Office, status: str = "open") -> dict[str, Any]:
    (case,) = office.get(f"/api/v1/cases?kind=conflict&status={status}", "office").get_json()["items"]
    return dict(case)


def decide(office: Office, body: dict[str, Any], user: str = "office") -> Any:
    return office.post(f"/api/v1/cases/{the_case(office)['id']}/decision", user, json=body)


def test_a_case_shows_every_value_with_who_and_when(
    office: Office, record: str, north: Tablet, colleague: Tablet
) -> None:
    case = the_case(office)
    assert (case["record"], case["path"], case["status"], case["team"]) == (record, PATH, "open", "north")
    assert [(head["value"], head["by"], head["device"]) for head in case["heads"]] == [
        ("fair", "li.wei", north.device),
        ("dissatisfied", "zhang.min", colleague.device),
    ]
    assert case["in_force"] == case["heads"][-1]["edit"]
    clocks = [head | {"skew_ms": None, "doubted": False} for head in case["heads"]]
    assert office.get(f"/api/v1/cases/{case['id']}", "office").get_json() == case | {"entries": [], "heads": clocks}
    assert case["id"] in office.get(f"/api/v1/records/{record}", "office").get_json()["cases"]


def test_choosing_a_value_makes_it_the_value(office: Office, record: str) -> None:
    first = the_case(office)["heads"][0]
    answer = decide(office, {"choose": first["edit"], "note": "电话核实"})
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert shown["answers"]["closing"]["satisfaction"] == "fair"
    assert shown["answers"]["visitors"] == "李伟"
    assert (shown["collisions"], shown["edits"]) == (0, 4)
    assert office.get("/api/v1/cases?kind=conflict&status=open", "office").get_json()["items"] == []
    closed = the_case(office, "closed")
    assert closed["closed_by"] == answer.get_json()["edit"]
    assert {head["value"] for head in closed["heads"]} == {"fair", "dissatisfied"}


def test_the_deciding_edit_is_the_offices_and_has_seen_all(office: Office, record: str) -> None:
    case = the_case(office)
    edit_id = decide(office, {"choose": case["heads"][1]["edit"], "note": "电话核实"}).get_json()["edit"]
    doc = office.mailbox("north").get(record)
    (edit,) = [edit for edit in doc["edits"] if edit["id"] == edit_id]
    key = public_jwk(office.parts.keys.office_device)
    assert verify_edit(record, edit, key)
    assert (edit["by"], edit["device"], edit["note"]) == ("office", device_id(key), "电话核实")
    assert set(edit["seen"][PATH]) == {head["edit"] for head in case["heads"]}
    assert fold(doc["edits"], office.form()).collisions == ()
    assert "_conflicts" not in office.mailbox("north").get(record, conflicts=True)


def test_the_audit_trail_says_who_decided_what(office: Office, record: str) -> None:
    edit_id = decide(office, {"value": "very_satisfied"}, "chen.jie").get_json()["edit"]
    doc = office.parts.store.database("audit").get(f"decision:{edit_id}")
    assert (doc["by"], doc["record"], doc["path"], doc["team"]) == ("chen.jie", record, PATH, "north")
    assert doc["edit"]["set"] == {PATH: "very_satisfied"}


@pytest.mark.parametrize("value", ["delighted", 5, [], {}, 1.5, True, "", "x" * 5000, ["fair"]])
def test_a_value_that_the_form_does_not_take_is_refused(office: Office, record: str, value: Any) -> None:
    before = office.mailbox("north").get(record)["_rev"]
    answer = decide(office, {"value": value})
    assert answer.status_code == 422, answer.get_json()
    assert answer.get_json()["error"] == "value_invalid"
    assert office.mailbox("north").get(record)["_rev"] == before


def test_a_field_can_be_left_empty_where_the_form_allows_it(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = collide(office, north, colleague, "/closing/remarks", ("一", "二"))
    assert decide(office, {"value": None}).status_code == 200
    office.judge()
    assert "remarks" not in office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["closing"]


def test_a_required_field_cannot_be_left_empty(office: Office, record: str) -> None:
    assert decide(office, {"value": None}).get_json()["error"] == "value_invalid"


def test_an_edit_that_is_not_among_the_values_cannot_be_chosen(office: Office, record: str) -> None:
    history = office.get(f"/api/v1/records/{record}/history", "office").get_json()["items"]
    for edit in ("01HQ0000000000000000000001", history[0]["id"]):
        assert decide(office, {"choose": edit}).get_json()["error"] == "choice_unknown"


@pytest.mark.parametrize(
    "body", [{}, {"choose": "x", "value": "fair"}, {"choose": 5}, {"note": "x"}, {"value": "fair", "note": 5}]
)
def test_a_decision_that_says_nothing_or_two_things_is_refused(
    office: Office, record: str, body: dict[str, Any]
) -> None:
    assert decide(office, body).status_code == 422


def test_a_case_is_decided_once(office: Office, record: str) -> None:
    case = the_case(office)
    body = {"choose": case["heads"][0]["edit"]}
    path = f"/api/v1/cases/{case['id']}/decision"
    assert office.post(path, "office", json=body).status_code == 200
    again = office.post(path, "office", json=body)
    assert (again.status_code, again.get_json()["error"]) == (409, "case_closed")
    office.judge()
    assert office.post(path, "office", json=body).status_code == 409


@pytest.mark.parametrize(("user", "status"), [("li.wei", 403), ("wang.fang", 403), ("chen.jie", 200), ("admin", 200)])
def test_who_may_decide(office: Office, record: str, user: str, status: int) -> None:
    assert decide(office, {"value": "satisfied"}, user).status_code == status


def test_a_supervisor_does_not_decide_for_another_team(office: Office) -> None:
    one, other = Tablet(office, "wang.fang"), Tablet(office, "wang.fang")
    record = one.fill({**VISIT})
    base = office.mailbox("south").get(record)
    one.change(record, base, {PATH: "fair"})
    other.change(record, base, {PATH: "dissatisfied"})
    office.judge()
    case = the_case(office)
    for answer in (
        office.get(f"/api/v1/cases/{case['id']}", "chen.jie"),
        office.post(f"/api/v1/cases/{case['id']}/decision", "chen.jie", json={"value": "fair"}),
    ):
        assert (answer.status_code, answer.get_json()["error"]) == (404, "case_unknown")


def test_a_decision_before_the_merge_takes_in_every_leaf(office: Office, north: Tablet, colleague: Tablet) -> None:
    """Two more edits arrive as branches between the page and the click."""
    record = collide(office, north, colleague)
    case = the_case(office)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 121})
    colleague.change(record, base, {"/survey/findings": "有订单下滑。"})
    path = f"/api/v1/cases/{case['id']}/decision"
    assert office.post(path, "office", json={"choose": case["heads"][0]["edit"]}).status_code == 200
    office.judge()
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert shown["answers"]["survey"]["workers"] == 121
    assert shown["answers"]["survey"]["findings"] == "有订单下滑。"
    assert shown["answers"]["closing"]["satisfaction"] == "fair"
    assert (shown["edits"], shown["collisions"]) == (6, 0)


def test_a_rebuild_gives_the_same_cases(office: Office, record: str) -> None:
    def everything() -> list[Any]:
        paths = ("records", "cases?kind=conflict", f"records/{record}", f"records/{record}/history")
        return [office.get(f"/api/v1/{path}", "office").get_json() for path in paths]

    decide(office, {"value": "satisfied"})
    office.judge()
    before = everything()
    assert before[1]["items"][0]["status"] == "closed"
    tables.clear(office.parts.readmodel)
    assert office.get("/api/v1/records", "office").get_json()["items"] == []
    office.judge()
    assert everything() == before
