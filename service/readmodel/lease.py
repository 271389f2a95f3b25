"""One intake at a time (law 20): a lock that the operating system or PostgreSQL lets go of when its holder dies."""

from __future__ import annotations

import fcntl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger(__name__)

FILE = "intake.lock"
RETRY_SECONDS = 1.0
WATCH_SECONDS = 5.0
_KEY = 7238602
"""Of PostgreSQL's advisory lock; any number that nobody else uses."""


@contextmanager
def hold(engine: Engine, folder: Path, stop: threading.Event) -> Iterator[bool]:
    """Wait for the lease and hold it. Yields False where `stop` was set before it was free.

    With PostgreSQL the lock lives as long as its connection: where that breaks, `stop` is set, so that the holder
    ends before somebody else has judged for long.
    """
    postgresql = engine.dialect.name == "postgresql"
    with _advisory(engine, stop) if postgresql else _file(folder / FILE, stop) as held:
        yield held


@contextmanager
def _file(path: Path, stop: threading.Event) -> Iterator[bool]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        yield _wait(lambda: _try_file(file.fileno()), stop)


def _try_file(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(engine: Engine, stop: threading.Event) -> Iterator[bool]:
    done = threading.Event()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        held = _wait(lambda: _try_advisory(connection), stop)
        watch = threading.Thread(target=_watch, args=(connection, stop, done), name="lease", daemon=True)
        watch.start()
        try:
            yield held
        finally:
            done.set()
            watch.join()
            connection.invalidate()  # a pooled connection would keep the lock


def _try_advisory(connection: Connection) -> bool:
    return bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _KEY}).scalar())


def _watch(connection: Connection, stop: threading.Event, done: threading.Event) -> None:
    while not done.wait(WATCH_SECONDS):
        try:
            connection.execute(text("SELECT 1"))
        except SQLAlchemyError:
            log.error("the intake lease is lost")
            stop.set()
            return


def _wait(attempt: Callable[[], bool], stop: threading.Event) -> bool:
    waited = False
    while not attempt():
        if not waited:
            log.info("another intake is at work; waiting for it to end")
        waited = True
        if stop.wait(RETRY_SECONDS):
            return False
    return True
