"""Receipts say of each file that a record names whether it has arrived: once, in any order, and at every rebuild."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from schemas.documents import check
from service.app import create_app
from service.config import Config, load
from service.parts import NAME
from service.readmodel import tables
from service.readmodel.deliveries import Came, Deliveries
from service.readmodel.intake import intake_of
from service.readmodel.projection import SqlProjection
from sync.arrivals import BATCH, File
from sync.store import Document, Forbidden, UserContext
from tests.service.conftest import FORM, VISIT, Office, Tablet
from tests.service.readmodel.judging import die_at_every_write, receipt_of

PHOTOS = "/closing/photos"
ONE, OTHER = b"\xff\xd8 one", b"\xff\xd8 other"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def photo(office: Office, content: bytes, *, named: str = "", team: str = "north") -> str:
    """Let a photo arrive, under the name of its digest or another; returns that."""
    digest = named or digest_of(content)
    doc = {"_id": f"media:{digest}", "type": "media", "team": team, "content_type": "image/jpeg"}
    database = office.parts.store.database(f"media-{team}")
    standing = {row.id: row.rev for row in database.all(keys=[doc["_id"]])}
    more = {"_rev": standing[doc["_id"]]} if doc["_id"] in standing else {}
    file = {"content_type": "image/jpeg", "data": encoded(content)}
    database.put({**doc, "length": len(content), "device": "7f3a", **more, "_attachments": {"file": file}})
    return digest


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def files_of(office: Office, record: str) -> Any:
    receipt = receipt_of(office, record)
    assert check(receipt) == {}
    return receipt.get("media")


def with_photos(tablet: Tablet, *digests: str) -> str:
    return tablet.fill({**VISIT, PHOTOS: list(digests)})


def test_a_record_that_names_no_file_has_the_receipt_that_it_always_had(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    office.judge()
    assert files_of(office, record) is None


@pytest.mark.parametrize("photo_first", [True, False])
def test_a_receipt_says_which_photos_have_arrived_whatever_came_first(
    office: Office, north: Tablet, photo_first: bool
) -> None:
    one, other = digest_of(ONE), digest_of(OTHER)
    if photo_first:
        photo(office, ONE)
        office.judge()
    record = with_photos(north, one, other)
    office.judge()
    assert files_of(office, record) == (
        {"arrived": [one], "missing": [other]} if photo_first else {"arrived": [], "missing": sorted([one, other])}
    )
    photo(office, ONE)
    photo(office, OTHER)
    office.judge()
    assert files_of(office, record) == {"arrived": sorted([one, other]), "missing": []}


def test_a_photo_that_arrives_writes_one_receipt_and_no_record(office: Office, north: Tablet) -> None:
    record, bystander = with_photos(north, digest_of(ONE)), with_photos(north, digest_of(OTHER))
    office.judge()
    before = {name: office.mailbox("north").get(name)["_rev"] for name in (record, bystander)}
    others = receipt_of(office, bystander)["_rev"]
    since = office.mailbox("north").info().update_seq
    photo(office, ONE)
    office.judge()
    office.judge()
    changed = [change.id for change in office.mailbox("north").changes(since).results]
    assert changed == [f"receipt:{record}:office"]
    assert receipt_of(office, record)["_rev"].startswith("2-")
    assert receipt_of(office, bystander)["_rev"] == others
    assert {name: office.mailbox("north").get(name)["_rev"] for name in before} == before


def test_what_the_receipt_says_besides_stays(office: Office, north: Tablet) -> None:
    record = with_photos(north, digest_of(ONE))
    office.judge()
    before = receipt_of(office, record)
    photo(office, ONE)
    office.judge()
    after = receipt_of(office, record)
    assert {name for name in after if after[name] != before.get(name)} == {"_rev", "media"}
    shown = office.get(f"/api/v1/records/{record}", "office").get_json()["receipt"]
    assert shown["media"] == after["media"]


def test_other_bytes_under_a_photo_s_name_are_no_arrival_until_the_right_ones_come(
    office: Office, north: Tablet
) -> None:
    record = with_photos(north, digest_of(ONE))
    photo(office, OTHER, named=digest_of(ONE))
    office.judge()
    assert files_of(office, record)["missing"] == [digest_of(ONE)]
    photo(office, ONE)
    office.judge()
    assert files_of(office, record)["arrived"] == [digest_of(ONE)]


def beside(office: Office, digest: str, content: bytes, letter: str) -> None:
    """Bytes under a photo's name, as a revision without ancestors: the greater letter wins."""
    file = {"content_type": "image/jpeg", "data": encoded(content)}
    doc = {"_id": f"media:{digest}", "type": "media", "team": "north", "device": "7f3a", "_rev": f"1-{letter * 32}"}
    member = UserContext("zhang.min", frozenset({"inspector", "team:north"}))
    more = {"content_type": "image/jpeg", "length": len(content), "_attachments": {"file": file}}
    assert office.parts.store.database("media-north").put_revisions([{**doc, **more}], user=member) == []


