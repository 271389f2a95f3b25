"""Where revisions keep lacking an edit that was there, the office is asked the third time, and nothing is lost."""

from __future__ import annotations

import hashlib
from typing import Any

from service.auth.devices import Devices
from service.auth.directory import Device
from service.readmodel import tables
from sync.store import ADMIN
from tests.service.conftest import Office, Tablet
from tests.service.test_cases import WHOLE, cases, say, the_case

REMARKS = "/closing/remarks"


def take_out(office: Office, tablet: Tablet, record: str, edit_id: str, text: str) -> None:
    """A revision without an edit that was there, and with a fresh one, as a CouchDB may let it in.

    It comes as a branch of its own, and says only then what it descends from. The embedded store keeps members from
    that; its administrator stands here for a store that does not.
    """
    doc = office.mailbox("north").get(record)
    kept = [edit for edit in doc["edits"] if edit["id"] != edit_id]
    fresh = tablet.edit(record, kept, {REMARKS: text})
    generation, current = doc["_rev"].split("-")
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    start = int(generation) + 1
    edits = [*kept, fresh]
    body = {**doc, "_rev": f"{start}-{digest}", "edits": edits, **tablet.worked_out(edits)}
    for ids, user in (([digest], tablet.member), ([digest, current], ADMIN)):
        branch = {**body, "_revisions": {"start": start, "ids": ids}}
        assert office.mailbox("north").put_revisions([branch], user=user) == []
    office.judge()


def device(office: Office, tablet: Tablet) -> Device:
    found = office.parts.directory.device(tablet.device)
    assert found is not None
    return found


def begin(office: Office, north: Tablet, colleague: Tablet) -> tuple[str, str]:
    record = north.fill(WHOLE)
    office.judge()
    north.change(record, office.mailbox("north").get(record), {"/survey/workers": 99})
    office.judge()
    return record, office.mailbox("north").get(record)["edits"][-1]["id"]


def ids(office: Office, record: str) -> set[str]:
    return {edit["id"] for edit in office.mailbox("north").get(record)["edits"]}


def test_the_third_time_asks_the_office_and_the_edit_is_always_put_back(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record, edit = begin(office, north, colleague)
    for number in range(3):
        assert cases(office, kind="quarantine") == []
        take_out(office, colleague, record, edit, f"第{number}次")
        assert edit in ids(office, record)
    case = the_case(office, "quarantine")
    assert (case["detail"], case["team"]) == ({"device": colleague.device, "times": 3}, "")
    assert cases(office, "chen.jie", kind="quarantine") == [], "devices are the office's matter"
    assert [each["kind"] for each in office.get(f"/api/v1/cases/{case['id']}", "office").get_json()["entries"]] == [
        "put_back"
    ] * 3
    assert not device(office, colleague).revoked, "who signed fresh edits is not who took another one out"


def test_what_was_waved_through_is_asked_again_when_it_goes_on_and_lets_no_revoked_device_in(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record, edit = begin(office, north, colleague)
    for number in range(3):
        take_out(office, colleague, record, edit, f"第{number}次")
    Devices(office.parts.directory).revoke(colleague.device, ())
    assert say(office, the_case(office, "quarantine"), dismiss="程序已升级").get_json()["status"] == "closed"
    assert device(office, colleague).revoked, "it was revoked for a reason of its own"
    for number in range(3, 6):
        assert the_case(office, "quarantine")["status"] == "closed"
        take_out(office, colleague, record, edit, f"第{number}次")
    assert the_case(office, "quarantine")["status"] == "open"


def test_a_forged_edit_shuts_nobody_out(office: Office, north: Tablet, colleague: Tablet) -> None:
    """Somebody writes revisions that lack an edit, with edits that claim to be another device's."""
    record, edit = begin(office, north, colleague)
    real = colleague.edit

    def forged(*args: Any, **more: Any) -> dict[str, Any]:
        return {**real(*args, **more), "device": north.device, "by": north.user}

    colleague.edit = forged  # type: ignore[method-assign]
    for number in range(4):
        take_out(office, colleague, record, edit, f"第{number}次")
    assert not device(office, north).revoked
    assert cases(office, kind="quarantine") == []


def test_a_rebuild_gives_the_same_case(office: Office, north: Tablet, colleague: Tablet) -> None:
    record, edit = begin(office, north, colleague)
    for number in range(3):
        take_out(office, colleague, record, edit, f"第{number}次")
    before = the_case(office, "quarantine")
    tables.clear(office.parts.readmodel)
    office.judge()
    assert the_case(office, "quarantine") == before


def test_branches_that_never_met_lack_nothing(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = north.fill(WHOLE)
    base = office.mailbox("north").get(record)
    for number in range(4):
        north.change(record, base, {"/survey/workers": number})
        colleague.change(record, base, {REMARKS: str(number)})
        office.judge()
    assert cases(office, kind="quarantine") == []
    assert not device(office, colleague).revoked
