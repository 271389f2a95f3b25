"""Copies of databases that are in use, and bringing them back.

A copy is one state of each database, taken by SQLite's backup in one read: writers go on meanwhile. What was copied is
examined, and the list of contents is written last, so that a folder without one is no backup.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from sync.embedded.examine import examine
from sync.embedded.files import connect
from sync.store import StoreError

CONTENTS = "contents.json"
FORMAT = 1
LEAP = 1_000_000_000
"""How far a restored database is set forward, so that whoever read changes after the backup misses no new one."""

Progress = Callable[[str], object]


class BackupError(StoreError):
    """A backup that cannot be made or brought back; the reason is a sentence."""

    code, status = "bad_backup", 500


@dataclass(frozen=True)
class Copied:
    """One database in a backup: its file there, where its changes ended, how many live documents it held."""

    name: str
    file: str
    seq: int
    documents: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Contents:
    """A backup's list of contents. `others` are files beside the databases, by their digest."""

    made: str
    version: str
    databases: tuple[Copied, ...]
    others: Mapping[str, str]


def back_up(
    databases: Mapping[str, Path], others: Iterable[Path], target: Path, *, made: str, version: str, told: Progress
) -> Contents:
    """Copy databases (name to file) and other files of the store into the new folder `target`.

    `made` is the time (ISO 8601), `version` the program's; `told` hears of each database before it is copied. Raises
    `BackupError` where the target is there already, or where a copy is not sound.
    """
    if target.exists():
        raise BackupError(f"{target} is there already; a backup never writes over anything.")
    draft = target.with_name(f"{target.name}.{os.getpid()}.draft")
    draft.mkdir(mode=0o700, parents=True)
    try:
        copied = []
        for name, file in databases.items():
            told(name)
            copied.append(_copy(name, file, draft))
        beside = {file.name: _copy_file(file, draft) for file in others}
        contents = Contents(made, version, tuple(copied), beside)
        _write(draft / CONTENTS, orjson.dumps({"format": FORMAT, **asdict(contents)}, option=orjson.OPT_INDENT_2))
        _settle(draft)
        draft.rename(target)
        _settle(target.parent)
    except (OSError, sqlite3.DatabaseError) as error:
        raise BackupError(f"The backup failed: {error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return contents


def _copy(name: str, file: Path, folder: Path) -> Copied:
    copy = folder / file.name
    with closing(connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        meta = dict(target.execute("SELECT key, value FROM meta"))
    if faults := [each.text for each in examine(copy, name) if each.severity == "error"]:
        raise BackupError(f"The copy of {name} is not sound: {faults[0]} `rounds doctor` says more.")
    _sync(copy)
    return Copied(name, copy.name, int(meta["seq"]), int(meta["live"]), copy.stat().st_size, digest_of(copy))


def _copy_file(file: Path, folder: Path) -> str:
    copy = folder / file.name
    if file.suffix == ".sqlite":
        with closing(connect(file)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")
    else:
        shutil.copyfile(file, copy)
    _sync(copy)
    return digest_of(copy)


def read_contents(backup: Path) -> Contents:
    """A backup's list of contents. Raises `BackupError` where there is none, or one that is not understood."""
    try:
        found: dict[str, Any] = orjson.loads((backup / CONTENTS).read_bytes())
        if found["format"] != FORMAT:
            raise BackupError("The backup was made by a newer version of Rounds: bring this one up to date first.")
        databases = tuple(Copied(**each) for each in found["databases"])
        names = [*(each.file for each in databases), *found["others"]]
        contents = Contents(found["made"], found["version"], databases, dict(found["others"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{backup} is no whole backup: {CONTENTS} is missing or broken.") from error
    if any(Path(name).name != name or name.startswith(".") for name in names):
        raise BackupError(f"{backup} names files outside of it.")
    return contents


def verify(backup: Path, contents: Contents, *, told: Progress) -> None:
    """Raise `BackupError` unless every file is there, has its bytes, and is sound."""
    for name, digest in [*((each.file, each.sha256) for each in contents.databases), *contents.others.items()]:
        told(name)
        if not (backup / name).is_file() or digest_of(backup / name) != digest:
            raise BackupError(f"{name} in the backup is missing or has changed since it was made.")
    for each in contents.databases:
        if faults := [found.text for found in examine(backup / each.file, each.name) if found.severity == "error"]:
            raise BackupError(f"{each.file} in the backup is not sound: {faults[0]}")


def restore(backup: Path, contents: Contents, folder: Path, beside: Path) -> None:
    """Bring a verified backup's databases into `folder`, which must be empty or not there, and the rest into `beside`.

    The store's `uuid` belongs with the databases. Sequences are set forward. Raises `BackupError`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder} holds databases already; restoring never writes over anything.")
    others = {name: (folder if name == "uuid" else beside) / name for name in contents.others}
    if there := [path for path in others.values() if path.exists()]:
        raise BackupError(f"{there[0]} is there already; restoring never writes over anything.")
    draft = folder.with_name(f"{folder.name}.{os.getpid()}.draft")
    draft.mkdir(mode=0o700, parents=True)
    try:
        for each in contents.databases:
            _bring(backup / each.file, draft / each.file)
        for name, path in others.items():
            place = draft / name if path.parent == folder else path
            shutil.copyfile(backup / name, place)
            _sync(place)
        _settle(draft)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
        _settle(folder.parent)
    except (OSError, sqlite3.DatabaseError) as error:
        raise BackupError(f"Restoring failed: {error}.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _bring(file: Path, place: Path) -> None:
    shutil.copyfile(file, place)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE meta SET value = value + ? WHERE key = 'seq'", (LEAP,))
        connection.commit()
    _sync(place)


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    _sync(path)


def _sync(path: Path) -> None:
    """Have a file's bytes on the disk, readable by its owner alone."""
    path.chmod(0o600)
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _settle(folder: Path) -> None:
    """Have a folder's names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
