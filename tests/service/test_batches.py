"""Many conflicts decided at once by a rule: nothing else than was looked at, each by its own edit, undone together."""

from __future__ import annotations

from typing import Any

import pytest

from service.cases import batches
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.test_cases import WHOLE, cases

PATH = "/closing/remarks"


@pytest.fixture
def records(office: Office, north: Tablet, colleague: Tablet) -> list[str]:
    return [collide(office, north, colleague, {PATH: "一"}, {PATH: f"二{number}"}) for number in range(3)]


def collide(office: Office, one: Tablet, other: Tablet, first: dict[str, Any], second: dict[str, Any]) -> str:
    record = one.fill({**WHOLE, "/closing/signature": "b" * 64})
    base = office.mailbox("north").get(record)
    one.change(record, base, first)
    other.change(record, base, second)
    office.judge()
    return record


def ask(office: Office, rule: str, user: str = "office", whose: str = "", **body: Any) -> Any:
    body.setdefault("among", {})
    if "cases" in body:
        del body["among"]
    return office.post("/api/v1/cases/batches", user, json={"rule": {"name": rule, "whose": whose}, **body})


def outcomes(office: Office, rule: str, **body: Any) -> list[tuple[Any, Any]]:
    answer = ask(office, rule, **body)
    assert answer.status_code == 200, answer.get_json()
    return sorted((line["after"], line["reason"]) for line in answer.get_json()["items"])


def remarks(office: Office, record: str) -> Any:
    return office.get(f"/api/v1/records/{record}", "office").get_json()["answers"]["closing"].get("remarks")


def test_a_preview_shows_each_case_and_writes_nothing(office: Office, records: list[str]) -> None:
    before = office.mailbox("north").info(), office.parts.store.database("office").info()
    shown = ask(office, "person", whose="li.wei").get_json()
    assert [(line["before"][0], line["after"], line["reason"]) for line in shown["items"]] == [("二", "一", None)] * 3
    assert shown["batch"] is None
    assert (office.mailbox("north").info(), office.parts.store.database("office").info()) == before


def test_a_batch_decides_what_the_preview_showed_and_is_undone_together(office: Office, records: list[str]) -> None:
    seal = ask(office, "person", whose="li.wei", note="以先到者为准").get_json()["seal"]
    done = ask(office, "person", whose="li.wei", note="以先到者为准", seal=seal).get_json()
    assert [line["result"] for line in done["items"]] == ["decided"] * 3
    office.judge()
    assert cases(office, kind="conflict", status="open") == []
    assert [remarks(office, record) for record in records] == ["一"] * 3
    trail = office.parts.store.database("audit")
    assert len(list(trail.all(start="decision:", end="decision:~"))) == 3
    undone = office.post(f"/api/v1/cases/batches/{done['batch']}/undo", "office", json={"note": "弄错了"}).get_json()
    assert [line["result"] for line in undone["items"]] == ["undone"] * 3
    office.judge()
    assert len(cases(office, kind="conflict", status="open")) == 3
    again = office.post(f"/api/v1/cases/batches/{done['batch']}/undo", "office", json={}).get_json()
    assert [line["result"] for line in again["items"]] == ["undone"] * 3
    entries = office.get(f"/api/v1/cases/{done['items'][0]['case']}", "office").get_json()["entries"]
    assert [(each["kind"], each["batch"]) for each in entries] == [
        ("decided", done["batch"]),
        ("undone", done["batch"]),
    ]


def test_a_preview_that_is_no_longer_true_is_not_applied(office: Office, records: list[str], north: Tablet) -> None:
    seal = ask(office, "latest").get_json()["seal"]
    north.change(records[0], office.mailbox("north").get(records[0]), {PATH: "三"})
    office.judge()
    answer = ask(office, "latest", seal=seal)
    assert (answer.status_code, answer.get_json()["error"]) == (409, "preview_outdated")
    assert len(cases(office, kind="conflict", status="open")) == 2


