"""Intake dies, is refused, or trips: the same comes out in the end."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from schemas.form import Form
from service.app import create_app
from service.config import Config
from service.parts import NAME
from service.readmodel import tables
from service.readmodel.intake import intake_of
from sync import record as record_module
from sync.embedded.database import EmbeddedDatabase
from sync.store import Forbidden, Unavailable, Written
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.readmodel.judging import (
    BASE,
    die_at_every_write,
    receipt_of,
    refusing,
    rows_of,
)


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

    steps, _ = die_at_every_write(config, tmp_path, after=after)
    assert steps >= 4


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
