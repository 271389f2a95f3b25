"""A clock that is wrong is told of where it matters, and never changes a value, a receipt or merged bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.documents import check
from service.readmodel import tables
from sync.skew import is_doubted, skew_at
from sync.store import Forbidden
from tests.service.conftest import Office, Tablet
from tests.service.test_cases import WHOLE, cases, say, the_case
from tests.service.test_undo import PATH

LATEST = "/place"
HERE, THERE = ({"lat": "30.100000", "lon": lon} for lon in ("120.200000", "120.300000"))


def report(tablet: Tablet, *skews: tuple[str, int], **more: Any) -> dict[str, Any]:
    return {
        "_id": f"report:{tablet.device}",
        "type": "report",
        "team": tablet.team,
        "device": tablet.device,
        "by": tablet.user,
        "app": "test",
        "at": "2026-03-02T03:30:00Z",
        "skews": [{"at": at, "ms": ms} for at, ms in skews],
        "held": {"records": 0, "files": 0, "bytes": 0, "drafts": 0, "refused": 0, "since": None},
        **more,
    }


def send(office: Office, tablet: Tablet, *skews: tuple[str, int]) -> None:
    doc = report(tablet, *skews)
    assert check(doc) == {}
    standing = {row.id: row.doc for row in office.mailbox(tablet.team).all(keys=[doc["_id"]], include_docs=True)}
    if found := standing.get(doc["_id"]):
        doc["_rev"] = found["_rev"]
    office.mailbox(tablet.team).put(doc, user=tablet.member)
    office.judge()


@pytest.fixture
def ahead(office: Office) -> Tablet:
    """A tablet whose clock is a year ahead."""
    return Tablet(office, "zhang.min", wall=datetime(2027, 3, 2, 3, 10, tzinfo=UTC))


def collide(office: Office, north: Tablet, ahead: Tablet, path: str, one: Any, other: Any) -> str:
    record = north.fill(WHOLE)
    base = office.mailbox("north").get(record)
    ahead.change(record, base, {path: other})
    north.change(record, base, {path: one})
    office.judge()
    return record


def test_a_tablet_a_year_ahead_still_writes_sequels_and_is_followed(
    office: Office, north: Tablet, ahead: Tablet
) -> None:
    record = north.fill(WHOLE)
    ahead.change(record, office.mailbox("north").get(record), {PATH: "先"})
    office.judge()
    north.change(record, office.mailbox("north").get(record), {PATH: "后"})
    office.judge()
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert (shown["answers"]["closing"]["remarks"], shown["collisions"]) == ("后", 0)


def test_a_conflict_says_whose_clock_was_wrong(office: Office, north: Tablet, ahead: Tablet) -> None:
    collide(office, north, ahead, PATH, "甲", "乙")
    send(office, ahead, ("2026-03-02T03:20:00Z", 31_536_000_000))
    case = office.get(f"/api/v1/cases/{the_case(office, 'conflict')['id']}", "office").get_json()
    told = {head["value"]: (head["skew_ms"], head["doubted"]) for head in case["heads"]}
    assert told == {"甲": (None, False), "乙": (31_536_000_000, True)}


def test_the_skew_counts_that_was_measured_around_the_edit() -> None:
    """By the device's own clock: it was set right between its two syncs."""
    doc = {"skews": [{"at": "2026-03-01T00:00:00Z", "ms": 7_200_000}, {"at": "2026-03-03T00:00:00Z", "ms": 20}]}
    assert skew_at(doc, "2026-03-01T03:00:00.000Z/0000/aa") == 7_200_000
    assert skew_at(doc, "2026-03-02T23:00:00.000Z/0000/aa") == 20
    assert [is_doubted(skew) for skew in (None, 3_600_000, 3_600_001, -3_600_001)] == [False, False, True, True]


@pytest.mark.parametrize(
    "skews", [None, "x", [None], [{"at": "soon", "ms": 5}], [{"at": "2026-03-01T00:00:00Z", "ms": "5"}]]
)
def test_a_report_that_says_nonsense_says_nothing(skews: Any) -> None:
    assert skew_at({"skews": skews}, "2026-03-01T03:00:00.000Z/0000/aa") is None
    assert skew_at(None, "2026-03-01T03:00:00.000Z/0000/aa") is None
    assert skew_at({"skews": [{"at": "2026-03-01T00:00:00Z", "ms": 5}]}, "nonsense") is None


def test_a_report_is_of_ones_own_team(office: Office, north: Tablet) -> None:
    with pytest.raises(Forbidden, match="belongs to the team north"):
        office.mailbox("north").put(report(north, team="south"), user=north.member)


def test_the_report_changes_no_receipt_and_no_record(office: Office, north: Tablet, ahead: Tablet) -> None:
    record = collide(office, north, ahead, PATH, "甲", "乙")
    ids = [record, f"receipt:{record}:office"]
    before = [row.doc for row in office.mailbox("north").all(keys=ids, include_docs=True)]
    send(office, ahead, ("2026-03-02T03:20:00Z", 31_536_000_000))
    assert [row.doc for row in office.mailbox("north").all(keys=ids, include_docs=True)] == before


def everything(office: Office) -> list[Any]:
    return [office.get(f"/api/v1/cases/{case['id']}", "office").get_json() for case in cases(office)]


@pytest.mark.parametrize("report_first", [True, False])
def test_what_a_wrong_clock_has_settled_is_a_case_whatever_came_first(
    office: Office, north: Tablet, ahead: Tablet, report_first: bool
) -> None:
    skew = ("2026-03-02T03:20:00Z", 31_536_000_000)
    if report_first:
        send(office, ahead, skew)
    record = collide(office, north, ahead, LATEST, HERE, THERE)
    if not report_first:
        assert cases(office, kind="clock") == []
        send(office, ahead, skew)
    case = the_case(office, "clock")
    assert (case["record"], case["path"], case["status"]) == (record, LATEST, "open")
    assert list(case["detail"]["skews"].values()) == [31_536_000_000]
    before = everything(office)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert everything(office) == before
    send(office, ahead, ("2026-03-02T03:20:00Z", 1000))
    assert cases(office, kind="clock") == []


def test_such_a_case_is_decided_like_a_conflict_or_waved_through(office: Office, north: Tablet, ahead: Tablet) -> None:
    send(office, ahead, ("2026-03-02T03:20:00Z", 31_536_000_000))
    record = collide(office, north, ahead, LATEST, HERE, THERE)
    assert say(office, the_case(office, "clock"), dismiss="查过了").get_json()["status"] == "closed"
    assert say(office, the_case(office, "clock"), reopen="再查").get_json()["status"] == "open"
    case = the_case(office, "clock")
    chosen = next(head["edit"] for head in case["heads"] if head["value"] == HERE)
    assert office.post(f"/api/v1/cases/{case['id']}/decision", "office", json={"choose": chosen}).status_code == 200
    office.judge()
    assert cases(office, kind="clock", status="open") == []
    assert office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["place"] == HERE
    assert office.post(f"/api/v1/cases/{case['id']}/undo", "office", json={}).status_code == 200
    office.judge()
    # The office's own edit has now seen one from next year, so the edits themselves say that a clock is wrong.
    assert the_case(office, "conflict")["path"] == LATEST
