"""Writes what intake has judged into the tables: a batch and the checkpoint behind it in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Engine, delete, select

from service.cases.derived import case_rows
from service.readmodel.cases import replace_cases
from service.readmodel.checkpoints import checkpoint, move
from service.readmodel.clocks import clock_cases, put_report, replace_by_time
from service.readmodel.duplicates import replace_identities
from service.readmodel.media import put_files, receipts_naming, sound_of
from service.readmodel.rows import edit_rows, media_rows, problem_rows, record_row
from service.readmodel.tables import edits, named_media, problems, records
from service.sql import among, put_rows, writing
from sync.arrivals import File
from sync.intake import Judged
from sync.store import Document, Place

CHUNK = 400
"""Records that are looked at together."""


class SqlProjection:
    """`sync.intake.Projection` on SQL. Applying the same batch again leaves the same rows."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def checkpoint(self, mailbox: str) -> Place | None:
        """How far that mailbox was projected."""
        return checkpoint(self._engine, mailbox)

    def known_edits(self, mailbox: str, record_ids: Sequence[str]) -> dict[str, list[Any]]:
        """The edits that were projected before, whole, by record; unknown records are left out."""
        known: dict[str, list[Any]] = {}
        with self._engine.connect() as connection:
            mine = (edits.c.team == _team(mailbox), among(connection, edits.c.record, record_ids))
            query = select(edits.c.record, edits.c.edit).where(*mine).order_by(edits.c.record, edits.c.position)
            for record, edit in connection.execute(query):
                known.setdefault(record, []).append(edit)
        return known

    def waiting(self, mailbox: str, reasons: Sequence[str]) -> list[str]:
        """The records that wait for one of these, as a whole or one of their edits."""
        held = select(records.c.id).where(
            records.c.mailbox == mailbox, records.c.verdict == "held", records.c.reason.in_(reasons)
        )
        late = select(edits.c.record).where(edits.c.team == _team(mailbox), edits.c.fault.in_(reasons))
        with self._engine.connect() as connection:
            return sorted(connection.execute(held.union(late)).scalars())

    def edits_of(self, device: str) -> list[str]:
        """The digests of all edits that name this device, whichever team's."""
        query = select(edits.c.digest).where(edits.c.device == device).distinct()
        with self._engine.connect() as connection:
            return sorted(connection.execute(query).scalars())

    def apply(self, mailbox: str, judged: Sequence[Judged], place: Place, reports: Sequence[Document] = ()) -> None:
        """Replace the rows of these records and devices, and move the checkpoint: all or nothing.

        Rows belong to the team whose mailbox this is, whatever a document in it may claim.
        """
        latest = list({each.record_id: each for each in judged}.values())
        team = _team(mailbox)
        with writing(self._engine) as connection:
            for start in range(0, len(latest), CHUNK):
                _replace(connection, team, latest[start : start + CHUNK])
            for report in reports:
                put_report(connection, team, report)
            move(connection, mailbox, place)

    def arrived(self, team: str, digests: Iterable[str]) -> set[str]:
        """Those of these files whose very bytes are in the team's media database."""
        with self._engine.connect() as connection:
            return sound_of(connection, team, digests)

    def shelve(self, team: str, files: Sequence[File]) -> list[Document]:
        """Note what became of these files; the receipts of the records that name any of them, brought up to date."""
        with writing(self._engine) as connection:
            put_files(connection, team, files)
            return receipts_naming(connection, team, [each.digest for each in files])

    def shelved(self, media: str, place: Place) -> None:
        """Move the checkpoint of a media database."""
        with writing(self._engine) as connection:
            move(connection, media, place)


def _replace(connection: Connection, team: str, judged: Sequence[Judged]) -> None:
    ids = [each.record_id for each in judged]
    connection.execute(delete(records).where(records.c.team == team, among(connection, records.c.id, ids)))
    for table in (problems, edits, named_media):
        connection.execute(delete(table).where(table.c.team == team, among(connection, table.c.record, ids)))
    put_rows(connection, records, [record_row(team, each) for each in judged])
    put_rows(connection, problems, [row for each in judged for row in problem_rows(team, each)])
    put_rows(connection, edits, [row for each in judged for row in edit_rows(team, each)])
    put_rows(connection, named_media, [row for each in judged for row in media_rows(team, each)])
    replace_identities(connection, team, judged)
    replace_by_time(connection, team, judged)
    derived = [row for each in judged for row in case_rows(team, each)] + clock_cases(connection, team, judged)
    replace_cases(connection, team, ids, derived)


def _team(mailbox: str) -> str:
    return mailbox.removeprefix("mailbox-")
