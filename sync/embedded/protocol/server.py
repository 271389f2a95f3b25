"""The server itself: what it is, which databases it has, and what became of them."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.protocol.bulk import list_of
from sync.embedded.protocol.databases import description
from sync.store import BadRequest, Forbidden, NotFound, StoreError

COUCHDB_VERSION = "3.5.0"
"""What this protocol is the protocol of: clients choose their ways by it."""
MOST_UUIDS = 1000
MOST_NAMES = 100


def welcome() -> Response:
    return answer.json(
        {
            "couchdb": "Welcome",
            "version": COUCHDB_VERSION,
            "uuid": g.store.uuid,
            "features": [],
            "vendor": {"name": "Rounds"},
        }
    )


def up() -> Response:
    return answer.json({"status": "ok", "seeds": {}})


def uuids() -> Response:
    count = answer.number("count", 1)
    assert count is not None
    if count > MOST_UUIDS:
        raise Forbidden("count parameter too large")
    made = [uuid.UUID(bytes=secrets.token_bytes(16)).hex for _ in range(count)]
    never = {"Cache-Control": "must-revalidate, no-cache", "Pragma": "no-cache"}
    return answer.json({"uuids": made}, headers={**never, "Expires": "Mon, 01 Jan 1990 00:00:00 GMT"})


def all_dbs() -> Response:
    return answer.json(_chosen(g.store.names()))


def _chosen(names: list[str]) -> list[str]:
    """A range and a page of the names."""
    start, end = _bound("startkey", "start_key"), _bound("endkey", "end_key")
    skip, limit = answer.number("skip", 0) or 0, answer.number("limit")
    if answer.flag("descending"):
        names, start, end = names[::-1], end, start
    found = [name for name in names if (start is None or name >= start) and (end is None or name <= end)]
    if request.args.get("inclusive_end") == "false":
        found = [name for name in found if name != _bound("endkey", "end_key")]
    return found[skip:] if limit is None else found[skip : skip + limit]


def _bound(*names: str) -> str | None:
    found = next((value for value in map(answer.parameter, names) if value is not None), None)
    if found is not None and not isinstance(found, str):
        raise BadRequest("Names of databases are text.")
    return found


def dbs_info() -> Response:
    """What each of several databases says of itself."""
    if request.method != "POST":
        return answer.json([_told(name) for name in _chosen(g.store.names())])
    answer.needs_json()
    names = list_of(answer.body_object().get("keys"), "keys")
    if len(names) > MOST_NAMES:
        raise BadRequest(f"keys may name {MOST_NAMES} databases at most.")
    return answer.json([_told(name) for name in names])


def _told(name: Any) -> dict[str, Any]:
    try:
        if not isinstance(name, str):
            raise NotFound("Database does not exist.")
        return {"key": name, "info": description(g.store.database(name))}
    except StoreError:
        return {"key": name, "error": "not_found"}
