"""Writes cases into the tables: what follows from the records, with what people have added to it on top.

Either may come first. Each writes the rows that it knows of from both, so that the outcome is the same in any order,
and at every rebuild.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, insert, select, update

from service.cases.derived import CLOSED, Row, case_row
from service.cases.kinds import DUPLICATE
from service.cases.notes import Notes, notes_of, with_notes
from service.readmodel.tables import case_notes, case_records, cases, records

CHUNK = 400
NO_NOTES = Notes()
ADDED = ("status", "closed_how", "assigned", "due", "snoozed", "asked")


def replace_cases(connection: Connection, team: str, ids: Sequence[str], derived: Sequence[Row]) -> None:
    """Replace the cases that are each about one of these records of a team. Their own rows come first."""
    own = and_(cases.c.record_team == team, cases.c.record.in_(ids), cases.c.kind != DUPLICATE)
    connection.execute(delete(cases).where(own))
    mine = and_(case_notes.c.record_team == team, case_notes.c.record.in_(ids))
    noted = {row["id"]: dict(row) for row in connection.execute(select(case_notes).where(mine)).mappings()}
    rows = [with_notes(row, _notes(noted.get(row["id"]))) for row in derived]
    here = {row["id"] for row in derived} | set(connection.execute(_standing(noted)).scalars())
    past = [noted[name] for name in sorted(noted.keys() - here)]
    put(connection, rows + _past(connection, past))


def put(connection: Connection, rows: Sequence[Row]) -> None:
    """Insert whole rows."""
    for start in range(0, len(rows), CHUNK):
        connection.execute(insert(cases), list(rows[start : start + CHUNK]))


def put_own(connection: Connection, rows: Sequence[Row], name: str) -> None:
    """Write one case about one record in place of what was there: no row where nothing speaks for it any more."""
    connection.execute(delete(cases).where(cases.c.id == name))
    found = connection.execute(select(case_notes).where(case_notes.c.id == name)).mappings().first()
    said = dict(found) if found else None
    put(connection, [with_notes(row, _notes(said)) for row in rows] or (_past(connection, [said]) if said else []))


def put_case(connection: Connection, row: Row | None, name: str = "") -> None:
    """Write one case about several records, in place of what was there; None where nothing speaks for it any more.

    `detail.documents` are the records that it is about.
    """
    name = row["id"] if row else name
    connection.execute(delete(cases).where(cases.c.id == name))
    connection.execute(delete(case_records).where(case_records.c.case == name))
    found = connection.execute(select(case_notes).where(case_notes.c.id == name)).mappings().first()
    said = dict(found) if found else None
    if row is None:
        put(connection, _past(connection, [said]) if said else [])
        return
    put(connection, [with_notes(row, _notes(said))])
    about = {(each["team"], each["record"]) for each in row["detail"]["documents"]}
    rows = [{"record_team": team, "record": record, "case": name} for team, record in sorted(about)]
    connection.execute(insert(case_records), rows)


def put_notes(connection: Connection, row: Row) -> None:
    """Keep what people have added to one case, and let its row say so."""
    connection.execute(delete(case_notes).where(case_notes.c.id == row["id"]))
    connection.execute(insert(case_notes).values(row))
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
    rows = []
    for notes in noted:
        mine = and_(records.c.team == notes["record_team"], records.c.id == notes["record"])
        last = connection.execute(select(records.c.last_edit).where(mine)).scalar()
        if last is not None:
            closed_by = None if notes["kind"] == DUPLICATE else last
            rows.append(with_notes(past_row(notes, closed_by), notes_of(notes["entries"])))
    return rows


def past_row(notes: Mapping[str, Any], closed_by: str | None) -> Row:
    """The row of a case that has ended, from what its document says it was about."""
    about = case_row(notes["kind"], notes["id"], notes["team"], notes["record"], notes["form"], notes["opened"])
    ended = {"record_team": notes["record_team"], "path": notes["path"], "rule_status": CLOSED, "closed_by": closed_by}
    return about | ended
