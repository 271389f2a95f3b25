"""Intake on a real store and read model: verdicts, merges, what is put back, and a crash at every step."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from schemas.bundled import bundled
from schemas.form import Form
from service.app import create_app
from service.campaign import Campaign
from service.config import Config, load
from service.parts import NAME, Parts, open_parts
from service.readmodel import tables
from service.readmodel.intake import intake_of
from service.readmodel.projection import SqlProjection
from sync import record as record_module
from sync.edits import edit_digest
from sync.embedded.database import EmbeddedDatabase
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import ADMIN, Database, Document, Forbidden, Unavailable, UserContext, Written
from sync.verdict import Judge
from tests.service.conftest import VISIT, Office, Tablet

BASE = {**VISIT, "/survey/workers": 100}


def receipt_of(office: Office, record: str, team: str = "north") -> Document:
    return office.mailbox(team).get(f"receipt:{record}:office")


def rows_of(parts: Parts) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the read model but the checkpoints, in an order that depends on nothing else."""
    with parts.readmodel.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in (tables.records, tables.problems, tables.edits, tables.cases)
        }


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


class Crash(Exception):
    """The power went."""


@contextmanager
def crashing(step: int, *, after: bool) -> Iterator[Callable[[], int]]:
    """Every write of intake is counted; the one numbered `step` fails, before it happens or right after."""
    count = 0
    with pytest.MonkeyPatch.context() as patch:

        def dying(owner: type, name: str) -> None:
            real = getattr(owner, name)

            def counted(*args: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                if count == step and not after:
                    raise Crash
                outcome = real(*args, **options)
                if count == step:
                    raise Crash
                return outcome

            patch.setattr(owner, name, counted)

        dying(EmbeddedDatabase, "put_revisions")
        dying(EmbeddedDatabase, "put_many")
        for name in ("apply", "shelve", "shelved"):
            dying(SqlProjection, name)
        yield lambda: count


def outcome_of(config: Config) -> tuple[Any, Any]:
    """All that stands in the mailbox, and all rows."""
    parts = open_parts(config)
    try:
        database: Database = parts.store.database("mailbox-north")
        docs = [row.doc for row in database.all(include_docs=True)]
        leaves = [database.leaves(doc["_id"]) for doc in docs if doc]
        return (docs, leaves), rows_of(parts)
    finally:
        parts.close()


def judged(config: Config) -> None:
    parts = open_parts(config)
    try:
        intake_of(parts).drain()
    finally:
        parts.close()


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_write_leaves_the_same_in_the_end(config: Config, tmp_path: Path, after: bool) -> None:
    app = create_app(config)
    office = Office(app)
    li, zhang = Tablet(office, "li.wei"), Tablet(office, "zhang.min")
    zhang.wall = li.wall.replace(minute=10)
    for number in range(6):
        record = li.fill({**BASE, "/survey/workers": 100 + number})
        base = office.mailbox("north").get(record)
        if number % 2:
            li.change(record, base, {"/survey/workers": 200 + number})
            zhang.change(record, base, {"/survey/workers": 300 + number, "/closing/remarks": "x"})
    app.extensions[NAME].close()

    def copy(name: str) -> Config:
        shutil.copytree(config.data, tmp_path / name)
        return load({"data": str(tmp_path / name), "log_level": "error"}, environ={})

    undisturbed = copy("undisturbed")
    with crashing(0, after=False) as writes:
        judged(undisturbed)
        steps = writes()
    assert steps >= 4
    expected = outcome_of(undisturbed)
    for step in range(1, steps + 1):
        disturbed = copy(f"step-{step}")
        with crashing(step, after=after), pytest.raises(Crash):
            judged(disturbed)
        judged(disturbed)
        assert outcome_of(disturbed) == expected, step


def test_random_order_of_arrival_comes_to_the_same_answers(config: Config, tmp_path: Path) -> None:
    """The mailbox is judged after every change, or once at the end: the record is the same."""
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    app = create_app(config)
    office = Office(app)
    li, zhang = Tablet(office, "li.wei"), Tablet(office, "zhang.min")
    zhang.wall = li.wall.replace(minute=10)
    record = li.fill(BASE)
    base = office.mailbox("north").get(record)
    for number in range(8):
        who = rng.choice([li, zhang])
        who.change(record, rng.choice([base, office.mailbox("north").get(record)]), {"/survey/workers": 200 + number})
        if rng.random() < 0.5:
            office.judge()
    office.judge()
    leaves = [leaf for leaf in office.mailbox("north").leaves(record) if not leaf.get("_deleted")]
    assert len(leaves) == 1
    assert len(leaves[0]["edits"]) == 9
    before = rows_of(office.parts)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert rows_of(office.parts) == before
    app.extensions[NAME].close()


def test_a_record_that_trips_the_judge_is_set_aside_and_all_others_go_on(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = north.fill({**VISIT, "/visitors": "trips"}), north.fill(VISIT)
    real = record_module.judge

    def tripping(form: Form, values: Any, **options: Any) -> Any:
        if values.get("visitors") == "trips":
            raise ZeroDivisionError
        return real(form, values, **options)

    monkeypatch.setattr("sync.record.judge", tripping)
    office.judge()
    assert (receipt_of(office, bad)["verdict"], receipt_of(office, bad)["reason"]) == ("held", "unjudgeable")
    assert receipt_of(office, good)["reason"] is None
    page = office.enter().get(f"/office/records/{bad}?lang=en").get_data(as_text=True)
    assert "this program cannot judge it" in page


def test_what_could_not_be_answered_is_read_again(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that does not answer for a moment makes intake skip nothing."""
    intake = intake_of(office.parts)
    intake.drain()
    record = north.fill(VISIT)
    real = EmbeddedDatabase.put_many
    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedDatabase, "put_many", refusing)
        with pytest.raises(Unavailable):
            intake.drain()
    assert EmbeddedDatabase.put_many is real
    later = north.fill(VISIT)
    intake.drain()
    assert {receipt_of(office, each)["record"] for each in (record, later)} == {record, later}


def refusing(*_: Any, **__: Any) -> Any:
    raise Unavailable("The store does not answer.")


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


def test_a_merge_that_is_refused_leaves_its_leaves_as_they_are(
    office: Office, north: Tablet, colleague: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = north.fill(BASE)
    base = office.mailbox("north").get(record)
    north.change(record, base, {"/survey/workers": 110})
    colleague.change(record, base, {"/survey/workers": 120})
    real = EmbeddedDatabase.put_revisions

    def choosy(database: EmbeddedDatabase, docs: Any, **options: Any) -> Any:
        refused = [doc for doc in docs if len(doc.get("edits", ())) == 3 and not doc.get("_deleted")]
        left = real(database, [doc for doc in docs if doc not in refused], **options)
        return [*left, *(Written(doc["_id"], None, Forbidden("too large")) for doc in refused)]

    with monkeypatch.context() as patch:
        patch.setattr(EmbeddedDatabase, "put_revisions", choosy)
        office.judge()
    live = [leaf for leaf in office.mailbox("north").leaves(record) if not leaf.get("_deleted")]
    assert sorted(len(leaf["edits"]) for leaf in live) == [2, 2]


def test_a_page_without_records_is_not_the_end(office: Office, north: Tablet) -> None:
    many = [{"_id": f"receipt:x{number}:y", "type": "receipt", "team": "north"} for number in range(1100)]
    office.mailbox("north").put_many(many)
    record = north.fill(VISIT)
    office.judge()
    assert receipt_of(office, record)["record"] == record


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
