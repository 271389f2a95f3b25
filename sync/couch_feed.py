"""Following a CouchDB: changes of one database, and updates of all of them. Longpolls that `stop` can end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event
from time import monotonic
from typing import Any, Final, Protocol, TypeVar

import orjson

from sync.couch_connection import Connection
from sync.store import Change, Changes, Seq, Update, Updates

POLL_SECONDS: Final = 2.0
"""How long one longpoll lasts where somebody may want to stop it."""
LONGPOLL_SECONDS: Final = 50.0
"""CouchDB ends a longpoll after 60 s by itself (`chttpd/changes_timeout`)."""


class _Page(Protocol):
    @property
    def results(self) -> tuple[Any, ...]: ...

    @property
    def last_seq(self) -> Seq: ...


P = TypeVar("P", bound=_Page)


def changes(
    connection: Connection,
    name: str,
    since: Seq,
    params: Mapping[str, Any],
    selector: Mapping[str, Any] | None,
    *,
    wait: float,
    stop: Event | None,
) -> Changes:
    """A page of a database's changes; `params` are CouchDB's."""

    def look(place: Seq, seconds: float) -> Changes:
        query = _query(params, place, seconds)
        if selector is None:
            page = connection.request("GET", name, "_changes", params=query)
        else:
            query["filter"] = "_selector"
            body = orjson.dumps({"selector": selector})
            page = connection.request("POST", name, "_changes", params=query, body=body)
        return Changes(tuple(map(_change, page["results"])), page["last_seq"], page.get("pending") or 0)

    return _first(look, since, wait, stop)


def updates(connection: Connection, since: Seq, *, limit: int | None, wait: float, stop: Event | None) -> Updates:
    """A page of a server's updates. Raises `NotFound` where it keeps none (no `_global_changes` database)."""

    def look(place: Seq, seconds: float) -> Updates:
        page = connection.request("GET", "_db_updates", params=_query({"limit": limit}, place, seconds))
        found = tuple(Update(row.get("seq", 0), row["db_name"], row["type"]) for row in page["results"])
        own = tuple(update for update in found if not update.name.startswith("_"))
        return Updates(own, page["last_seq"])

    return _first(look, since, wait, stop)


def _first(look: Callable[[Seq, float], P], since: Seq, wait: float, stop: Event | None) -> P:
    """The first page that has something, or the last one within `wait` seconds."""
    end, step = monotonic() + wait, POLL_SECONDS if stop else LONGPOLL_SECONDS
    page = look(since, min(wait, step))
    while not page.results and (left := end - monotonic()) > 0 and not (stop and stop.is_set()):
        page = look(page.last_seq, min(left, step))
    return page


def _query(params: Mapping[str, Any], since: Seq, seconds: float) -> dict[str, str]:
    waiting = {"feed": "longpoll", "timeout": max(1, int(seconds * 1000))} if seconds else {}
    given = {**params, **waiting}
    return {key: _text(value) for key, value in given.items() if value is not None} | {"since": str(since)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _change(row: Mapping[str, Any]) -> Change:
    revs = tuple(leaf["rev"] for leaf in row["changes"])
    return Change(row["seq"], row["id"], revs, bool(row.get("deleted", False)), row.get("doc"))
