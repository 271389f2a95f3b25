"""Proof of delivery: per team and device what has come, what was judged, and what is still out there since when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.deliveries import read_report, standings
from service.hub.visits import remember_visit
from service.readmodel import tables
from service.readmodel.office import OFFICE
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.readmodel.test_arrivals import ONE, OTHER, digest_of, photo, with_photos
from tests.service.test_clocks import report

NOW = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def tell(office: Office, tablet: Tablet, at: datetime, *skews: tuple[str, int], **held: Any) -> None:
    """Let a tablet say what it still holds."""
    doc = report(tablet, *skews, at=at.isoformat())
    doc["held"] |= held
    put(office, tablet, doc)


def put(office: Office, tablet: Tablet, doc: dict[str, Any]) -> None:
    standing = {row.id: row.rev for row in office.mailbox(tablet.team).all(keys=[doc["_id"]])}
    more = {"_rev": standing[doc["_id"]]} if doc["_id"] in standing else {}
    office.mailbox(tablet.team).put({**doc, **more}, user=tablet.member)
    office.judge()


def states(office: Office, now: datetime = NOW) -> dict[str, str]:
    return {each.person: each.state for each in standings(office.parts, None, now)}


def listed(office: Office, user: str = "office", **query: str) -> Any:
    return office.get("/api/v1/delivery", user, query_string=query).get_json()


def device(office: Office, tablet: Tablet, user: str = "office") -> Any:
    return office.get(f"/api/v1/delivery/{tablet.device}", user).get_json()


def test_a_device_that_is_registered_and_silent_stands_out(office: Office, north: Tablet) -> None:
    office.judge()
    [only] = listed(office)["items"]
    assert (only["device"], only["team"], only["person"], only["state"]) == (north.device, "north", "li.wei", "never")
    assert (only["heard"], only["report"], only["edits"]) == (None, None, 0)


def test_what_came_and_what_was_judged_are_counted(office: Office, north: Tablet, colleague: Tablet) -> None:
    record = with_photos(north, photo(office, ONE), digest_of(OTHER))
    colleague.change(record, office.mailbox("north").get(record), {"/closing/remarks": "同行"})
    office.judge()
    shown = device(office, north)
    assert (shown["edits"], shown["judged"], shown["files"], shown["missing"]) == (1, 1, 2, 1)
    assert [(each["id"], each["missing"], each["altered"]) for each in shown["records"]] == [(record, 1, 0)]
    assert (device(office, colleague)["edits"], device(office, colleague)["files"]) == (1, 0)
    photo(office, OTHER)
    office.judge()
    assert (device(office, north)["missing"], device(office, north)["records"]) == (0, [])


def test_an_edit_that_waits_for_its_form_has_come_and_is_not_judged(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    base = office.mailbox("north").get(record)
    edit = north.edit(record, base["edits"], {"/closing/remarks": "新版"})
    north.send_branch(record, base, north.signed(record, {**edit, "version": 9}))
    office.judge()
    shown = device(office, north)
    assert (shown["edits"], shown["judged"]) == (2, 0)


def test_other_bytes_under_a_photo_s_name_are_missing_and_named(office: Office, north: Tablet) -> None:
    with_photos(north, photo(office, OTHER, named=digest_of(ONE)))
    office.judge()
    [record] = device(office, north)["records"]
    assert (record["missing"], record["altered"]) == (1, 1)


def test_what_a_device_says_that_it_holds_is_told_with_its_age_and_its_clock(office: Office, north: Tablet) -> None:
    since = (NOW - timedelta(hours=5)).isoformat()
    skews = (("2026-03-09T00:00:00Z", 10), ("2026-03-10T07:00:00Z", 7_200_000))
    tell(office, north, NOW, *skews, records=2, files=3, bytes=4096, since=since)
    told = device(office, north)["report"]
    assert (told["records"], told["files"], told["bytes"], told["drafts"]) == (2, 3, 4096, 0)
    assert (told["since"], told["skew_ms"], len(told["skews"])) == ("2026-03-10T03:00:00.000Z", 7_200_000, 2)
    assert told["via"] is None


def test_the_hub_that_a_report_was_told_to_is_named(office: Office, north: Tablet) -> None:
    put(office, north, report(north, at=NOW.isoformat(), via="hub-north-1"))
    assert device(office, north)["report"]["via"] == "hub-north-1"


def test_the_worst_come_first(office: Office, north: Tablet, colleague: Tablet) -> None:
    south = Tablet(office, "wang.fang")
    tell(office, colleague, NOW - timedelta(hours=1))
    tell(office, south, NOW - timedelta(days=4), records=1, since=(NOW - timedelta(days=5)).isoformat())
    assert states(office) == {"wang.fang": "overdue", "li.wei": "never", "zhang.min": "clear"}
    assert list(states(office)) == ["wang.fang", "li.wei", "zhang.min"]
    tell(office, south, NOW - timedelta(days=4))
    tell(office, colleague, NOW - timedelta(hours=1), files=1)
    assert list(states(office).items()) == [("li.wei", "never"), ("wang.fang", "silent"), ("zhang.min", "out")]


def test_of_two_that_are_alike_the_one_without_word_for_longer_comes_first(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    tell(office, north, NOW - timedelta(days=4))
    tell(office, colleague, NOW - timedelta(days=9))
    assert list(states(office)) == ["zhang.min", "li.wei"]


def test_a_device_that_does_not_report_is_known_by_its_edits(office: Office, north: Tablet) -> None:
    with_photos(north, digest_of(ONE))
    office.judge()
    assert states(office, datetime(2026, 3, 3, tzinfo=UTC)) == {"li.wei": "out"}
    assert states(office) == {"li.wei": "overdue"}


def test_a_draft_is_nothing_that_is_out(office: Office, north: Tablet) -> None:
    tell(office, north, NOW, drafts=4)
    assert states(office) == {"li.wei": "clear"}


@pytest.mark.parametrize(
    "nonsense",
    [
        {"at": "soon"},
        {"held": None},
        {"held": {"records": -1}},
        {"at": "2099-01-01T00:00:00Z"},
        {"skews": [{"at": 5, "ms": "x"}]},
        {"by": 5},
        {"via": {"a": 1}},
    ],
)
def test_a_report_that_is_none_says_nothing(office: Office, north: Tablet, nonsense: dict[str, Any]) -> None:
    put(office, north, {**report(north), **nonsense})
    assert read_report(("north", north.device), {**report(north), **nonsense}, NOW) is None
    assert states(office) == {"li.wei": "never"}
    assert office.enter().get("/office/delivery").status_code == 200


def test_a_device_of_nobody_is_listed_by_its_id(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    base = office.mailbox("north").get(record)
    edit = {**north.edit(record, base["edits"], {"/closing/remarks": "?"}), "device": "feedfeedfeed"}
    north.send_branch(record, base, edit)
    office.judge()
    found = {each["device"]: each for each in listed(office)["items"]}
    assert (found["feedfeedfeed"]["person"], found["feedfeedfeed"]["label"]) == ("", "feedfeedfeed")
    assert found["feedfeedfeed"]["edits"] == 1


def test_a_device_that_was_locked_out_is_told_of_as_long_as_something_is_missing(office: Office, north: Tablet) -> None:
    with_photos(north, digest_of(ONE))
    reference = office.parts.store.database("reference")
    reference.put(reference.get(f"device:{north.device}") | {"revoked": True})
    office.judge()
    assert states(office) == {"li.wei": "overdue"}
    photo(office, ONE)
    office.judge()
    assert states(office) == {}


def test_the_office_s_own_device_is_none_that_delivers(office: Office, north: Tablet) -> None:
    record = north.fill({**VISIT, "/survey/workers": 100})
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 110})
    Tablet(office, "zhang.min").change(record, base, {"/survey/workers": 120})
    office.judge()
    case = office.get("/api/v1/cases?kind=conflict", "office").get_json()["items"][0]
    chosen = case["heads"][0]["edit"]
    assert office.post(f"/api/v1/cases/{case['id']}/decision", "office", json={"choose": chosen}).status_code == 200
    office.judge()
    assert {each["person"] for each in listed(office)["items"]} == {"li.wei", "zhang.min"}


def test_each_sees_their_own_teams(office: Office, north: Tablet) -> None:
    south = Tablet(office, "wang.fang")
    office.judge()
    assert {each["team"] for each in listed(office)["items"]} == {"north", "south"}
    assert {each["team"] for each in listed(office, "admin", team="south")["items"]} == {"south"}
    assert {each["team"] for each in listed(office, "chen.jie")["items"]} == {"north"}
    assert listed(office, "chen.jie", team="south") == {"items": [], "teams": [], "hubs": []}
    assert office.get(f"/api/v1/delivery/{south.device}", "chen.jie").status_code == 404
    assert office.get(f"/api/v1/delivery/{south.device}?team=south", "chen.jie").status_code == 404
    assert office.get("/api/v1/delivery", "li.wei").status_code == 403
    assert office.get("/api/v1/delivery").status_code == 401
    assert office.get("/api/v1/delivery?team=No!", "office").status_code == 422
    supervisor = office.enter("chen.jie")
    assert supervisor.get(f"/office/delivery/{south.device}").status_code == 404
    assert south.device not in supervisor.get("/office/delivery?team=south").get_data(as_text=True)


def test_teams_are_summed_up(office: Office, north: Tablet, colleague: Tablet) -> None:
    with_photos(north, digest_of(ONE))
    now = datetime.now(UTC)
    since = (now - timedelta(hours=2)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    tell(office, north, now, records=1, since=since)
    [team] = listed(office)["teams"]
    assert team == {
        "team": "north",
        "devices": 2,
        "silent": 1,
        "edits": 1,
        "judged": 1,
        "missing": 1,
        "waiting": 1,
        "since": since,
    }


def test_what_is_on_a_hub_alone_is_told_as_far_as_it_is_known(office: Office) -> None:
    told = {"at": "2026-03-09T00:00:00+00:00", "version": "1", "addresses": [], "waiting": 7, "refused": 1}
    database = office.parts.store.database(OFFICE)
    user = {"type": "user", "name": "hub-n1", "roles": ["hub"], "teams": ["north"], "password": "", "disabled": False}
    database.put({"_id": "user:hub-n1", **user})
    remember_visit(database, "hub-n1", told)
    [hub] = listed(office, "chen.jie")["hubs"]
    assert hub == {"hub": "n1", "teams": ["north"], "at": told["at"], "waiting": 7, "refused": 1}
    page = office.enter("chen.jie").get("/office/delivery?lang=en").get_data(as_text=True)
    assert "On it alone then" in page


def test_the_pages_say_it_in_words(office: Office, north: Tablet) -> None:
    record = with_photos(north, digest_of(ONE))
    tell(office, north, datetime.now(UTC), ("2026-03-02T03:20:00Z", -7_200_000), records=1, files=2)
    client = office.enter("office", lang="en")
    page = client.get("/office/delivery?lang=en").get_data(as_text=True)
    for words in ("On the way", "records: 1 · files: 2", "2 h behind", "李伟", "li.wei 1"):
        assert words in page, words
    one = client.get(f"/office/delivery/{north.device}?team=north&lang=zh-Hans").get_data(as_text=True)
    assert f"/office/records/{record}" in one.replace("%3A", ":")
    assert "照片未到齐的记录" in one


def test_a_rebuild_tells_the_same(office: Office, north: Tablet, colleague: Tablet) -> None:
    with_photos(north, photo(office, ONE), digest_of(OTHER))
    tell(office, colleague, NOW, files=1)
    places = ("/api/v1/delivery", f"/api/v1/delivery/{north.device}")
    before = [office.get(place, "office").data for place in places]
    tables.clear(office.parts.readmodel)
    office.judge()
    assert [office.get(place, "office").data for place in places] == before
