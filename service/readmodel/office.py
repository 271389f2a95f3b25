"""Follows the office database: what people add to cases, and who supervises which team."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, delete
from sqlalchemy.exc import SQLAlchemyError

from service.cases.derived import text
from service.cases.kinds import kind_of
from service.cases.notes import PREFIX
from service.parts import Parts
from service.readmodel.cases import put_notes
from service.readmodel.checkpoints import move, since
from service.readmodel.tables import supervisors
from service.sql import put_rows, writing
from sync.follow import LONGPOLL_SECONDS, pause
from sync.store import Document, Place, Store, StoreError

log = structlog.get_logger(__name__)

OFFICE = "office"
BATCH = 500


class OfficeFeed:
    """Brings the read model up to the office database. Each batch commits with the checkpoint behind it."""

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def drain(self) -> None:
        """Read all that is new."""
        while self.step():
            pass

    def step(self) -> int:
        """Read one batch; how many changes there were."""
        place = self.position()
        page = self._store.database(OFFICE).changes(place.seq, limit=BATCH, include_docs=True)
        if not page.results:
            return 0
        with writing(self._engine) as connection:
            for change in page.results:
                project(connection, change.id, change.doc if not change.deleted else None)
            move(connection, OFFICE, place._replace(seq=page.last_seq))
        return len(page.results)

    def position(self) -> Place:
        """How far the office database was read."""
        return since(self._engine, self._store.database(OFFICE))


def follow(parts: Parts, stop: threading.Event) -> None:
    """Keep the read model up with the office database until `stop`; errors are waited out, with jitter."""
    feed, failures = OfficeFeed(parts.store, parts.readmodel), 0
    while not stop.is_set():
        try:
            feed.drain()
            parts.store.database(OFFICE).changes(feed.position().seq, limit=1, wait=LONGPOLL_SECONDS, stop=stop)
            failures = 0
        except (StoreError, SQLAlchemyError) as error:
            failures += 1
            log.warning("the office database cannot be followed; trying again", reason=repr(error))
            stop.wait(pause(failures))


def project(connection: Connection, doc_id: str, doc: Document | None) -> None:
    """Let one document of the office database into the tables; most are none of theirs."""
    if doc_id.startswith("user:"):
        _project_user(connection, doc_id.removeprefix("user:"), doc or {})
    elif doc_id.startswith(PREFIX) and doc is not None and kind_of(doc_id.removeprefix(PREFIX)):
        put_notes(connection, notes_row(doc))


def notes_row(doc: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a document `case:<id>`."""
    names = ("team", "record_team", "record", "form", "path", "opened")
    name = doc["_id"].removeprefix(PREFIX)
    about = {each: text(doc.get(each)) for each in names}
    entries = doc.get("entries")
    return about | {"id": name, "kind": kind_of(name), "entries": entries if isinstance(entries, list) else []}


def _project_user(connection: Connection, person: str, doc: Mapping[str, Any]) -> None:
    connection.execute(delete(supervisors).where(supervisors.c.person == person))
    if "supervisor" in doc.get("roles", ()) and not doc.get("disabled"):
        rows = [{"team": team, "person": person} for team in sorted(set(doc.get("teams", ())))]
        put_rows(connection, supervisors, rows)
