"""Intake on a real store and read model: verdicts, merges, what waits."""

from __future__ import annotations

import pytest

from schemas.bundled import bundled
from service.campaign import Campaign
from service.readmodel import tables
from service.readmodel.intake import intake_of
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import ADMIN
from sync.verdict import Judge
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.readmodel.judging import BASE, receipt_of, rows_of


def test_a_record_with_mistakes_is_returned_with_each_of_them_in_three_languages(office: Office, north: Tablet) -> None:
    record = north.fill({**VISIT, "/survey/workers": -4, "/survey/operation": "unheard-of", "/visitors": ""})
    office.judge()
    receipt = receipt_of(office, record)
    assert receipt["verdict"] == "returned"
    told = {error["path"]: error for error in receipt["errors"]}
    assert {told[path]["code"] for path in ("/survey/workers", "/survey/operation", "/visitors")} == {
        "too_small",
        "not_a_choice",
        "required",
    }
    assert all(set(error["message"]) == {"zh-Hans", "zh-Hant", "en"} for error in receipt["errors"])


def test_a_receipt_is_not_written_again_when_it_would_say_the_same(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    before = receipt_of(office, record)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert receipt_of(office, record) == before


def test_judging_again_when_nothing_came_writes_nothing(office: Office, north: Tablet) -> None:
    north.fill(VISIT)
    office.judge()
    before = office.mailbox("north").info()
    assert office.judge() == 0
    assert office.mailbox("north").info() == before


def test_two_tablets_that_met_make_one_leaf_with_every_edit(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 110})
    colleague.change(record, base, {"/survey/workers": 120, "/closing/remarks": "回访"})
    office.judge()
    leaves = [leaf for leaf in office.mailbox("north").leaves(record) if not leaf.get("_deleted")]
    assert len(leaves) == 1
    assert len(leaves[0]["edits"]) == 3
    assert leaves[0]["answers"]["survey"]["workers"] == 120
    assert leaves[0]["answers"]["closing"]["remarks"] == "回访"
    assert receipt_of(office, record)["collisions"] == ["/survey/workers"]


def test_a_record_waits_for_its_form_version_and_is_judged_once_it_is_there(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    doc = office.mailbox("north").get(record)
    edit = north.edit(record, doc["edits"], {"/survey/workers": 7})
    edit = sign_edit(record, {name: value for name, value in edit.items() if name != "sig"} | {"version": 2}, north.key)
    office.mailbox("north").put({**doc, "edits": [*doc["edits"], edit], "version": 2}, user=north.member)
    office.judge()
    assert (receipt_of(office, record)["verdict"], receipt_of(office, record)["reason"]) == ("held", "unknown_version")
    definition = next(each for each in bundled().values() if each["form"] == "enterprise-visit")
    Campaign(office.parts.store).publish({**definition, "version": 2})
    office.judge()
    receipt = receipt_of(office, record)
    assert (receipt["verdict"], receipt["version"]) == ("returned", 2)


def test_a_record_of_an_unknown_device_waits_for_it(office: Office, north: Tablet) -> None:
    key = generate_key()
    jwk = public_jwk(key)
    stranger = device_id(jwk)
    real = north.key, north.device
    north.key, north.device = key, stranger
    record = north.fill(VISIT)
    north.key, north.device = real
    office.judge()
    assert receipt_of(office, record)["reason"] == "unknown_device"
    doc = {"_id": f"device:{stranger}", "type": "device", "device": stranger, "public_key": jwk, "user": "li.wei"}
    office.parts.store.database("reference").put({**doc, "label": "late", "revoked": False}, user=ADMIN)
    office.judge()
    assert receipt_of(office, record)["reason"] is None


def test_a_conflict_is_judged_once_and_its_merge_not_again(
    office: Office, north: Tablet, colleague: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was judged while it waited, and what comes back as intake wrote it, is told by its edits and leaves."""
    asked: list[str] = []
    real = Judge.judge
    monkeypatch.setattr(Judge, "judge", lambda *given: asked.append(given[2]["_rev"]) or real(*given))
    intake = intake_of(office.parts)
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 110})
    colleague.change(record, base, {"/survey/workers": 120})
    intake.drain()
    merged = office.mailbox("north").get(record)
    assert (len(merged["edits"]), len(asked)) == (3, 1)
    before = rows_of(office.parts)
    assert merged["_rev"] in str(before["records"])
    north.change(record, merged, {"/survey/workers": 130})
    intake.drain()
    assert (len(asked), receipt_of(office, record)["collisions"]) == (2, [])
    before = rows_of(office.parts)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert rows_of(office.parts) == before


def test_a_merge_that_met_another_leaf_before_it_came_back_is_judged(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    intake = intake_of(office.parts)
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 110})
    colleague.change(record, base, {"/survey/workers": 120})
    assert intake.step("mailbox-north") > 0
    assert intake.merge_due("mailbox-north", at_once=True) > 0
    north.change(record, base, {"/closing/remarks": "又来一次"})
    intake.drain()
    assert len(office.mailbox("north").get(record)["edits"]) == 4
    before = rows_of(office.parts)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert rows_of(office.parts) == before
