"""Writes cases into the tables: what follows from the records, with what people have added to it on top.

Either may come first. Each writes the rows that it knows of from both, so that the outcome is the same in any order,
and at every rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, select, update

from service.cases.derived import CLOSED, Row, case_row
from service.cases.kinds import DUPLICATE, QUARANTINE
from service.cases.notes import Notes, notes_of, with_notes
from service.cases.quarantine_rows import quarantine_rows
from service.readmodel.tables import case_notes, case_records, cases, records
from service.sql import among, both_among, put_rows

CHUNK = 400
NO_NOTES = Notes()
_ABOUT = ("record_team", "record", "case")
OTHERS = (DUPLICATE, QUARANTINE)
"""Kinds of cases that are not written with the one record that they name."""
ADDED = ("status", "closed_how", "assigned", "due", "snoozed", "asked")


def replace_cases(connection: Connection, team: str, ids: Sequence[str], derived: Sequence[Row]) -> None:
    """Replace the cases that are each about one of these records of a team. Their own rows come first."""
    own = and_(cases.c.record_team == team, among(connection, cases.c.record, ids), cases.c.kind.not_in(OTHERS))
    connection.execute(delete(cases).where(own))
    mine = and_(
        case_notes.c.record_team == team, among(connection, case_notes.c.record, ids), case_notes.c.kind != QUARANTINE
    )
    noted = {row["id"]: dict(row) for row in connection.execute(select(case_notes).where(mine)).mappings()}
    rows = [with_notes(row, _notes(noted.get(row["id"]))) for row in derived]
    here = {row["id"] for row in derived} | set(connection.execute(_standing(noted)).scalars())
    past = [noted[name] for name in sorted(noted.keys() - here)]
    put(connection, rows + _past(connection, past))


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert whole rows."""
    for start in range(0, len(rows), CHUNK):
        put_rows(connection, cases, rows[start : start + CHUNK])


def put_own(connection: Connection, rows: Sequence[Row], name: str, *, past: bool = True) -> None:
    """Write one case about one record in place of what was there: no row where nothing speaks for it any more."""
    connection.execute(delete(cases).where(cases.c.id == name))
    found = connection.execute(select(case_notes).where(case_notes.c.id == name)).mappings().first()
    said = dict(found) if found else None
    ended = _past(connection, [said]) if said and past else []
    put(connection, [with_notes(row, _notes(said)) for row in rows] or ended)


def put_cases(connection: Connection, wanted: Mapping[str, Row | None]) -> None:
    """Write cases about several records, by id, in place of what was there; None where nothing speaks for one any more.

    `detail.documents` are the records that a case is about.
    """
    if not wanted:
        return
    names = list(wanted)
    connection.execute(delete(cases).where(among(connection, cases.c.id, names)))
    connection.execute(delete(case_records).where(among(connection, case_records.c.case, names)))
    query = select(case_notes).where(among(connection, case_notes.c.id, names))
    noted = {row["id"]: dict(row) for row in connection.execute(query).mappings()}
    rows = [with_notes(row, _notes(noted.get(name))) for name, row in wanted.items() if row is not None]
    put(connection, rows + _past(connection, [said for name, said in noted.items() if wanted[name] is None]))
    about = {(each["team"], each["record"], row["id"]) for row in rows for each in row["detail"]["documents"]}
    put_rows(connection, case_records, [dict(zip(_ABOUT, each, strict=True)) for each in sorted(about)])


def put_notes(connection: Connection, row: Row) -> None:
    """Keep what people have added to one case, and let its row say so."""
    connection.execute(delete(case_notes).where(case_notes.c.id == row["id"]))
    connection.execute(insert(case_notes).values(row))
    if row["kind"] == QUARANTINE:
        put_own(connection, list(quarantine_rows(row)), row["id"], past=False)
        return
    standing = connection.execute(select(cases).where(cases.c.id == row["id"])).mappings().first()
    if standing is None:
        put(connection, _past(connection, [row]))
        return
    after = with_notes(dict(standing), notes_of(row["entries"]))
    connection.execute(update(cases).where(cases.c.id == row["id"]).values({name: after[name] for name in ADDED}))


def _standing(ids: Iterable[str]) -> Select[tuple[str]]:
    """Which of these cases have a row."""
    return select(cases.c.id).where(cases.c.id.in_(sorted(ids)))


def _notes(row: Mapping[str, Any] | None) -> Notes:
    return notes_of(row["entries"]) if row else NO_NOTES


def _past(connection: Connection, noted: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Cases that nothing speaks for any more: what was said of them stays, and the record's last edit has ended them.

    Where the record itself has not been read yet, nothing is known; it will write them.
    """
    known = _last_edits(connection, [(notes["record_team"], notes["record"]) for notes in noted]) if noted else {}
    return [
        with_notes(past_row(notes, None if notes["kind"] == DUPLICATE else last), notes_of(notes["entries"]))
        for notes in noted
        if (last := known.get((notes["record_team"], notes["record"]))) is not None
    ]


def _last_edits(connection: Connection, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    query = select(records.c.team, records.c.id, records.c.last_edit)
    found = connection.execute(query.where(both_among(connection, records.c.team, records.c.id, wanted)))
    return {(team, record): last for team, record, last in found}


def past_row(notes: Mapping[str, Any], closed_by: str | None) -> Row:
    """The row of a case that has ended, from what its document says it was about."""
    about = case_row(notes["kind"], notes["id"], notes["team"], notes["record"], notes["form"], notes["opened"])
    ended = {"record_team": notes["record_team"], "path": notes["path"], "rule_status": CLOSED, "closed_by": closed_by}
    return about | ended
