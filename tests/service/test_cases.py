"""Every kind of case follows from the documents; what people add to it is kept beside, and outlives a rebuild."""

from __future__ import annotations

from typing import Any

import pytest

from service.cases.kinds import KINDS, case_id
from service.readmodel import tables
from service.readmodel.intake import intake_of
from service.readmodel.office import OfficeFeed
from sync.signature import sign_edit
from tests.service.conftest import VISIT, Office, Tablet

WHOLE: dict[str, Any] = {
    **VISIT,
    "/people_met/01JDA000000000000000000001": {},
    "/people_met/01JDA000000000000000000001/person_name": "赵强",
    "/people_met/01JDA000000000000000000001/person_position": "owner",
    "/closing/signature": "a" * 64,
}
"""A visit with nothing left out."""


def cases(office: Office, user: str = "office", **query: str) -> list[dict[str, Any]]:
    answer = office.get("/api/v1/cases", user, query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return list(answer.get_json()["items"])


def the_case(office: Office, kind: str, **query: str) -> dict[str, Any]:
    (case,) = cases(office, kind=kind, **query)
    return case


def say(office: Office, case: dict[str, Any], user: str = "office", **entry: Any) -> Any:
    return office.post(f"/api/v1/cases/{case['id']}/entries", user, json=entry)


@pytest.fixture
def returned(office: Office, north: Tablet) -> str:
    record = north.fill({**VISIT, "/survey/workers": -4})
    office.judge()
    return record


def send(office: Office, tablet: Tablet, record: str, edits: list[Any], **more: Any) -> None:
    """A further revision of a record with these edits added."""
    doc = office.mailbox(tablet.team).get(record)
    together = [*doc["edits"], *edits]
    office.mailbox(tablet.team).put(doc | tablet.worked_out(together) | {"edits": together} | more, user=tablet.member)
    office.judge()


# What follows from the documents


def test_a_whole_record_makes_no_case(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    office.judge()
    assert office.get(f"/api/v1/records/{record}", "office").get_json()["problems"] == []
    assert cases(office) == []


def test_a_returned_record_is_a_case_of_its_team_until_it_is_mended(office: Office, north: Tablet) -> None:
    record = north.fill({**WHOLE, "/survey/workers": -4})
    office.judge()
    case = the_case(office, "invalid")
    assert (case["record"], case["team"], case["status"], case["owner"]) == (record, "north", "open", "chen.jie")
    assert case["due"] == "2026-03-07"
    assert [each["path"] for each in case["detail"]["problems"]] == ["/survey/workers"]
    assert set(case["title"]) == set(case["settles"]) == {"zh-Hans", "zh-Hant", "en"}
    send(
        office,
        north,
        record,
        [north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 4})],
    )
    assert cases(office) == []


def test_a_case_that_somebody_spoke_of_stays_and_says_which_edit_ended_it(office: Office, north: Tablet) -> None:
    record = north.fill({**WHOLE, "/survey/workers": -4})
    office.judge()
    case = the_case(office, "invalid")
    assert say(office, case, comment="已电话催办").status_code == 200
    mending = north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 4})
    send(office, north, record, [mending])
    after = the_case(office, "invalid", status="closed")
    assert (after["id"], after["closed_by"], after["closed_how"]) == (case["id"], mending["id"], "edit")
    assert office.get(f"/api/v1/cases/{case['id']}", "office").get_json()["entries"][0]["text"] == "已电话催办"


def test_a_record_of_an_unpublished_version_is_held(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    edit = north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 7})
    later = {name: value for name, value in edit.items() if name != "sig"} | {"version": 2}
    send(office, north, record, [sign_edit(record, later, north.key)], version=2)
    assert the_case(office, "held")["detail"] == {"reason": "unknown_version", "version": 2}


def test_an_edit_that_its_device_did_not_sign_is_a_case(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    edit = north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 7})
    send(office, north, record, [edit | {"set": {"/survey/workers": 9000}}])
    case = the_case(office, "signature")
    assert [(each["id"], each["fault"]) for each in case["detail"]["edits"]] == [(edit["id"], "bad_signature")]


