"""One SQLite file to a database: its tables, and the connections that threads keep to it."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sync.embedded.faults import OtherFormat, known_fault
from sync.store import NotFound

BUSY_MILLISECONDS = 30_000
CACHE_KIBIBYTES = 2_048
"""Of each connection; what else is read often, the operating system keeps for all of them."""
MOST_HELD = 16
"""Connections that a thread keeps: an office may have hundreds of databases, and each connection is two open files."""
PAGE_BYTES = 8_192
"""A page holds six records of 1 kB: a batch of them touches fewer than pages of 4 kB would be."""
LOG_PAGES = 2_000
"""Length of the write-ahead log, in pages, at which it is worked into the file."""
NAMES_LOCK = "names.lock"

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
INSERT INTO meta VALUES ('seq', 0), ('live', 0), ('dead', 0), ('security', '{}'), ('revs_limit', 1000);
CREATE TABLE doc (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    rev TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    winner INTEGER,
    tree TEXT NOT NULL,
    leaves TEXT NOT NULL,
    bodies TEXT NOT NULL
);
CREATE TABLE body (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    rev TEXT NOT NULL,
    deleted INTEGER NOT NULL,
    body BLOB NOT NULL,
    attachments TEXT,
    checksum INTEGER NOT NULL
);
CREATE TABLE local (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE blob (digest TEXT PRIMARY KEY, length INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chunk (
    digest TEXT NOT NULL,
    number INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (digest, number)
);
PRAGMA user_version = 3;
"""
_FORMAT = 3
"""The `user_version` above: what this program reads."""


class _Held(threading.local):
    """A thread's connections by process and file, the one used last at the end.

    By process, since a forked one must not use its parent's.
    """

    def __init__(self) -> None:
        self.connections: dict[tuple[int, Path], tuple[int, sqlite3.Connection]] = {}


_held = _Held()


class File:
    """A database's file. Each thread has a connection of its own; all see a deletion by any process."""

    def __init__(self, path: Path, name: str) -> None:
        self.path = path
        self.name = name

    def create(self) -> None:
        """Make the file. Raises `FileExistsError`. It appears under its name only when it is whole."""
        draft = self.path.with_name(f"{self.path.name}.{os.getpid()}.{threading.get_ident()}.new")
        connection = connect(draft, mode="rwc")
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO meta VALUES ('instance', ?)", (str(time.time_ns() // 1_000),))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        try:
            with alone(self.path.parent):
                os.link(draft, self.path)
        finally:
            for stray in draft.parent.glob(f"{draft.name}*"):
                stray.unlink(missing_ok=True)

    def delete(self) -> None:
        """Remove the file, its log, and what was made from it."""
        with alone(self.path.parent):
            for path in (self.path, self.lookup):
                remove(path)

    @property
    def lookup(self) -> Path:
        """Where the entries of its indexes are: in a file of its own, which may be lost and is in no backup."""
        return self.path.with_suffix(".lookup")

    def connection(self) -> sqlite3.Connection:
        """This thread's connection. Raises `NotFound` where the database is gone."""
        try:
            inode = self.path.stat().st_ino
        except FileNotFoundError:
            raise NotFound("Database does not exist.") from None
        key = os.getpid(), self.path
        held = _held.connections.pop(key, None)
        if held is None or held[0] != inode:
            try:
                held = inode, connect(self.path)
                check_format(held[1], self.name)
            except sqlite3.DatabaseError as error:
                raise known_fault(error, self.name) from error
        _held.connections[key] = held
        if len(_held.connections) > MOST_HELD:
            _, idle = _held.connections.pop(next(iter(_held.connections)))
            idle.close()
        return held[1]

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Several reads of one state."""
        with self._transaction("BEGIN") as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is durable when the block ends, and undone when it raises."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self.connection()
        if connection.in_transaction:  # a generator of an earlier request was dropped half-way
            connection.rollback()
        try:
            connection.execute(begin)
            yield connection
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            _roll_back(connection)
            raise known_fault(error, self.name) from error
        except BaseException:
            _roll_back(connection)
            raise


def remove(path: Path) -> None:
    """Take away a file of SQLite's with its log, where it is there. To be done `alone`."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One process and thread at a time: a removal takes the log away by name, which another file must not have yet."""
    with (folder / NAMES_LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _roll_back(connection: sqlite3.Connection) -> None:
    """SQLite undoes some failures, such as a full disk, by itself."""
    if connection.in_transaction:
        with suppress(sqlite3.DatabaseError):
            connection.execute("ROLLBACK")


def check_format(connection: sqlite3.Connection, name: str) -> None:
    """Raise `OtherFormat` for a file whose tables are not laid out as this program lays them out."""
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    if found != _FORMAT:
        connection.close()
        raise OtherFormat(
            f"The database {name} was made by another version of Rounds (format {found}, this version reads {_FORMAT})."
            " Serve it with the version that made it, and bring its documents here with `rounds replicate`."
        )


def connect(path: Path, *, mode: str = "rw") -> sqlite3.Connection:
    """Open a file; without `rwc` only one that is there, lest a deleted database comes back as an empty file."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")  # of a file that is made; others keep theirs
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
    return connection
