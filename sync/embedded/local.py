"""Documents that are not replicated, such as checkpoints: one revision each, counted up."""

from __future__ import annotations

import re
from collections.abc import Sequence

import orjson

from sync.embedded.files import File
from sync.embedded.writes import kept_json
from sync.store import BadRequest, Document, NotFound, TooLarge

LOCAL_BYTES = 65_536
"""A checkpoint has a few hundred; nothing else belongs there."""
REV = re.compile(r"0-[0-9]{1,15}")
REVISIONS = 10**15


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
        """Write it whatever was there before; returns its revision, the one after the document's own.

        Raises `BadRequest`, `TooLarge`. Nothing is a conflict. Source: CouchDB's `couch_db_updater`.
        """
        # Never one that could not be given back: whoever wrote the greatest would end a checkpoint of others for good.
        rev = f"0-{(_number(doc.get('_rev')) + 1) % REVISIONS}"
        members = {name: value for name, value in doc.items() if name not in ("_id", "_rev")}
        body = kept_json({"_rev": rev, **members})
        if len(body) > LOCAL_BYTES:
            details = {"limit": LOCAL_BYTES, "length": len(body)}
            raise TooLarge(f"A local document may have {LOCAL_BYTES} bytes at most.", details=details)
        with self._file.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO local VALUES (?, ?)", (local_id, body))
        return rev

    def delete(self, local_id: str) -> None:
        """Forget it. Raises `NotFound`."""
        with self._file.writing() as connection:
            if not connection.execute("DELETE FROM local WHERE id = ?", (local_id,)).rowcount:
                raise NotFound("missing")

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


def _number(rev: object) -> int:
    if rev is None:
        return 0
    if not isinstance(rev, str) or not REV.fullmatch(rev):
        raise BadRequest("Invalid rev format")
    return int(rev.partition("-")[2])
