"""What SQLite's failures mean to whoever uses the store."""

from __future__ import annotations

import sqlite3

from sync.store import StoreError, Unavailable


class Full(StoreError):
    """The disk is full: nothing was written; reading goes on. The same write succeeds once there is room."""

    code, status, retry = "insufficient_storage", 507, True


class Damaged(StoreError):
    """The file on the disk is not as SQLite left it: `rounds doctor` says where, a backup has what it held."""

    code, status = "damaged", 500


class OtherFormat(StoreError):
    """The file is sound, and of another version of this program; nothing in it was touched."""

    code, status = "other_format", 500


def known_fault(error: sqlite3.DatabaseError, name: str) -> StoreError | sqlite3.DatabaseError:
    """The error to raise for a failure of the database `name`; itself where it is a mistake in the program."""
    kind = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if kind == sqlite3.SQLITE_FULL:
        return Full(f"The disk is full; nothing was written to the database {name}.")
    if kind in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return Damaged(f"The file of the database {name} is damaged: {error}. `rounds doctor` says where.")
    if isinstance(error, sqlite3.OperationalError):
        return Unavailable(f"The database {name} cannot be used just now: {error}.")
    return error
