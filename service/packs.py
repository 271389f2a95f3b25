"""Packs as files: made once for each state of a database, served to however many tablets ask (law 27).

One process makes a pack while the others serve the one before, which is no less right: replication goes on from the
place that it names. A pack appears under its name only when it is whole.
"""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.errors import RoundsError
from sync import pack
from sync.store import Database

FOLDER = "packs"
SUFFIX = ".jsonl.gz"
COMPRESSION = 5
FRESH_SECONDS = 30.0
"""A mailbox that changes with every second is not packed anew with every second."""
WAIT_SECONDS = 45.0
PAUSE_SECONDS = 0.05
RETRY_SECONDS = 5


@dataclass(frozen=True)
class Pack:
    """A pack on disk; `digest` is that of its bytes and so its ETag."""

    path: Path
    state: str
    digest: str

    @property
    def made_at(self) -> float:
        """Unix seconds."""
        return self.path.stat().st_mtime


class Packs:
    """The packs of one installation's databases, in a folder that can be emptied at any time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self, database: Database) -> Pack:
        """A pack to serve: of the database as it is, or as it was a moment ago.

        Raises `RoundsError` `busy` where the first pack of a database is being made and is not ready in time.
        """
        folder = self._folder / database.name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state, end = _state_of(database), time.monotonic() + WAIT_SECONDS
        while True:
            newest = _newest(folder)
            if newest is not None and (newest.state == state or time.time() - newest.made_at < FRESH_SECONDS):
                return newest
            with _alone(folder) as alone:
                if alone:
                    return _newest_of(folder, state) or _make(folder, state, database)
            if newest is not None:
                return newest
            if time.monotonic() > end:
                raise RoundsError("busy", retry_after=RETRY_SECONDS)
            time.sleep(PAUSE_SECONDS)


def _state_of(database: Database) -> str:
    """Names what the database holds just now; the counts do so where its instance says nothing."""
    info = database.info()
    text = f"{pack.FORMAT}\0{info.instance}\0{info.update_seq}\0{info.doc_count}\0{info.doc_del_count}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _make(folder: Path, state: str, database: Database) -> Pack:
    """Write a pack under a name of its own, then give it the one it is found by, then remove those before it."""
    draft = folder / f"draft.{os.getpid()}.{time.monotonic_ns()}"
    try:
        digest = _write(draft, database)
        made = Pack(folder / f"{state}-{digest}{SUFFIX}", state, digest)
        draft.replace(made.path)
    finally:
        draft.unlink(missing_ok=True)
    for stray in folder.iterdir():
        if stray not in (made.path, folder / "lock"):
            stray.unlink(missing_ok=True)
    return made


def _write(path: Path, database: Database) -> str:
    with path.open("xb") as file:
        path.chmod(0o600)
        with gzip.GzipFile("", "wb", COMPRESSION, file, mtime=0) as packed:
            for line in pack.lines(database):
                packed.write(line)
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _newest(folder: Path) -> Pack | None:
    found = [(path.stat().st_mtime_ns, path) for path in folder.glob(f"*{SUFFIX}") if path.exists()]
    return _named(max(found)[1]) if found else None


def _newest_of(folder: Path, state: str) -> Pack | None:
    return next((_named(path) for path in folder.glob(f"{state}-*{SUFFIX}")), None)


def _named(path: Path) -> Pack:
    state, _, digest = path.name.removesuffix(SUFFIX).partition("-")
    return Pack(path, state, digest)


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process makes the pack; the kernel lets go of the lock when its holder dies."""
    with (folder / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
