"""Wakes whoever waits for a change, also for one that another process wrote.

One thread per process looks at `PRAGMA data_version` of the databases that somebody waits on, and of no others: that
tells, without reading a page, whether anything was committed since.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from sync.embedded.files import connect
from sync.store import Unavailable

PAUSE_SECONDS = 0.025
SLICE_SECONDS = 1.0


class Signals:
    """Waiting for changes of any database of a store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[Path, _Watched] = {}
        self._thread: threading.Thread | None = None

    def wake(self, path: Path) -> None:
        """This process has written."""
        with self._lock:
            watched = self._watched.get(path)
        if watched:
            watched.bump()

    def watch(self, path: Path) -> Waiting:
        """Begin to wait; what is written from now on is noticed. Raises `Unavailable`."""
        with self._lock:
            watched = self._watched.get(path)
            if watched is None:
                try:
                    watched = self._watched[path] = _Watched(path)
                except (OSError, sqlite3.OperationalError) as error:
                    raise Unavailable(f"The database cannot be watched just now: {error}.") from error
            watched.waiting += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="signals", daemon=True)
                self._thread.start()
        return Waiting(self, watched)

    def listen(self, path: Path, heard: Callable[[Path], None]) -> Listening:
        """Have `heard` called, from any thread, whenever the database was written. Raises `Unavailable`."""
        return Listening(self.watch(path), heard)

    def leave(self, watched: _Watched) -> None:
        """One less waits."""
        with self._lock:
            watched.waiting -= 1

    def _look(self) -> None:
        while True:
            with self._lock:
                idle = [path for path, watched in self._watched.items() if not watched.waiting]
                closing = [self._watched.pop(path) for path in idle]
                busy = list(self._watched.values())
                if not busy:
                    self._thread = None
            for watched in closing:
                watched.close()
            if not busy:
                return
            for watched in busy:
                watched.look()
            time.sleep(PAUSE_SECONDS)


class _Watched:
    """One database that somebody waits on."""

    def __init__(self, path: Path) -> None:
        self.waiting = 0
        self.version = 1
        self.listeners: list[Callable[[], None]] = []
        self._changed = threading.Condition()
        self.path = path
        self._open()

    def _open(self) -> None:
        self._inode = self.path.stat().st_ino
        self._connection = connect(self.path)
        self._seen = self._data_version()

    def look(self) -> None:
        try:
            if self.path.stat().st_ino != self._inode:  # deleted and made anew
                self.close()
                self._open()
                self.bump()
            found = self._data_version()
        except (OSError, sqlite3.Error):  # deleted: whoever waits finds out by itself
            self.bump()
            return
        if found != self._seen:
            self._seen = found
            self.bump()

    def bump(self) -> None:
        with self._changed:
            self.version += 1
            self._changed.notify_all()
        for heard in list(self.listeners):
            heard()

    def wait(self, version: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.version != version, timeout=seconds)

    def close(self) -> None:
        self._connection.close()

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


class Waiting:
    """Somebody who waits for one database; a context manager."""

    def __init__(self, signals: Signals, watched: _Watched) -> None:
        self._signals = signals
        self._watched = watched

    def __enter__(self) -> Waiting:
        return self

    def __exit__(self, *_: object) -> None:
        self._signals.leave(self._watched)

    @property
    def path(self) -> Path:
        """Which database."""
        return self._watched.path

    @property
    def listeners(self) -> list[Callable[[], None]]:
        """What is called after each change."""
        return self._watched.listeners

    @property
    def version(self) -> int:
        """Read it before looking for changes."""
        return self._watched.version

    def wait(self, version: int, seconds: float) -> None:
        """Until something was written since `version` was read, or the time is over."""
        self._watched.wait(version, max(0.0, seconds))


class Listening:
    """Somebody who is told of changes rather than waiting for them."""

    def __init__(self, waiting: Waiting, heard: Callable[[Path], None]) -> None:
        self._waiting = waiting
        self._call = partial(heard, waiting.path)
        waiting.listeners.append(self._call)

    def stop(self) -> None:
        """Be told no more."""
        self._waiting.listeners.remove(self._call)
        self._waiting.__exit__()
