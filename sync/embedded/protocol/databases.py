"""The server and its databases."""

from __future__ import annotations

import secrets
import uuid

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.protocol.answer import NotAcceptable
from sync.store import BadRequest

COUCHDB_VERSION = "3.5.0"
"""What this protocol is the protocol of: clients choose their ways by it."""


def welcome() -> Response:
    return answer.json(
        {
            "couchdb": "Welcome",
            "version": COUCHDB_VERSION,
            "uuid": g.store.uuid,
            "vendor": {"name": "Rounds"},
        }
    )


def up() -> Response:
    return answer.json({"status": "ok"})


def uuids() -> Response:
    count = answer.number("count", 1, least=1) or 1
    if count > 1000:
        raise BadRequest("count may be 1000 at most.")
    return answer.json({"uuids": [uuid.UUID(bytes=secrets.token_bytes(16)).hex for _ in range(count)]})


def session() -> Response:
    context = {"name": g.user.name, "roles": sorted(g.user.roles)}
    return answer.json({"ok": True, "userCtx": context, "info": {"authentication_handlers": ["jwt", "default"]}})


def all_dbs() -> Response:
    return answer.json(g.store.names())


def info(database: str) -> Response:
    found = g.database.info()
    return answer.json(
        {
            "db_name": database,
            "doc_count": found.doc_count,
            "doc_del_count": found.doc_del_count,
            "update_seq": found.update_seq,
            "purge_seq": 0,
            "compact_running": False,
            "disk_format_version": 8,
            "instance_start_time": "0",
            "sizes": {"file": 0, "external": 0, "active": 0},
            "props": {},
        }
    )


def create(database: str) -> Response:
    g.store.create(database)
    return answer.json({"ok": True}, 201)


def destroy(database: str) -> Response:
    if request.args.get("rev"):
        raise BadRequest("You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document?")
    g.store.delete(database)
    return answer.json({"ok": True})


def security(database: str) -> Response:
    return answer.json(g.database.security())


def put_security(database: str) -> Response:
    g.database.set_security(answer.body_object())
    return answer.json({"ok": True})


def ensure_full_commit(database: str) -> Response:
    """Every write is durable before it is answered, so there is nothing left to do."""
    return answer.json({"ok": True, "instance_start_time": "0"}, 201)


def compact(database: str) -> Response:
    g.database.compact()
    return answer.json({"ok": True}, 202)


def revs_limit(database: str) -> Response:
    return answer.json(g.database.revs_limit())


def local_docs(database: str) -> Response:
    raise NotAcceptable("_local_docs is not served.")
