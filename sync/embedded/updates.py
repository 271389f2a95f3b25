"""Which databases were made, changed or removed: one feed over all of a store's databases.

Nobody pays for it while writing. Whoever asks compares every database with what was noted last, and notes what is new
under the next number; the notes are in a file of their own, so that all processes share the numbers.
Source: CouchDB's `_db_updates`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.embedded.database import sequence
from sync.embedded.files import connect
from sync.store import START, Info, NotFound, Seq, StoreError, Unavailable, Update, Updates

FILE = "updates.db"
PAUSE_SECONDS = 0.1
SETTLED_NANOSECONDS = 100_000_000
"""File times are coarse: what was written just now may be written to again without the time showing it."""

_TABLES = """
DROP TABLE IF EXISTS noted;
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, file TEXT NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS event (
    number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, kind TEXT NOT NULL, UNIQUE (name, kind)
);
"""
Stamp = tuple[int, int, int, int]


class UpdateLog:
    """The feed of one store. `file_of` gives a database's file, `info_of` what it says of itself."""

    def __init__(
        self,
        folder: Path,
        names: Callable[[], list[str]],
        file_of: Callable[[str], Path],
        info_of: Callable[[str], Info],
    ) -> None:
        self._path = folder / FILE
        self._names, self._file_of, self._info_of = names, file_of, info_of
        self._seen: dict[str, Stamp] = {}
        self._fresh: set[str] = set()
        self._last = 0
        self._lock = threading.Lock()

    def after(self, since: Seq, *, limit: int | None, wait: float, stop: threading.Event | None) -> Updates:
        """Updates after `since`, each name and kind once; waits for the first for up to `wait` seconds."""
        end = time.monotonic() + wait
        while True:
            page = self._look(since, limit)
            left = end - time.monotonic()
            if page.results or left <= 0 or (stop is not None and stop.is_set()):
                return page
            (stop or threading.Event()).wait(min(left, PAUSE_SECONDS))

    def last(self) -> int:
        """The number of the latest update."""
        return int(self._look(START, 0).last_seq)

    def _look(self, since: Seq, limit: int | None) -> Updates:
        place = sequence(since)
        with self._lock:
            found = self._found()
            if found == self._seen and not self._fresh and place >= self._last:
                return Updates((), place)  # nothing was written since the last look, nor noted by other processes
            with self._open() as connection:
                self._note(connection, found)
                query = "SELECT number, name, kind FROM event WHERE number > ? ORDER BY number LIMIT ?"
                rows = connection.execute(query, (place, -1 if limit is None else limit)).fetchall()
                self._last = _latest(connection)
        results = tuple(Update(number, name, kind) for number, name, kind in rows)
        cut = results and len(results) == limit
        return Updates(results, results[-1].seq if cut else max(place, self._last))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = connect(self._path, mode="rwc")
        try:
            connection.executescript(_TABLES)
            yield connection
        except sqlite3.OperationalError as error:
            raise Unavailable(f"The updates cannot be read just now: {error}.") from error
        finally:
            connection.close()

    def _found(self) -> dict[str, Stamp]:
        return {name: stamp for name in self._names() if (stamp := self._stamp(name)) is not None}

    def _note(self, connection: sqlite3.Connection, found: dict[str, Stamp]) -> None:
        """Compare what is there with what was noted."""
        connection.execute("BEGIN IMMEDIATE")
        noted = {name: (file, seq) for name, file, seq in connection.execute("SELECT * FROM known")}
        for name in sorted(set(noted) - set(found)):
            connection.execute("DELETE FROM known WHERE name = ?", (name,))
            _tell(connection, name, "deleted")
        for name, stamp in found.items():
            if self._seen.get(name) != stamp or name in self._fresh:
                self._note_one(connection, name, stamp, noted.get(name))
        connection.execute("COMMIT")
        settled = time.time_ns() - SETTLED_NANOSECONDS
        self._seen, self._fresh = found, {name for name, stamp in found.items() if max(stamp[1:3]) >= settled}

    def _note_one(self, connection: sqlite3.Connection, name: str, stamp: Stamp, noted: tuple[str, int] | None) -> None:
        try:
            info = self._info_of(name)
        except StoreError:
            return  # removed since it was found
        # The number of a file that was removed is soon another's; a copy that was brought back has its instance.
        found = f"{stamp[0]}/{info.instance}", int(info.update_seq)
        if noted == found:
            return
        connection.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?)", (name, *found))
        if noted is None or noted[0] != found[0]:
            _tell(connection, name, "created")
        if found[1]:
            _tell(connection, name, "updated")

    def _stamp(self, name: str) -> Stamp | None:
        """What differs after every write; None where the database is gone."""
        path = self._file_of(name)
        try:
            file = path.stat()
            log = path.with_name(f"{path.name}-wal")
            changed, size = (log.stat().st_mtime_ns, log.stat().st_size) if log.exists() else (0, 0)
        except (FileNotFoundError, NotFound):
            return None
        return file.st_ino, file.st_mtime_ns, changed, size


def _tell(connection: sqlite3.Connection, name: str, kind: str) -> None:
    connection.execute("INSERT OR REPLACE INTO event (name, kind) VALUES (?, ?)", (name, kind))


def _latest(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM event").fetchone()[0])
