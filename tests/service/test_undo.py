"""A decision can be taken back: the values stand against each other again everywhere, and can be decided anew."""

from __future__ import annotations

from typing import Any

import pytest

from service.cases import audit
from service.readmodel import tables
from sync.merge import fold
from tests.service.conftest import Office, Tablet
from tests.service.test_cases import WHOLE, cases, the_case

PATH = "/closing/remarks"


def collide(
    office: Office, one: Tablet, other: Tablet, path: str = PATH, values: tuple[Any, Any] = ("一", "二")
) -> str:
    record = one.fill(WHOLE)
    base = office.mailbox("north").get(record)
    one.change(record, base, {path: values[0]})
    other.change(record, base, {path: values[1]})
    office.judge()
    return record


@pytest.fixture
def record(office: Office, north: Tablet, colleague: Tablet) -> str:
    return collide(office, north, colleague)


def ask(office: Office, what: str, user: str = "office", **body: Any) -> Any:
    case = the_case(office, "conflict")
    return office.post(f"/api/v1/cases/{case['id']}/{what}", user, json=body)


def decide(office: Office, value: str) -> str:
    case = the_case(office, "conflict")
    (edit,) = [head["edit"] for head in case["heads"] if head["value"] == value]
    answer = ask(office, "decision", choose=edit, heads=[head["edit"] for head in case["heads"]])
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    return str(answer.get_json()["edit"])


def remarks(office: Office, record: str) -> Any:
    return office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["closing"].get("remarks")


def test_a_decision_is_taken_back_and_taken_anew(office: Office, record: str) -> None:
    decide(office, "一")
    assert (the_case(office, "conflict")["status"], remarks(office, record)) == ("closed", "一")
    answer = ask(office, "undo", note="当事人有异议")
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    case = the_case(office, "conflict")
    assert (case["status"], sorted(head["value"] for head in case["heads"])) == ("open", ["一", "二"])
    decide(office, "二")
    assert (the_case(office, "conflict")["status"], remarks(office, record)) == ("closed", "二")
    assert ask(office, "undo").status_code == 200
    office.judge()
    assert the_case(office, "conflict")["status"] == "open"
    kinds = [each["kind"] for each in office.get(f"/api/v1/cases/{case['id']}", "office").get_json()["entries"]]
    assert kinds == ["decided", "undone", "decided", "undone"]


def test_what_is_open_again_still_says_who_gave_each_value(
    office: Office, record: str, north: Tablet, colleague: Tablet
) -> None:
    decide(office, "一")
    ask(office, "undo")
    office.judge()
    heads = {head["value"]: head["origin"] for head in the_case(office, "conflict")["heads"]}
    assert {value: (origin["by"], origin["device"]) for value, origin in heads.items()} == {
        "一": ("li.wei", north.device),
        "二": ("zhang.min", colleague.device),
    }


def test_the_collision_follows_from_the_edits_alone(office: Office, record: str) -> None:
    """So every tablet and hub has it, whatever read model it has."""
    decide(office, "一")
    ask(office, "undo")
    edits = office.mailbox("north").get(record)["edits"]
    assert [each.path for each in fold(edits, office.form()).collisions] == [PATH]
    (head, other) = fold(edits, office.form()).heads[PATH]
    assert head.edit_id not in next(edit for edit in edits if edit["id"] == other.edit_id)["seen"][PATH]