def test_a_batch_that_broke_off_is_finished_and_nothing_is_decided_twice(
    office: Office, records: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = batches.decide, []

    def dying(*args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError("the machine stops here")
        return real(*args, **more)

    seal = ask(office, "latest").get_json()["seal"]
    monkeypatch.setattr(batches, "decide", dying)
    assert ask(office, "latest", seal=seal).status_code == 500
    monkeypatch.undo()
    (row,) = office.parts.store.database("office").all(start="batch:", end="batch:~")
    path = f"/api/v1/cases/batches/{row.id.removeprefix('batch:')}"
    assert [line["result"] for line in office.get(path, "office").get_json()["items"]] == [None] * 3
    done = office.post(f"{path}/resume", "office", json={}).get_json()
    assert [line["result"] for line in done["items"]] == ["decided"] * 3
    office.judge()
    counts = [office.get(f"/api/v1/records/{record}", "office").get_json()["edits"] for record in records]
    assert counts == [4] * 3
    revs = [office.mailbox("north").get(record)["_rev"] for record in records]
    office.post(f"{path}/resume", "office", json={})
    assert [office.mailbox("north").get(record)["_rev"] for record in records] == revs


def test_the_signed_version_is_that_of_the_tablet_it_was_signed_on(
    office: Office, north: Tablet, colleague: Tablet
) -> None:
    signed = {PATH: "一", "/closing/signature": "c" * 64}
    collide(office, north, colleague, signed, {PATH: "二"})
    assert outcomes(office, "signed", among={"path": PATH}) == [("一", None)]


def test_the_supervisors_version(office: Office, north: Tablet, colleague: Tablet) -> None:
    office.parts.directory.office.put(
        office.parts.directory.office.get("user:zhang.min") | {"roles": ["inspector", "supervisor"]}
    )
    collide(office, north, colleague, {PATH: "一"}, {PATH: "二"})
    assert outcomes(office, "supervisor") == [("二", None)]


def test_the_version_of_a_device(office: Office, records: list[str], north: Tablet) -> None:
    assert outcomes(office, "device", whose=north.device) == [("一", None)] * 3


def test_a_rule_that_fits_none_or_several_says_so_and_decides_nothing(office: Office, records: list[str]) -> None:
    assert [reason for _, reason in outcomes(office, "person", whose="wang.fang")] == ["none_fits"] * 3
    assert [reason for _, reason in outcomes(office, "union")] == ["not_for_this_field"] * 3
    shown = ask(office, "person", whose="wang.fang").get_json()
    done = ask(office, "person", whose="wang.fang", seal=shown["seal"]).get_json()
    assert done["items"] == []


def test_the_union_of_photos(office: Office, north: Tablet, colleague: Tablet) -> None:
    row = "/problems/01JDA000000000000000000002"
    record = north.fill({**WHOLE, row: {}})
    base = office.mailbox("north").get(record)
    north.change(record, base, {f"{row}/evidence": ["a" * 64, "b" * 64]})
    colleague.change(record, base, {f"{row}/evidence": ["c" * 64, "a" * 64]})
    office.judge()
    assert outcomes(office, "union") == [(["a" * 64, "b" * 64, "c" * 64], None)]


@pytest.mark.parametrize(
    "body",
    [
        {"rule": {"name": "best"}, "among": {}},
        {"rule": {"name": "person"}, "among": {}},
        {"rule": {"name": "latest", "whose": "li.wei"}, "among": {}},
        {"rule": {"name": "latest"}},
        {"rule": {"name": "latest"}, "cases": []},
        {"rule": {"name": "latest"}, "cases": ["conflict-1"]},
        {"rule": {"name": "latest"}, "among": {}, "cases": ["conflict-" + "0" * 20]},
        {},
    ],
)
def test_nonsense_is_refused(office: Office, body: dict[str, Any]) -> None:
    assert office.post("/api/v1/cases/batches", "office", json=body).status_code == 422


def test_a_supervisor_decides_and_sees_only_batches_of_own_teams(office: Office, records: list[str]) -> None:
    south = Tablet(office, "wang.fang"), Tablet(office, "wang.fang")
    record = south[0].fill(VISIT)
    base = office.mailbox("south").get(record)
    for tablet, value in zip(south, ("甲", "乙"), strict=True):
        tablet.change(record, base, {PATH: value})
    office.judge()
    assert len(ask(office, "latest").get_json()["items"]) == 4
    assert len(ask(office, "latest", "chen.jie").get_json()["items"]) == 3
    theirs = [case["id"] for case in cases(office, kind="conflict", team="south")]
    assert ask(office, "latest", "chen.jie", cases=theirs).get_json()["items"] == []
    assert ask(office, "latest", "li.wei").status_code == 403
    done = ask(office, "latest", seal=ask(office, "latest").get_json()["seal"]).get_json()
    for what in ("undo", "resume"):
        answer = office.post(f"/api/v1/cases/batches/{done['batch']}/{what}", "chen.jie", json={})
        assert (answer.status_code, answer.get_json()["error"]) == (404, "batch_unknown")
    assert office.get(f"/api/v1/cases/batches/{done['batch']}", "chen.jie").status_code == 404
    assert office.get("/api/v1/cases/batches/nothing", "office").status_code == 404
