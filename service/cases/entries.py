"""What people add to a case, written down: one entry more in `case:<id>` of the office database."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from service.cases.notes import ENTRIES_MOST, PREFIX
from service.errors import RoundsError
from service.identifiers import ulid
from service.parts import Parts
from service.readmodel.office import OFFICE, project
from service.readmodel.paging import Row
from service.sql import writing
from sync.store import Conflict, Document, NotFound

TRIES = 8
ABOUT = ("kind", "team", "record_team", "record", "form", "path", "opened")
Entry = dict[str, Any]


def entry(person: str, kind: str, *, entry_id: str | None = None, **more: Any) -> Entry:
    """An entry that says who did what, and when by this machine's clock."""
    return {"id": entry_id or ulid(), "at": now(), "by": person, "kind": kind, **more}


def now() -> str:
    """This moment by this machine's clock, in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def add(parts: Parts, case: Row, new: Entry) -> Document:
    """Append an entry to a case's document and to the read model. An entry that is there already changes nothing.

    Raises `RoundsError`: `case_full` where there are too many, `busy` where others write all the time.
    """
    office = parts.store.database(OFFICE)
    for _ in range(TRIES):
        doc = _document(parts, case)
        if any(each.get("id") == new["id"] for each in doc["entries"]):
            return doc
        if len(doc["entries"]) >= ENTRIES_MOST:
            raise RoundsError("case_full")
        after = doc | {"entries": [*doc["entries"], new]}
        with suppress(Conflict):
            after["_rev"] = office.put(after)
            with writing(parts.readmodel) as connection:
                project(connection, after["_id"], after)
            return after
    raise RoundsError("busy", retry_after=1)


def _document(parts: Parts, case: Mapping[str, Any]) -> Document:
    name = PREFIX + case["id"]
    try:
        return parts.store.database(OFFICE).get(name)
    except NotFound:
        return {"_id": name, "type": "case", **{each: case[each] for each in ABOUT}, "entries": []}
