"""Whether intake's cost per record grows with how many there are already.

Two offices, one with few records and one with many, are each sent the same kind of news in turns, and intake judges
it. Judging a million records first would take a quarter of an hour, so all but the first `SEEDS` are copies: those
were filled, signed and judged as ever; then their documents and receipts are put into the mailbox again under other
ids, and their rows into the read model under other identities too, which costs no judging. Tables, indexes and
checkpoint are those of an office in which every one was judged.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Connection, Insert, Table, func, insert, literal_column, select, update

from service.campaign import mailbox_of
from service.parts import Parts
from service.readmodel.projection import SqlProjection
from service.readmodel.tables import checkpoints, edits, identities, named_media, records
from sync.intake import Intake
from sync.store import Database, Seq
from tests.bench.judging import _send_part
from tests.bench.office import TEAM, Tablet, open_office, send
from tests.bench.replication import say

SEEDS = 1_000
WINDOW = 1_000
CACHE_KIB = 1_000_000
SHOWN = 100
FIRST_DAY = date(2015, 1, 1)
ROW_ID: ColumnElement[int] = literal_column("rowid")
_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True)
class Cost:
    """Milliseconds per record of news, medians: of processor time, and by the clock."""

    processor: float
    clock: float


@dataclass(frozen=True)
class Growth:
    """What news costs an office that has so many records already: plain news, and where a fifth is in conflict."""

    records: int
    plain: Cost
    conflicting: Cost


def measure(few: int, many: int, rounds: int) -> tuple[Growth, Growth]:
    """Both offices, in turns."""
    with ExitStack() as stack:
        offices = [_Office(stack.enter_context(open_office()), count) for count in (few, many)]
        for number in range(rounds):
            for office in offices:
                say(f"growth {number + 1} of {rounds}: news for an office of {office.records} records")
                office.judge_news(conflicts=False)
                office.judge_news(conflicts=True)
        return offices[0].growth(), offices[1].growth()


class _Office:
    """An office that has so many records, and what judging news has cost it."""

    def __init__(self, parts: Parts, count: int) -> None:
        say(f"growth: an office of {count} records")
        self.records = count
        self._parts = parts
        self._tablets = Tablet(parts, "li.wei"), Tablet(parts, "zhang.min")
        self._intake = Intake(parts.store, parts.library, SqlProjection(parts.readmodel))
        self._filled = SEEDS
        self._costs: Mapping[bool, list[Cost]] = {False: [], True: []}
        send(parts, [self._tablets[number % 2].fill(number) for number in range(SEEDS)])
        self._intake.drain()
        _multiply(parts, count // SEEDS - 1)
        self._intake = Intake(parts.store, parts.library, SqlProjection(parts.readmodel))
        self._intake.drain()

    def judge_news(self, *, conflicts: bool) -> None:
        """Send the next visits, and see what their verdicts cost."""
        for _ in range(0, WINDOW, SHOWN):
            _send_part(self._parts, self._tablets, range(self._filled, self._filled + SHOWN), conflicts)
            self._filled += SHOWN
        clock, processor = time.perf_counter(), time.process_time()
        judged = self._intake.drain()
        cost = Cost((time.process_time() - processor) / WINDOW * 1000, (time.perf_counter() - clock) / WINDOW * 1000)
        assert judged >= WINDOW, judged
        self._costs[conflicts].append(cost)

    def growth(self) -> Growth:
        """The medians."""
        return Growth(self.records, _median(self._costs[False]), _median(self._costs[True]))


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(median(each.processor for each in costs), median(each.clock for each in costs))


def _multiply(parts: Parts, copies: int) -> None:
    """Write the rows of the seeds again, so many times."""
    seq = _multiply_documents(parts.store.database(mailbox_of(TEAM)), copies)
    with parts.readmodel.connect() as connection:
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        _hurry(raw)
        seeds = {table: connection.scalar(select(func.max(ROW_ID)).select_from(table)) or 0 for table, _ in _ROWS}
        for number in range(1, copies + 1):
            for table, fresh in _ROWS:
                connection.execute(_again(table, fresh(number), seeds[table]))
            connection.commit()  # a longer transaction makes a log that has to be searched
            if number % SHOWN == 0:
                say(f"growth: {number * SEEDS} copies in the read model")
        connection.execute(update(checkpoints).where(checkpoints.c.mailbox == mailbox_of(TEAM)).values(seq=seq))
        connection.commit()
        raw.execute("PRAGMA cache_size = -2000")
        assert _count(connection, records) == (copies + 1) * SEEDS


def _multiply_documents(database: Database, copies: int) -> Seq:
    """The records and receipts of a mailbox; how far its sequence has come."""
    rows = database.all(start="receipt:", end="record;", include_docs=True)
    seeds = [row.doc for row in rows if row.doc and row.doc["type"] in ("record", "receipt")]
    assert len(seeds) == 2 * SEEDS, len(seeds)
    for number in range(1, copies + 1):
        refused = database.put_revisions([{**doc, "_id": _fresh(doc["_id"], number)} for doc in seeds])
        assert refused == [], refused
        if number % SHOWN == 0:
            say(f"growth: {number * SEEDS} copies in the mailbox")
    return database.info().update_seq


def _hurry(connection: sqlite3.Connection) -> None:
    """What is written here may be lost, so it need not be safe at every moment."""
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.create_function("fresh", 2, _fresh, deterministic=True)
    connection.create_function("moved", 2, _moved, deterministic=True)


def _fresh(name: str, number: int) -> str:
    """The id with an earlier ULID: those of one copy follow each other."""
    return _ULID.sub(lambda found: f"{found[0][:4]}{number:06d}{found[0][10:]}", name, count=1)


def _moved(at: str, number: int) -> str:
    """The time on a day of its own for each copy."""
    return f"{FIRST_DAY + timedelta(days=number)}{at[10:]}"


Fresh = Callable[[int], dict[str, ColumnElement[Any]]]


ANOTHER = func.lower(func.hex(func.randomblob(16)))
"""An identity that no other record has."""
_ROWS: tuple[tuple[Table, Fresh], ...] = (
    (
        records,
        lambda number: {
            "id": func.fresh(records.c.id, number),
            "updated": func.moved(records.c.updated, number),
        },
    ),
    (
        edits,
        lambda number: {
            "record": func.fresh(edits.c.record, number),
            "id": func.fresh(edits.c.id, number),
            "at": func.moved(edits.c.at, number),
        },
    ),
    (named_media, lambda number: {"record": func.fresh(named_media.c.record, number)}),
    (identities, lambda number: {"record": func.fresh(identities.c.record, number), "key": ANOTHER}),
)


def _again(table: Table, fresh: Mapping[str, ColumnElement[Any]], seeds: int) -> Insert:
    """The rows of the seeds, which are the table's first, once more with what has to differ."""
    columns = [fresh.get(column.name, column) for column in table.c]
    return insert(table).from_select(list(table.c), select(*columns).where(ROW_ID.between(1, seeds)))


def _count(connection: Connection, table: Table) -> int:
    return int(connection.scalar(select(func.count()).select_from(table)) or 0)
