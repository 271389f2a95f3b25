"""The entries of a database's indexes, in a file beside it: which documents there are, by what an index orders them by.

They are made from the documents and brought up to date when somebody asks, as far as the database has come by then.
Where the file is damaged, or was made for a database that had the name before, it is begun anew.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from sync.embedded.collation import encoded
from sync.embedded.faults import known_fault
from sync.embedded.files import alone, remove
from sync.embedded.find import Place
from sync.embedded.indexes import DESIGN, Index
from sync.embedded.selectors import ABSENT, matches, value_at
from sync.store import START, Database, Document, Info, Seq, Unavailable

BATCH = 1_000
ATTEMPTS = 2
"""With the file that is there, and with one that is made anew."""
BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS state (instance TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS made (digest TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, seq INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS entry (number INTEGER, key BLOB, id TEXT, PRIMARY KEY (number, key, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entry_by_id ON entry (number, id);
"""

_FAILS = {
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CONSTRAINT,  # its parts contradict each other
    sqlite3.SQLITE_ERROR,  # it has other tables: another version of this program made it
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}
"""What SQLite says where the file itself is of no use. A full disk and a busy file are not among it."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Range:
    """Keys from `least` to whatever begins as `most`, both inclusive, behind the place `after`."""

    least: bytes = b""
    most: bytes = b""
    after: Place | None = None
    descends: bool = False


def key_of(values: Sequence[Any]) -> bytes:
    """What an entry of these values is ordered by."""
    return b"".join(map(encoded, values))


class Lookup:
    """The entries of one database."""

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database

    def places(self, index: Index, among: Collection[Index], span: Range) -> Generator[Place]:
        """The places of the documents that an index has in a range, in its order.

        `among` are all indexes that there are: the entries of others are forgotten. Where the file fails, it is made
        anew once, and the reading goes on behind what was read. Raises `StoreError`.
        """
        named, last = {each.digest for each in among}, span.after
        for _ in range(ATTEMPTS):
            try:
                with closing(self._read(index, named, span)) as places:
                    for place in places:
                        yield place
                        last = place
                return
            except sqlite3.DatabaseError as error:
                self._give_up(error)
                span = replace(span, after=last)
        raise Unavailable("The entries of the indexes are made anew: ask again.")

    def _read(self, index: Index, named: Collection[str], span: Range) -> Generator[Place]:
        with self._open() as connection:
            number = self._up_to_date(connection, index, named)
            yield from connection.execute(*_query(number, span))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection, which comes and goes while nobody takes the file away.

        SQLite finds a file's log by its name, and who goes last removes it: it must be that of the same file.
        """
        with alone(self._path.parent):
            self._info()  # raises where the database is gone, beside which no file is begun
            connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                _prepare(connection)
            except sqlite3.DatabaseError:
                connection.close()
                raise
        try:
            yield connection
        finally:
            with alone(self._path.parent):
                connection.close()

    def _give_up(self, error: sqlite3.DatabaseError) -> None:
        """Take a file away that has failed; raise where that is not its own fault."""
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_MISUSE) & 0xFF not in _FAILS:
            raise known_fault(error, self._database.name) from error
        log.warning("a lookup file is of no use; it is made anew", path=str(self._path), reason=str(error))
        with alone(self._path.parent):
            remove(self._path)

    def _up_to_date(self, connection: sqlite3.Connection, index: Index, named: Collection[str]) -> int:
        """The number of the index, whose entries are those of all documents as they are now.

        A transaction begins that sees them: others may make them anew meanwhile, under another number.
        """
        wanted = int(self._info().update_seq)
        while True:
            connection.execute("BEGIN")
            standing = self._standing(connection, index)
            if standing is not None and standing[1] >= wanted:
                return standing[0]
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                number, seq = self._standing(connection, index) or self._begun(connection, index, named)
                self._take_in(connection, index, number, seq)

    def _info(self) -> Info:
        """How far the database has come. What is wrong with it is never taken for a fault of this file."""
        try:
            return self._database.info()
        except sqlite3.DatabaseError as error:
            raise known_fault(error, self._database.name) from error

    def _standing(self, connection: sqlite3.Connection, index: Index) -> tuple[int, int] | None:
        """The number of an index, and how far it has come; None where it is not of this very database."""
        query = "SELECT number, seq, instance FROM made, state WHERE digest = ?"
        number, seq, instance = connection.execute(query, (index.digest,)).fetchone() or (0, 0, None)
        info = self._info()  # read last: while others write, what has been taken in is never ahead of it
        return (number, seq) if instance == info.instance and seq <= int(info.update_seq) else None

    def _begun(self, connection: sqlite3.Connection, index: Index, named: Collection[str]) -> tuple[int, int]:
        """Make room for a new index: what is of another database goes, and what nobody names any more."""
        instance = self._info().instance
        if connection.execute("SELECT instance FROM state").fetchall() != [(instance,)]:
            named = ()
            connection.execute("DELETE FROM state")
            connection.execute("INSERT INTO state VALUES (?)", (instance,))
        for digest, number in connection.execute("SELECT digest, number FROM made").fetchall():
            if digest == index.digest or digest not in named:
                connection.execute("DELETE FROM entry WHERE number = ?", (number,))
                connection.execute("DELETE FROM made WHERE number = ?", (number,))
        number = secrets.randbits(62)  # never one that somebody still reads by
        connection.execute("INSERT INTO made VALUES (?, ?, 0)", (index.digest, number))
        return number, 0

    def _take_in(self, connection: sqlite3.Connection, index: Index, number: int, seq: int) -> None:
        """The next changes of the database."""
        since: Seq = seq or START
        page = self._database.changes(since, limit=BATCH, include_docs=True)
        there = ((number, change.id) for change in page.results)
        connection.executemany("DELETE FROM entry WHERE number = ? AND id = ?", there)
        docs = (change.doc for change in page.results if change.doc and not change.deleted)
        entries = ((number, key, doc["_id"]) for doc in docs if (key := _key(index, doc)) is not None)
        connection.executemany("INSERT INTO entry VALUES (?, ?, ?)", entries)
        connection.execute("UPDATE made SET seq = ? WHERE number = ?", (page.last_seq, number))


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(_TABLES)


def _key(index: Index, doc: Document) -> bytes | None:
    """What a document is ordered by; None where it lacks a field, is a design document, or is not for this index."""
    values = [value_at(doc, name, ABSENT) for name, _ in index.fields]
    if doc["_id"].startswith(DESIGN) or any(value is ABSENT for value in values):
        return None
    return key_of(values) if not index.partial or matches(index.partial, doc) else None


def _query(number: int, span: Range) -> tuple[str, tuple[Any, ...]]:
    order, behind = ("DESC", "<") if span.descends else ("ASC", ">")
    text = "SELECT key, id FROM entry WHERE number = ? AND key >= ? AND key < ?"
    values: tuple[Any, ...] = (number, span.least, span.most + b"\xff")
    if span.after is not None:
        text += f" AND (key, id) {behind} (?, ?)"
        values += span.after
    return f"{text} ORDER BY key {order}, id {order}", values