@pytest.mark.parametrize("other_first", [True, False])
def test_a_photo_is_not_hidden_by_other_bytes_under_its_name(office: Office, north: Tablet, other_first: bool) -> None:
    one = digest_of(ONE)
    record = with_photos(north, one)
    right, other = ("0", ONE), ("f", OTHER)
    for letter, content in (other, right) if other_first else (right, other):
        beside(office, one, content, letter)
        office.judge()
    assert files_of(office, record) == {"arrived": [one], "missing": []}
    shown = office.enter().get(f"/office/photos/north/{one}")
    assert (shown.status_code, shown.data) == (200, ONE)


def test_nobody_of_the_team_puts_other_bytes_in_a_photo_s_place(office: Office, north: Tablet) -> None:
    one = photo(office, ONE)
    record = with_photos(north, one)
    database = office.parts.store.database("media-north")
    standing = database.get(f"media:{one}")
    file = {"content_type": "image/jpeg", "data": encoded(OTHER)}
    [written] = database.put_many([{**standing, "_attachments": {"file": file}}], user=north.member)
    assert isinstance(written.error, Forbidden)
    office.judge()
    assert files_of(office, record) == {"arrived": [one], "missing": []}


def test_a_photo_that_the_office_removes_is_missing_again(office: Office, north: Tablet) -> None:
    record = with_photos(north, photo(office, ONE))
    office.judge()
    database = office.parts.store.database("media-north")
    standing = database.get(f"media:{digest_of(ONE)}")
    database.put({"_id": standing["_id"], "_rev": standing["_rev"], "_deleted": True})
    office.judge()
    assert files_of(office, record) == {"arrived": [], "missing": [digest_of(ONE)]}


def test_a_photo_of_another_team_is_none_of_ours(office: Office, north: Tablet) -> None:
    record = with_photos(north, photo(office, ONE, team="south"))
    office.judge()
    assert files_of(office, record)["missing"] == [digest_of(ONE)]


def test_a_photo_counts_for_every_record_that_names_it_and_for_those_changed_later(
    office: Office, north: Tablet
) -> None:
    first, second = with_photos(north, digest_of(ONE)), with_photos(north, digest_of(ONE), digest_of(OTHER))
    office.judge()
    photo(office, ONE)
    office.judge()
    assert [files_of(office, each)["arrived"] for each in (first, second)] == [[digest_of(ONE)]] * 2
    north.change(first, office.mailbox("north").get(first), {PHOTOS: [digest_of(OTHER)]})
    office.judge()
    assert files_of(office, first) == {"arrived": [], "missing": [digest_of(OTHER)]}


def test_a_record_that_is_held_says_nothing_of_photos(office: Office, north: Tablet) -> None:
    """Without its form nobody knows which of its texts are digests."""
    held = office.form().version + 1
    record = with_photos(north, photo(office, ONE))
    base = office.mailbox("north").get(record)
    edit = north.edit(record, base["edits"], {"/closing/remarks": "新版"})
    north.send_branch(record, base, north.signed(record, {**edit, "version": held}))
    office.judge()
    assert (receipt_of(office, record)["reason"], files_of(office, record)) == ("unknown_version", None)


