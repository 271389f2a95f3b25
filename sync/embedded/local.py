"""Documents that are not replicated, such as checkpoints: one revision each, counted up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from sqlite3 import Connection

import orjson

from sync.embedded.files import File
from sync.embedded.writes import kept_json
from sync.store import Conflict, Document, NotFound, TooLarge

LOCAL_BYTES = 65_536
"""A checkpoint has a few hundred; nothing else belongs there."""
REV = re.compile(r"0-[0-9]{1,15}")


class LocalDocuments:
    """Those of one database. Ids come without `_local/`."""

    def __init__(self, file: File) -> None:
        self._file = file

    def get(self, local_id: str) -> Document:
        """Raises `NotFound`."""
        row = self._file.connection().execute("SELECT body FROM local WHERE id = ?", (local_id,)).fetchone()
        if row is None:
            raise NotFound("missing")
        return {"_id": f"_local/{local_id}", **orjson.loads(row[0])}

    def put(self, local_id: str, doc: Document) -> str:
        """Write it whatever was there before; returns its revision. Raises `BadRequest`, `TooLarge`."""
        with self._file.writing() as connection:
            return _write(connection, local_id, doc, _standing(connection, local_id))

    def replace(self, local_id: str, doc: Document) -> str:
        """Write it on top of `doc["_rev"]`. Raises `Conflict` where that is not what is there."""
        with self._file.writing() as connection:
            standing = _standing(connection, local_id)
            if standing is not None and doc.get("_rev") != standing:
                raise Conflict("Document update conflict.")
            return _write(connection, local_id, doc, standing)

    def delete(self, local_id: str, rev: str | None = None) -> None:
        """Forget it. Raises `NotFound`, and `Conflict` where its revision is another than `rev`."""
        with self._file.writing() as connection:
            standing = _standing(connection, local_id)
            if standing is None:
                raise NotFound("missing")
            if rev not in (None, standing):
                raise Conflict("Document update conflict.")
            connection.execute("DELETE FROM local WHERE id = ?", (local_id,))

    def all(
        self, start: str | None, end: str | None, keys: Sequence[str] | None, *, descending: bool, limit: int | None
    ) -> list[Document]:
        """In the order of their ids, from `start` to `end`, both inclusive; or those of `keys`."""
        named = None if keys is None else orjson.dumps(list(keys)).decode()
        rows = self._file.connection().execute(
            "SELECT id, body FROM local WHERE (?1 IS NULL OR id >= ?1) AND (?2 IS NULL OR id <= ?2)"
            " AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3))) ORDER BY id LIMIT ?4",
            (start, end, named, -1 if limit is None or descending else limit),
        )
        found = [{"_id": f"_local/{local_id}", **orjson.loads(body)} for local_id, body in rows]
        return found[::-1][:limit] if descending else found


def _standing(connection: Connection, local_id: str) -> str | None:
    """The revision that is there; None where there is none."""
    row = connection.execute("SELECT body FROM local WHERE id = ?", (local_id,)).fetchone()
    if row is None:
        return None
    rev = orjson.loads(row[0]).get("_rev")
    return rev if isinstance(rev, str) and REV.fullmatch(rev) else "0-1"


def _write(connection: Connection, local_id: str, doc: Document, standing: str | None) -> str:
    rev = f"0-{int((standing or '0-0').partition('-')[2]) + 1}"
    members = {name: value for name, value in doc.items() if name not in ("_id", "_rev")}
    body = kept_json({"_rev": rev, **members})
    if len(body) > LOCAL_BYTES:
        raise TooLarge(f"A local document may have {LOCAL_BYTES} bytes at most.", details={"limit": LOCAL_BYTES})
    connection.execute("INSERT OR REPLACE INTO local VALUES (?, ?)", (local_id, body))
    return rev
