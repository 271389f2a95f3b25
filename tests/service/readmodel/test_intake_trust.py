"""What intake makes of edits that are forged, erased or left out: they do not count, do nothing, and are put back."""

from __future__ import annotations

import pytest

from sync.edits import edit_digest
from sync.store import Forbidden, UserContext
from tests.service.conftest import Office, Tablet
from tests.service.readmodel.judging import BASE, receipt_of


def test_an_edit_that_a_later_revision_lacks_is_put_back(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/closing/remarks": "第一次"})
    office.judge()
    whole = office.mailbox("north").get(record)
    assert len(whole["edits"]) == 2
    with pytest.raises(Forbidden, match="only ever added"):
        office.mailbox("north").put({**whole, "edits": whole["edits"][:1]}, user=north.member)
    # A branch without a predecessor cannot be compared with anything: intake remembers.
    branch = {"_rev": "9-" + "b" * 32, "_revisions": {"start": 9, "ids": ["b" * 32]}}
    assert office.mailbox("north").put_revisions([{**whole, **branch, "edits": whole["edits"][:1]}]) == []
    office.judge()
    mended = office.mailbox("north").get(record)
    assert mended["edits"] == whole["edits"]
    shown = office.get(f"/api/v1/records/{record}", "li.wei").get_json()
    assert shown["answers"]["closing"]["remarks"] == "第一次"


def test_a_record_that_a_tablet_deletes_comes_back(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    office.judge()
    standing = office.mailbox("north").get(record)
    kept = {name: standing[name] for name in ("_id", "_rev", "type", "form", "version", "team", "edits")}
    office.mailbox("north").put({**kept, "_deleted": True}, user=north.member)
    office.judge()
    assert office.mailbox("north").get(record)["edits"] == standing["edits"]


def test_an_edit_that_nobody_signed_does_not_count_and_is_kept(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    forged = {**north.edit(record, base["edits"], {"/survey/workers": 5}), "set": {"/survey/workers": 9000}}
    body = {name: value for name, value in base.items() if not name.startswith("_rev")}
    office.mailbox("north").put({**body, "_rev": base["_rev"], "edits": [*base["edits"], forged]}, user=north.member)
    office.judge()
    receipt = receipt_of(office, record)
    assert (receipt["verdict"], receipt["errors"][0]["code"]) == ("returned", "bad_signature")
    row = office.get(f"/api/v1/records/{record}", "li.wei").get_json()
    assert row["answers"]["survey"]["workers"] == 100
    assert len(office.mailbox("north").get(record)["edits"]) == 2


def test_a_forged_copy_takes_nothing_out_of_force(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    genuine = base["edits"][0]
    other = {**genuine, "set": {**genuine["set"], "/survey/workers": 1}, "sig": "x" * 86}
    junk = [{**genuine, "sig": f"{number:086d}"} for number in range(4)]
    office.mailbox("north").put({**base, "edits": [genuine, other, *junk]}, user=north.member)
    office.judge()
    shown = office.get(f"/api/v1/records/{record}", "li.wei").get_json()
    assert shown["answers"]["survey"]["workers"] == 100
    assert {error["code"] for error in receipt_of(office, record)["errors"]} >= {"bad_signature"}


def test_a_forged_version_holds_nobody_up(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    forged = {**colleague.edit(record, base["edits"], {"/survey/workers": 5}), "version": 999}
    office.mailbox("north").put({**base, "edits": [*base["edits"], forged]}, user=north.member)
    office.judge()
    receipt = receipt_of(office, record)
    assert (receipt["verdict"], receipt["reason"], receipt["version"]) == ("returned", None, 1)


def test_nobody_signs_for_somebody_else(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.user = "chen.jie"
    edit = north.edit(record, base["edits"], {"/_state": "approved"})
    north.user = "li.wei"
    office.mailbox("north").put({**base, "edits": [*base["edits"], edit]}, user=north.member)
    office.judge()
    assert [error["code"] for error in receipt_of(office, record)["errors"]][:1] == ["wrong_author"]
    assert office.get(f"/api/v1/records/{record}", "li.wei").get_json()["state"] == "submitted"


def test_a_record_that_is_deleted_before_it_was_ever_judged_comes_back(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    standing = office.mailbox("north").get(record)
    kept = {name: standing[name] for name in ("_id", "_rev", "type", "form", "version", "team", "edits")}
    office.mailbox("north").put({**kept, "_deleted": True}, user=north.member)
    office.judge()
    assert office.mailbox("north").get(record)["edits"] == standing["edits"]
    assert receipt_of(office, record)["record"] == record


def test_a_tablet_cannot_erase_an_edit(office: Office, north: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    genuine = base["edits"][0]
    stub = {"id": genuine["id"], "at": genuine["at"], "erased": edit_digest(genuine)}
    with pytest.raises(Forbidden, match="erased by the office"):
        office.mailbox("north").put({**base, "edits": [stub]}, user=north.member)


def test_a_hub_passes_on_what_the_office_has_erased_and_erases_nothing_itself(office: Office, north: Tablet) -> None:
    record, mailbox = north.fill(BASE), office.mailbox("north")
    hub = UserContext("hub-north-1", frozenset({"hub", "team:north"}))
    base = mailbox.get(record)
    genuine = base["edits"][0]
    stub = {"id": genuine["id"], "at": genuine["at"], "erased": edit_digest(genuine)}
    with pytest.raises(Forbidden, match="by the office alone"):
        mailbox.put({**base, "edits": [stub]}, user=hub)
    office.judge()
    assert mailbox.get(record)["edits"] == [genuine]
    mailbox.put({**mailbox.get(record), "edits": [stub]})
    later = mailbox.get(record)
    mailbox.put({**later, "edits": [stub, north.edit(record, [], {"/survey/workers": 5})]}, user=hub)
    office.judge()
    assert stub in mailbox.get(record)["edits"]