def everything(office: Office) -> list[Document | None]:
    return [row.doc for row in office.mailbox("north").all(include_docs=True)]


def test_a_rebuild_writes_no_receipt(office: Office, north: Tablet) -> None:
    """Files are read before records are judged anew: none is said to be missing meanwhile."""
    for number in range(BATCH + 3):
        with_photos(north, photo(office, ONE + b"%d" % number), digest_of(b"never"))
    office.judge()
    before, rows = everything(office), outcome_rows(office)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert everything(office) == before
    assert outcome_rows(office) == rows


def test_an_intake_that_reads_a_mailbox_from_its_beginning_knows_its_files_first(office: Office, north: Tablet) -> None:
    record = with_photos(north, photo(office, ONE))
    office.judge()
    before = receipt_of(office, record)
    tables.clear(office.parts.readmodel)
    intake = intake_of(office.parts)
    intake.refresh()
    while intake.step("mailbox-north"):
        pass
    assert receipt_of(office, record) == before


def outcome_rows(office: Office) -> dict[str, Any]:
    with office.parts.readmodel.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(table.select())), key=repr)
            for table in (tables.records, tables.media, tables.named_media)
        }


@pytest.mark.parametrize("after", [False, True])
def test_a_crash_at_any_write_loses_no_arrival(config: Config, tmp_path: Path, after: bool) -> None:
    in_one_folder = load({"data": str(config.data), "log_level": "error"}, environ={})  # tables too: it is copied whole
    app = create_app(in_one_folder)
    office = Office(app)
    tablet = Tablet(office, "li.wei")
    records = [with_photos(tablet, digest_of(ONE + b"%d" % number)) for number in range(3)]
    office.judge()
    for number in range(3):
        photo(office, ONE + b"%d" % number)
    app.extensions[NAME].close()

    steps, expected = die_at_every_write(config, tmp_path, after=after)
    assert steps == 4  # the rows, the receipts, the checkpoint, and the receipts as changes of the mailbox
    assert sum(len(doc.get("media", {}).get("arrived", ())) for doc in expected[0][0]) == len(records)


def test_files_are_counted_alike_on_both_databases(engine: Engine) -> None:
    projection, team = SqlProjection(engine), "north"
    ids = [f"record:{FORM}:01HQ000000000000000000000{number}" for number in range(2)]
    one, other = digest_of(ONE), digest_of(OTHER)
    blank = {column.name: "" for column in tables.records.c} | {"answers": {}, "label": {"en": "x"}}
    counts = {"version": 1, "problem_count": 0, "collision_count": 0, "edit_count": 1}
    with engine.begin() as connection:
        for record in ids:
            receipt = {"_id": f"receipt:{record}:office", "record": record}
            own = {"receipt": receipt, "id": record, "team": team}
            connection.execute(tables.records.insert().values(blank | counts | own))
            for digest in (one, other):
                row = {"team": team, "record": record, "digest": digest, "device": "7f3a", "arrived": False}
                connection.execute(tables.named_media.insert().values(row))
    told = projection.shelve(team, [File(one, sound=True), File(other, sound=False)])
    assert [each["record"] for each in told] == ids
    assert {json.dumps(each["media"]) for each in told} == {json.dumps({"arrived": [one], "missing": [other]})}
    assert projection.arrived(team, [one, other]) == {one}
    deliveries = Deliveries(engine)
    assert deliveries.came(None) == {(team, "7f3a"): Came(files=4, missing=2)}
    assert deliveries.came(frozenset({"south"})) == {}
    listed = deliveries.incomplete(team, "7f3a", 10)
    assert [(row["id"], row["missing"], row["altered"]) for row in listed] == [(record, 1, 1) for record in ids]
    projection.shelve(team, [File(one, sound=None)])
    assert deliveries.came(None) == {(team, "7f3a"): Came(files=4, missing=4)}
