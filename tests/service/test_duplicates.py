"""Records that may be the same thing: found by identity and by slips, joined and taken apart, or waved through."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from service.cases import joins
from service.readmodel import duplicates, tables
from tests.service.conftest import Office, Tablet
from tests.service.test_cases import WHOLE, cases, say

REMARKS = "/closing/remarks"
ROW = "/problems/01JDA000000000000000000002"


@pytest.fixture
def south(office: Office) -> Tablet:
    return Tablet(office, "wang.fang")


def the_duplicate(office: Office, user: str = "office", **query: str) -> dict[str, Any]:
    (case,) = cases(office, user, kind="duplicate", **query)
    return case


def open_duplicates(office: Office, user: str = "office") -> list[dict[str, Any]]:
    return cases(office, user, kind="duplicate", status="open")


def ask(office: Office, what: str, user: str = "office", **body: Any) -> Any:
    case = the_duplicate(office)
    return office.post(f"/api/v1/cases/{case['id']}/{what}", user, json=body)


def named(record: str, team: str = "north") -> dict[str, str]:
    return {"team": team, "record": record}


def shown(office: Office, record: str, team: str = "north") -> Any:
    return office.get(f"/api/v1/records/{record}?team={team}", "office").get_json()


def see(office: Office, case: dict[str, Any]) -> str:
    return office.enter(lang="zh-Hans").get(f"/office/cases/{case['id']}").get_data(as_text=True)


def two(office: Office, one: Tablet, other: Tablet) -> tuple[str, str]:
    records = one.fill({**WHOLE, REMARKS: "一"}), other.fill({**WHOLE, REMARKS: "二", "/survey/workers": 121})
    office.judge()
    return records


# Finding


def test_the_same_identity_in_one_team_is_a_case_of_that_team(office: Office, north: Tablet, colleague: Tablet) -> None:
    records = two(office, north, colleague)
    case = the_duplicate(office, "chen.jie")
    assert (case["team"], case["detail"]["match"]) == ("north", "same")
    assert sorted(each["record"] for each in case["detail"]["documents"]) == sorted(records)
    for record in records:
        assert case["id"] in shown(office, record)["cases"]


def test_the_same_identity_in_two_teams_is_the_offices(office: Office, north: Tablet, south: Tablet) -> None:
    two(office, north, south)
    case = the_duplicate(office)
    assert (case["team"], {each["team"] for each in case["detail"]["documents"]}) == ("", {"north", "south"})
    assert open_duplicates(office, "chen.jie") == []
    for what, body in (("entries", {"comment": "x"}), ("join", {"survivor": named("record:f:" + "0" * 26)})):
        answer = office.post(f"/api/v1/cases/{case['id']}/{what}", "chen.jie", json=body)
        assert answer.status_code == 404


def test_neighbouring_days_are_a_case_and_days_apart_are_none(office: Office, north: Tablet) -> None:
    for day in ("2026-03-02", "2026-03-03", "2026-03-05"):
        north.fill({**WHOLE, "/visited_on": day})
    office.judge()
    assert the_duplicate(office)["detail"]["match"] == "day"


def test_a_third_of_the_same_joins_the_case(office: Office, north: Tablet, colleague: Tablet) -> None:
    two(office, north, colleague)
    first = the_duplicate(office)
    north.fill(WHOLE)
    office.judge()
    case = the_duplicate(office)
    assert (case["id"], len(case["detail"]["documents"])) == (first["id"], 3)


def test_it_ends_when_an_identity_is_mended(office: Office, north: Tablet, colleague: Tablet) -> None:
    _, other = two(office, north, colleague)
    colleague.change(other, office.mailbox("north").get(other), {"/visited_on": "2026-05-20"})
    office.judge()
    assert open_duplicates(office) == []


def test_without_an_answer_to_every_identity_field_nothing_is_alike(office: Office, north: Tablet) -> None:
    for _ in range(2):
        north.fill({name: value for name, value in WHOLE.items() if name != "/visited_on"})
    office.judge()
    assert open_duplicates(office) == []


def test_many_of_one_identity_make_one_case_that_stays_small(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "SHOWN", 5)
    for _ in range(12):
        north.fill(WHOLE)
    office.judge()
    case = the_duplicate(office)
    assert (len(case["detail"]["documents"]), case["detail"]["count"]) == (5, 12)
    assert say(office, case, dismiss="同一天去了多次").status_code == 200
    north.fill(WHOLE)
    office.judge()
    assert the_duplicate(office)["status"] == "open"  # though the newest is not among those that it shows


def test_many_of_one_team_hide_no_other_team(
    office: Office, north: Tablet, south: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "SHOWN", 5)
    for _ in range(7):
        north.fill(WHOLE)
    last = [south.fill(WHOLE) for _ in range(3)][-1]
    office.judge()
    case = the_duplicate(office)
    assert (case["team"], case["detail"]["count"], case["detail"]["teams"]) == ("", 10, {"north": 7, "south": 3})
    teams = [each["team"] for each in case["detail"]["documents"]]
    assert teams == ["north"] * 3 + ["south"] * 2
    assert case["id"] in shown(office, last, team="south")["cases"]  # one that the case does not show
    page = see(office, case)
    assert "共 10 条，这里并列 5 条" in page
    assert "北区组 7 条、南区组 3 条" in page


def test_of_many_that_are_nearly_the_same_the_first_are_compared_and_their_case_says_so(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "COMMON", 3)
    monkeypatch.setattr(duplicates, "COMPARED", 2)
    days = ("2026-03-02", "2026-03-03")
    for day in (*days, *days):
        north.fill({**WHOLE, "/visited_on": day})
    office.judge()
    near = next(case for case in open_duplicates(office) if case["detail"]["match"] == "day")
    assert near["detail"]["compared"] == 2
    assert "只比对了其中 2 条" in see(office, near)


# Waving through


def test_what_is_no_duplicate_stays_so_until_the_identity_changes(office: Office, north: Tablet) -> None:
    one, other = (north.fill({**WHOLE, "/visited_on": day}) for day in ("2026-03-02", "2026-03-03"))
    office.judge()
    case = the_duplicate(office)
    assert say(office, case, dismiss="连续两天都去了").status_code == 200
    north.change(one, office.mailbox("north").get(one), {REMARKS: "补记"})
    office.judge()
    assert the_duplicate(office)["status"] == "closed"
    north.change(other, office.mailbox("north").get(other), {"/visited_on": "2026-03-01"})
    office.judge()
    assert the_duplicate(office)["status"] == "open"


# Joining


def test_joining_takes_what_was_chosen_and_keeps_both(office: Office, north: Tablet, colleague: Tablet) -> None:
    one, other = two(office, north, colleague)
    answer = ask(office, "join", survivor=named(one), take=[{"path": REMARKS, **named(other)}], note="同一次走访")
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    assert shown(office, one)["answers"]["closing"]["remarks"] == "二"
    assert shown(office, one)["answers"]["survey"]["workers"] == WHOLE["/survey/workers"]
    assert (shown(office, other)["state"], shown(office, other)["answers"]["closing"]["remarks"]) == ("withdrawn", "二")
    case = the_duplicate(office)
    assert (case["status"], case["closed_by"] in answer.get_json()["edits"]) == ("closed", True)
    edits = office.mailbox("north").get(one)["edits"]
    assert edits[-1]["note"] == f"同一次走访\n← {other}: {REMARKS}"
    assert cases(office, status="open", kind="conflict") == []


def test_joined_records_are_taken_apart_again(office: Office, north: Tablet, colleague: Tablet) -> None:
    one, other = two(office, north, colleague)
    take = [{"path": path, **named(other)} for path in (REMARKS, "/survey/workers")]
    assert ask(office, "join", survivor=named(one), take=take).status_code == 200
    office.judge()
    north.change(one, office.mailbox("north").get(one), {"/survey/workers": 300})
    office.judge()
    answer = ask(office, "unjoin", note="不是同一次")
    assert answer.status_code == 200, answer.get_json()
    office.judge()
    assert shown(office, one)["answers"]["closing"]["remarks"] == "一"
    assert shown(office, one)["answers"]["survey"]["workers"] == 300, "what was set anew since stays"
    assert shown(office, other)["state"] == "submitted"
    assert the_duplicate(office)["status"] == "open"
    assert ask(office, "unjoin").get_json()["error"] == "not_joined"
    assert ask(office, "join", survivor=named(other)).status_code == 200
    office.judge()
    assert (shown(office, one)["state"], the_duplicate(office)["status"]) == ("withdrawn", "closed")


def test_a_row_comes_with_all_that_is_in_it(office: Office, north: Tablet, colleague: Tablet) -> None:
    one = north.fill(WHOLE)
    other = colleague.fill({**WHOLE, ROW: {}, f"{ROW}/description": "排水不畅"})
    office.judge()
    assert ask(office, "join", survivor=named(one), take=[{"path": ROW, **named(other)}]).status_code == 200
    office.judge()
    edits = office.mailbox("north").get(one)["edits"]
    assert edits[-1]["set"] == {ROW: {}, f"{ROW}/description": "排水不畅"}


def test_records_of_two_teams_are_joined_by_the_office_without_their_files(
    office: Office, north: Tablet, south: Tablet
) -> None:
    one, other = two(office, north, south)
    signature = [{"path": "/closing/signature", **named(other, "south")}]
    answer = ask(office, "join", survivor=named(one), take=signature)
    assert (answer.status_code, answer.get_json()["error"]) == (422, "files_across_teams")
    remark = [{"path": REMARKS, **named(other, "south")}]
    assert ask(office, "join", survivor=named(one), take=remark).status_code == 200
    office.judge()
    assert shown(office, one)["answers"]["closing"]["remarks"] == "二"
    assert shown(office, other, "south")["state"] == "withdrawn"
    assert the_duplicate(office)["status"] == "closed"
    assert ask(office, "unjoin").status_code == 200
    office.judge()
    assert shown(office, other, "south")["state"] == "submitted"


def test_a_join_that_breaks_off_is_seen_and_goes_on(
    office: Office, north: Tablet, colleague: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two(office, north, colleague)
    take = [{"path": REMARKS, **named(other)}]

    def die(*_: Any) -> None:
        raise RuntimeError("the machine stops here")

    monkeypatch.setattr(joins, "_withdraw", die)
    assert ask(office, "join", survivor=named(one), take=take).status_code == 500
    monkeypatch.undo()
    office.judge()
    assert (the_duplicate(office)["status"], shown(office, one)["answers"]["closing"]["remarks"]) == ("open", "二")
    assert ask(office, "join", survivor=named(one), take=take).status_code == 200
    office.judge()
    assert len(office.mailbox("north").get(one)["edits"]) == 2, "nothing is done twice"
    assert ask(office, "unjoin").status_code == 200
    office.judge()
    assert shown(office, one)["answers"]["closing"]["remarks"] == "一"


def test_a_record_with_open_conflicts_is_not_joined(office: Office, north: Tablet, colleague: Tablet) -> None:
    one, _ = two(office, north, colleague)
    base = office.mailbox("north").get(one)
    north.change(one, base, {REMARKS: "甲"})
    colleague.change(one, base, {REMARKS: "乙"})
    office.judge()
    answer = ask(office, "join", survivor=named(one))
    assert (answer.status_code, answer.get_json()["error"]) == (409, "record_undecided")


def test_what_does_not_belong_to_the_case_is_refused(office: Office, north: Tablet, colleague: Tablet) -> None:
    one, other = two(office, north, colleague)
    stranger = north.fill({**WHOLE, "/visited_on": "2026-06-01"})
    office.judge()
    assert ask(office, "join", survivor=named(stranger)).get_json()["error"] == "not_joinable"
    taken = [{"path": REMARKS, **named(stranger)}]
    assert ask(office, "join", survivor=named(one), take=taken).get_json()["error"] == "not_joinable"
    nothing = [{"path": "/nothing", **named(other)}]
    assert ask(office, "join", survivor=named(one), take=nothing).get_json()["error"] == "choice_unknown"
    assert ask(office, "join", survivor={"team": "north", "record": "x"}).status_code == 422
    assert ask(office, "join", "li.wei", survivor=named(one)).status_code == 403


def test_a_tablet_cannot_say_that_a_record_was_joined(office: Office, north: Tablet, south: Tablet) -> None:
    two(office, north, Tablet(office, "zhang.min"))
    case = the_duplicate(office)
    forged = {"case": case["id"], "team": "north", "record": case["record"], "edits": []}
    south.fill({**WHOLE, "/visited_on": "2026-07-01", "/_joined": forged}, state="withdrawn")
    office.judge()
    assert the_duplicate(office) == case


# Rebuilding


def test_taking_apart_goes_by_the_office_s_word_and_not_by_a_tablet_s(
    office: Office, north: Tablet, colleague: Tablet, south: Tablet
) -> None:
    """Otherwise one team's tablet would have the office take back what another team has said."""
    theirs = south.fill({**WHOLE, "/visited_on": "2026-07-09", REMARKS: "一"})
    mailbox = office.mailbox("south")
    south.change(theirs, mailbox.get(theirs), {REMARKS: "二"})
    office.judge()
    said = mailbox.get(theirs)["edits"]
    one, other = two(office, north, colleague)
    assert ask(office, "join", survivor=named(one)).status_code == 200
    office.judge()
    forged = {"case": the_duplicate(office)["id"], "team": "south", "record": theirs, "edits": [said[-1]["id"]]}
    colleague.change(other, office.mailbox("north").get(other), {"/_joined": forged})
    assert ask(office, "unjoin").get_json()["error"] == "not_joined"
    assert mailbox.get(theirs)["edits"] == said


