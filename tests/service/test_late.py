"""Edits of a revoked device that come after it was revoked: kept, not in force, and somebody's to decide."""

from __future__ import annotations

from typing import Any

import pytest

from service.auth.devices import Devices
from service.readmodel.intake import rebuild
from service.readmodel.projection import SqlProjection
from sync.edits import edit_digest
from tests.service.api.test_bundles import Unsent, send, unsent, visit
from tests.service.conftest import Office, Tablet
from tests.service.test_cases import WHOLE, cases, the_case

__all__ = ["unsent"]
WORKERS = "/survey/workers"


def revoke(office: Office, tablet: Tablet) -> None:
    """As `rounds device revoke` does."""
    genuine = SqlProjection(office.parts.readmodel).edits_of(tablet.device)
    assert Devices(office.parts.directory).revoke(tablet.device, genuine)


def shown(office: Office, record: str) -> dict[str, Any]:
    return dict(office.get(f"/api/v1/records/{record}", "office").get_json())


def workers(office: Office, record: str) -> Any:
    return shown(office, record)["answers"]["survey"]["workers"]


def late_edit(office: Office, north: Tablet, colleague: Tablet) -> tuple[str, str]:
    """A record that the office knows, and an edit of the same device that a colleague brings once it was revoked."""
    record = north.fill(WHOLE)
    office.judge()
    edit = north.edit(record, office.mailbox("north").get(record)["edits"], {WORKERS: 9})
    revoke(office, north)
    colleague.send_branch(record, office.mailbox("north").get(record), edit)
    office.judge()
    return record, edit_digest(edit)


def admit(office: Office, digest: str, user: str = "office") -> Any:
    path = f"/api/v1/cases/{the_case(office, 'late')['id']}/admission"
    return office.post(path, user, json={"edits": [digest], "note": "他本人证实"})


def test_what_comes_after_its_device_was_revoked_does_not_count_until_somebody_lets_it_in(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record, digest = late_edit(office, north, colleague)
    assert (workers(office, record), shown(office, record)["verdict"]) == (WHOLE[WORKERS], "accepted")
    case = the_case(office, "late")
    assert [(each["digest"], each["fault"]) for each in case["detail"]["edits"]] == [(digest, "revoked_device")]
    assert digest in {edit_digest(edit) for edit in office.mailbox("north").get(record)["edits"]}, "nothing is lost"
    assert admit(office, digest).status_code == 200
    office.judge()
    assert (workers(office, record), shown(office, record)["verdict"]) == (9, "accepted")
    assert cases(office, kind="late", status="open") == []
    (said,) = office.get(f"/api/v1/cases/{case['id']}", "office").get_json()["entries"]
    assert (said["kind"], said["by"], said["text"]) == ("admitted", "office", "他本人证实")
    assert (said["edits"], said["digests"]) == ([case["detail"]["edits"][0]["id"]], [digest])


def test_nobody_in_the_team_is_asked_to_settle_what_only_the_office_may(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    late_edit(office, north, colleague)
    assert the_case(office, "late")["owner"] is None
    assert len(cases(office, kind="late", owner="-")) == 1
    assert cases(office, kind="late", owner="chen.jie") == []


def test_what_the_office_had_seen_goes_on_counting_also_when_everything_is_made_anew(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record, _ = late_edit(office, north, colleague)
    other = north.fill(WHOLE)
    office.judge()
    assert (shown(office, other)["verdict"], shown(office, other)["reason"]) == ("held", "revoked_device")
    before = [shown(office, each) for each in (record, other)]
    rebuild(office.parts.config)
    office.judge()
    assert [shown(office, each) for each in (record, other)] == before
    assert len(cases(office, kind="late", status="open")) == 2
    assert cases(office, kind="held") == [], "one thing to decide is one case"


def test_what_is_not_let_in_stays_out_and_leaves_the_record_as_it_was(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record, digest = late_edit(office, north, colleague)
    path = f"/api/v1/cases/{the_case(office, 'late')['id']}/entries"
    assert office.post(path, "office", json={"dismiss": "不是他填的"}).status_code == 200
    assert the_case(office, "late")["status"] == "closed"
    assert admit(office, digest).get_json()["error"] == "case_closed"
    colleague.change(record, office.mailbox("north").get(record), {WORKERS: 12})
    office.judge()
    assert (workers(office, record), shown(office, record)["verdict"]) == (12, "accepted")


@pytest.mark.parametrize(("user", "status"), [("li.wei", 403), ("chen.jie", 403), ("office", 200), ("admin", 200)])
def test_who_may_let_edits_in(office: Office, north: Tablet, colleague: Tablet, user: str, status: int) -> None:
    _, digest = late_edit(office, north, colleague)
    assert admit(office, digest, user).status_code == status


def test_only_what_came_late_can_be_let_in(office: Office, north: Tablet, colleague: Tablet) -> None:
    late_edit(office, north, colleague)
    assert admit(office, "0" * 64).get_json()["error"] == "choice_unknown"


def test_work_of_before_that_comes_on_a_stick_is_kept_and_asked_about(
    office: Office, north: Tablet, unsent: Unsent
) -> None:
    doc = visit(north, 1)
    unsent.add("mailbox-north", doc)
    stick = unsent.bundle(north)
    revoke(office, north)
    assert send(office, stick, "chen.jie").get_json()["counts"]["written"] == 1
    office.judge()
    assert shown(office, doc["_id"])["reason"] == "revoked_device"
    assert admit(office, edit_digest(doc["edits"][0])).status_code == 200
    office.judge()
    assert shown(office, doc["_id"])["verdict"] == "returned", "it lacks a signature, and is judged as any other"


def test_the_office_lets_them_in_from_the_case_s_page(office: Office, north: Tablet, colleague: Tablet) -> None:
    record, digest = late_edit(office, north, colleague)
    client, where = office.enter("office", lang="en"), f"/office/cases/{the_case(office, 'late')['id']}"
    text = client.get(where).get_data(as_text=True)
    assert "Came after its device was revoked" in text
    assert f'name="edit" value="{digest}"' in text
    assert "Leave them out: close it" in text
    token = text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"csrf_token": token, "edit": digest, "note": "是他"}
    assert client.post(f"{where}/admission", data=form).status_code == 302
    office.judge()
    assert workers(office, record) == 9
    supervisor = office.enter("chen.jie", lang="en").get(where)
    assert "let it count" not in supervisor.get_data(as_text=True)