def test_two_edits_by_one_id_are_a_case(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    edit = north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 7})
    unsigned = {name: value for name, value in edit.items() if name != "sig"}
    other = sign_edit(record, unsigned | {"set": {"/survey/workers": 8}}, north.key)
    send(office, north, record, [edit, other])
    assert the_case(office, "contested")["detail"]["count"] == 2
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert shown["answers"]["survey"]["workers"] == WHOLE["/survey/workers"]


def test_answers_that_a_tablet_worked_out_otherwise_are_a_case_and_refuse_nothing(
    office: Office, north: Tablet
) -> None:
    record = north.fill(WHOLE)
    doc = office.mailbox("north").get(record)
    office.mailbox("north").put(doc | {"answers": doc["answers"] | {"visitors": "别人"}}, user=north.member)
    office.judge()
    case = the_case(office, "mismatch")
    assert case["detail"] == {"count": 1, "fields": ["visitors"]}
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()
    assert (shown["verdict"], shown["answers"]["visitors"]) == ("accepted", WHOLE["/visitors"])


def test_no_record_id_runs_into_the_next_part_of_a_case_id() -> None:
    assert case_id("conflict", "north", "record:a", "/b") != case_id("conflict", "north", "record:a/", "b")
    assert case_id("conflict", "north", "x") != case_id("invalid", "north", "x")


def test_thousands_of_collisions_in_one_record_open_a_bounded_number_of_cases(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    record = north.fill(WHOLE)
    base = office.mailbox("north").get(record)
    paths = [f"/made_up_{number}" for number in range(1000)]
    north.change(record, base, dict.fromkeys(paths, "a"))
    colleague.change(record, base, dict.fromkeys(paths, "b"))
    office.judge()
    found = cases(office, kind="conflict", limit="200")
    assert len(found) == 200
    assert found[0]["detail"] == {"more": 800}
    assert office.get("/api/v1/cases/counts", "office").get_json()["kinds"]["conflict"] == 200


# What people add


def test_an_owner_and_a_due_day_can_be_given_and_taken_back(office: Office, returned: str) -> None:
    case = the_case(office, "invalid")
    assert say(office, case, owner="office").get_json()["owner"] == "office"
    assert say(office, case, due="2026-12-24").get_json()["due"] == "2026-12-24"
    assert [each["id"] for each in cases(office, owner="office")] == [case["id"]]
    assert cases(office, owner="chen.jie") == []
    assert say(office, case, owner=None).get_json()["owner"] == "chen.jie"
    assert say(office, case, due=None).get_json()["due"] == case["due"]
    entries = office.get(f"/api/v1/cases/{case['id']}", "office").get_json()["entries"]
    assert [(each["kind"], each["by"]) for each in entries] == [("owner", "office"), ("due", "office")] * 2


def test_an_entry_that_is_sent_twice_is_there_once(office: Office, returned: str) -> None:
    case = the_case(office, "invalid")
    for _ in range(2):
        answer = say(office, case, comment="一次", id="01JDA000000000000000000009")
        assert answer.status_code == 200
    assert len(answer.get_json()["entries"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"comment": "x", "owner": "office"},
        {"comment": ""},
        {"comment": "\0"},
        {"comment": "x" * 2001},
        {"comment": 5},
        {"id": "x", "comment": "y"},
        {"owner": "Nobody!"},
        {"owner": "not.here"},
        {"due": "soon"},
    ],
)
def test_what_says_nothing_or_nonsense_is_refused(office: Office, returned: str, body: dict[str, Any]) -> None:
    answer = say(office, the_case(office, "invalid"), **body)
    assert answer.status_code == 422
    assert the_case(office, "invalid")["owner"] == "chen.jie"


def test_a_case_that_has_to_be_settled_cannot_be_waved_through(office: Office, returned: str) -> None:
    answer = say(office, the_case(office, "invalid"), dismiss="没关系")
    assert (answer.status_code, answer.get_json()["error"]) == (409, "not_dismissible")