def everything(office: Office) -> list[Any]:
    with office.parts.readmodel.connect() as connection:
        return [
            sorted(map(str, connection.execute(select(table)).all()))
            for table in (tables.cases, tables.case_records, tables.identities)
        ]


def test_which_cases_there_are_does_not_hang_on_the_order_that_records_came_in(
    office: Office, north: Tablet, south: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Identities come, change, become common and rare again; records are joined, spoken of, and waved through."""
    monkeypatch.setattr(duplicates, "COMMON", 3)
    monkeypatch.setattr(duplicates, "COMPARED", 2)
    days = ["2026-03-02", "2026-03-03", "2026-03-03", "2026-03-04", "2026-03-03", "2026-04-01", "2026-04-02"]
    filled = []
    for number, day in enumerate(days):
        tablet = south if number % 3 == 2 else north
        filled.append((tablet, tablet.fill({**WHOLE, "/visited_on": day})))
        office.judge()
    for case in open_duplicates(office):
        say(office, case, comment="看过", id="01JDA000000000000000000009")
    for tablet, record in filled[2:5]:
        tablet.change(record, office.mailbox(tablet.team).get(record), {"/visited_on": "2026-03-10"})
        office.judge()
    same = next(case for case in open_duplicates(office) if case["detail"]["match"] == "same")
    survivor = same["detail"]["documents"][0]
    assert office.post(f"/api/v1/cases/{same['id']}/join", "office", json={"survivor": survivor}).status_code == 200
    office.judge()
    before = everything(office)
    assert len(before[0]) > 3
    tables.clear(office.parts.readmodel)
    office.judge()
    assert everything(office) == before