def test_a_field_that_was_left_empty_or_taken_away_is_restored(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record = north.fill({**WHOLE, PATH: "原文"})
    base = office.mailbox("north").get(record)
    north.change(record, base, {PATH: "改过"})
    emptied = colleague.edit(record, base["edits"], {})
    emptied = colleague.signed(record, emptied | {"unset": [PATH], "seen": {PATH: [base["edits"][0]["id"]]}})
    colleague.send_branch(record, base, emptied)
    office.judge()
    decide(office, "改过")
    assert ask(office, "undo").status_code == 200
    office.judge()
    assert [head["present"] for head in the_case(office, "conflict")["heads"]].count(False) == 1


def test_a_row_that_one_removed_and_another_changed_is_open_again(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    row = "/people_met/01JDA000000000000000000001"
    record = north.fill(WHOLE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {f"{row}/person_name": "钱五"})
    first = base["edits"][0]["id"]
    removal = colleague.edit(record, base["edits"], {})
    seen = {path: [first] for path in WHOLE if path.startswith(row)}
    colleague.send_branch(record, base, colleague.signed(record, removal | {"unset": [row], "seen": seen}))
    office.judge()
    case = the_case(office, "conflict")
    assert case["path"] == row
    for present in (True, False):
        case = the_case(office, "conflict", status="open")
        chosen = next(head["edit"] for head in case["heads"] if head["present"] is present)
        assert ask(office, "decision", choose=chosen).status_code == 200
        office.judge()
        assert the_case(office, "conflict")["status"] == "closed"
        people = office.get(f"/api/v1/records/{record}", "office").get_json()["answers"].get("people_met", [])
        assert [each["person_name"] for each in people] == (["钱五"] if present else [])
        assert ask(office, "undo").status_code == 200
        office.judge()
        people = office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["people_met"]
        assert [each["person_name"] for each in people] == ["钱五"]


@pytest.mark.parametrize("value", ["withdrawn", "submitted"])
def test_a_withdrawal_against_a_change_is_decided_and_open_again(
    office: Office, north: Tablet, colleague: Tablet, value: str
) -> None:
    record = north.fill(WHOLE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/_state": "withdrawn"})
    colleague.change(record, base, {PATH: "改过"})
    office.judge()

    def state() -> str:
        return str(office.get(f"/api/v1/records/{record}", "office").get_json()["state"])

    assert (the_case(office, "conflict", status="open")["path"], state()) == ("/_state", "submitted")
    for _ in range(2):
        decide(office, value)
        assert (cases(office, kind="conflict", status="open"), state()) == ([], value)
        answer = ask(office, "undo")
        assert answer.status_code == 200, answer.get_json()
        office.judge()
        heads = the_case(office, "conflict", status="open")["heads"]
        assert {head["value"] for head in heads} == {"withdrawn", "submitted"}
    assert remarks(office, record) == "改过"


def test_steps_of_one_way_ask_nobody(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = north.fill(WHOLE, state="draft")
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/_state": "submitted"})
    colleague.change(record, base, {"/_state": "draft", PATH: "还没写完"})
    office.judge()
    north.change(record, office.mailbox("north").get(record), {"/_state": "submitted"})
    office.judge()
    assert cases(office, kind="conflict") == []


def test_what_nobody_decided_cannot_be_taken_back(office: Office, record: str) -> None:
    assert ask(office, "undo").get_json()["error"] == "not_decided"


def test_a_decision_that_a_tablet_has_built_on_stays(office: Office, record: str, north: Tablet) -> None:
    decide(office, "一")
    north.change(record, office.mailbox("north").get(record), {PATH: "三"})
    office.judge()
    answer = ask(office, "undo")
    assert (answer.status_code, answer.get_json()["error"]) == (409, "decision_superseded")


def test_a_tablet_that_settled_it_made_no_decision_of_the_office(office: Office, record: str, north: Tablet) -> None:
    north.change(record, office.mailbox("north").get(record), {PATH: "三"})
    office.judge()
    assert the_case(office, "conflict")["status"] == "closed"
    assert ask(office, "undo").get_json()["error"] == "not_decided"


def test_a_tablet_that_hears_of_the_undoing_late_collides_with_it(office: Office, record: str, north: Tablet) -> None:
    """It had the decision, and wrote on top of it while the office took it back."""
    decide(office, "一")
    decided = office.mailbox("north").get(record)
    assert ask(office, "undo").status_code == 200
    north.change(record, decided, {PATH: "三"})
    office.judge()
    values = sorted(head["value"] for head in the_case(office, "conflict", status="open")["heads"])
    assert values == ["一", "三", "二"]


def test_values_that_nobody_looked_at_are_not_decided_about(office: Office, record: str, north: Tablet) -> None:
    case = the_case(office, "conflict")
    looked_at = [head["edit"] for head in case["heads"]]
    base = office.mailbox("north").get(record)
    north.send_branch(record, base, north.edit(record, base["edits"][:1], {PATH: "四"}))
    office.judge()
    answer = ask(office, "decision", choose=looked_at[0], heads=looked_at)
    assert (answer.status_code, answer.get_json()["error"]) == (409, "case_changed")


def test_who_may_take_a_decision_back(office: Office, record: str) -> None:
    decide(office, "一")
    assert ask(office, "undo", "li.wei").status_code == 403
    assert ask(office, "undo", "chen.jie").status_code == 200


def test_a_decision_without_its_page_in_the_trail_gets_it_from_intake(
    office: Office, record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(audit, "note", die)
    assert ask(office, "decision", value="三").status_code == 500
    monkeypatch.undo()
    trail = office.parts.store.database("audit")
    assert [row.id for row in trail.all(start="decision:", end="decision:~")] == []
    office.judge()
    (page,) = trail.all(start="decision:", end="decision:~", include_docs=True)
    assert page.doc is not None
    assert (page.doc["record"], page.doc["by"], page.doc["edit"]["set"]) == (record, "office", {PATH: "三"})
    assert the_case(office, "conflict")["status"] == "closed"
    before = trail.info()
    tables.clear(office.parts.readmodel)
    office.judge()
    assert trail.info() == before, "written once"


def test_an_edit_that_only_claims_to_be_the_offices_has_no_page(office: Office, record: str, north: Tablet) -> None:
    decide(office, "一")
    doc = office.mailbox("north").get(record)
    forged = next(edit for edit in doc["edits"] if edit["by"] == "office") | {"set": {PATH: "假"}, "id": "forged"}
    office.mailbox("north").put(doc | {"edits": [*doc["edits"], forged]}, user=north.member)
    office.judge()
    trail = office.parts.store.database("audit")
    assert len(list(trail.all(start="decision:", end="decision:~"))) == 1


def test_asking_the_team_sends_the_record_back_and_its_answer_settles_the_case(
    office: Office, record: str, north: Tablet
) -> None:
    answer = ask(office, "question", text="哪个说法准确？")
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    case = the_case(office, "conflict")
    assert (case["status"], case["asked"]) == ("open", True)
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert shown["state"] == "returned"
    asked = next(
        edit for edit in office.mailbox("north").get(record)["edits"] if edit["id"] == answer.get_json()["edit"]
    )
    assert (asked["note"], asked["set"]) == ("哪个说法准确？", {"/_state": "returned"})
    north.change(record, office.mailbox("north").get(record), {PATH: "二", "/_state": "submitted"})
    office.judge()
    case = the_case(office, "conflict")
    assert (case["status"], case["asked"]) == ("closed", False)
    assert ask(office, "question", text="再问").get_json()["error"] == "case_closed"