def test_what_was_waved_through_opens_anew_when_the_facts_are_others(office: Office, north: Tablet) -> None:
    record = north.fill(WHOLE)
    edits = office.mailbox("north").get(record)["edits"]
    edit = north.edit(record, edits, {"/survey/workers": 7})
    send(office, north, record, [edit | {"set": {"/survey/workers": 9000}}])
    case = the_case(office, "signature")
    assert say(office, case, dismiss="试验用的平板").get_json()["status"] == "closed"
    assert the_case(office, "signature", status="closed")["closed_how"] == "dismissed"
    send(office, north, record, [edit | {"set": {"/survey/workers": 9001}}])
    assert the_case(office, "signature", status="open")["detail"]["count"] == 2


def test_lists_filter_and_pages_follow_each_other(office: Office, north: Tablet) -> None:
    for _ in range(5):
        north.fill({**WHOLE, "/survey/workers": -4})
    office.judge()
    everything = cases(office, kind="invalid")
    assert [case["opened"] for case in everything] == sorted(case["opened"] for case in everything)
    paged, cursor = [], ""
    for _ in range(3):
        answer = office.get("/api/v1/cases", "office", query_string={"kind": "invalid", "limit": 2, "cursor": cursor})
        paged += answer.get_json()["items"]
        cursor = answer.get_json()["next"]
    assert (paged, cursor) == (everything, None)
    assert cases(office, kind="conflict") == cases(office, team="south") == cases(office, form="complaint") == []
    assert cases(office, due="2026-03-06") == cases(office, opened="2026-03-01") == []
    assert len(cases(office, kind="invalid", due="2026-03-07", sort="due")) == 5
    assert len(cases(office, kind="invalid", opened="2026-03-02")) == 5
    assert say(office, everything[0], snooze="2026-05-01").get_json()["snoozed"] == "2026-05-01"
    assert len(cases(office, kind="invalid", awake="2026-04-30")) == 4
    assert len(cases(office, kind="invalid", awake="2026-05-01")) == 5


def test_counts_are_of_ones_own_teams(office: Office, returned: str) -> None:
    Tablet(office, "wang.fang").fill({**WHOLE, "/survey/workers": -4, "/visited_on": "2026-02-02"})
    office.judge()
    path = "/api/v1/cases/counts?today=2026-03-08"
    assert office.get(path, "office").get_json() == {"kinds": {"invalid": 2}, "total": 2, "overdue": 2, "mine": 0}
    assert office.get(path, "chen.jie").get_json() == {"kinds": {"invalid": 1}, "total": 1, "overdue": 1, "mine": 1}


def test_a_supervisor_says_nothing_of_another_teams_case(office: Office) -> None:
    Tablet(office, "wang.fang").fill({**WHOLE, "/survey/workers": -4})
    office.judge()
    case = the_case(office, "invalid")
    assert say(office, case, "chen.jie", comment="x").get_json()["error"] == "case_unknown"
    assert say(office, case, "wang.fang", comment="x").status_code == 403
    assert case["owner"] is None
    assert [each["id"] for each in cases(office, owner="-")] == [case["id"]]


def test_every_kind_has_its_words() -> None:
    for kind in KINDS.values():
        assert all(kind.title.values()) and all(kind.settles.values())


def test_a_rebuild_gives_the_same_cases_with_all_that_was_said(office: Office, north: Tablet, returned: str) -> None:
    record = north.fill({**WHOLE, "/survey/workers": -4, "/visited_on": "2026-02-02"})
    office.judge()
    for case in cases(office, kind="invalid"):
        say(office, case, comment="看过", id="01JDA000000000000000000009")
    send(
        office,
        north,
        record,
        [north.edit(record, office.mailbox("north").get(record)["edits"], {"/survey/workers": 4})],
    )

    def everything() -> list[Any]:
        listed = cases(office)
        return [listed, *(office.get(f"/api/v1/cases/{case['id']}", "office").get_json() for case in listed)]

    before = everything()
    assert sorted(case["status"] for case in before[0]) == ["closed", "open"]
    tables.clear(office.parts.readmodel)
    assert cases(office) == []
    office.judge()
    assert everything() == before
    tables.clear(office.parts.readmodel)
    intake_of(office.parts).drain()  # the other way round: the records first
    OfficeFeed(office.parts.store, office.parts.readmodel).drain()
    assert everything() == before
