"""One database: making and removing it, what it says of itself, and what keeps it small."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Response, g, request

from sync.embedded import upkeep
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.protocol import answer
from sync.embedded.protocol.answer import NotAcceptable
from sync.embedded.protocol.bulk import list_of, revisions_by_document
from sync.store import BadRequest, Document

CLOSED: Document = {"members": {"roles": ["_admin"]}, "admins": {"roles": ["_admin"]}}
"""What CouchDB shows where nobody has said who is a member."""


def info(database: str) -> Response:
    return answer.json(description(g.database))


def description(database: EmbeddedDatabase) -> dict[str, Any]:
    """What a database says of itself."""
    found = database.info()
    return {
        "db_name": found.name,
        "doc_count": found.doc_count,
        "doc_del_count": found.doc_del_count,
        "update_seq": found.update_seq,
        "purge_seq": upkeep.purge_seq(database.file),
        "compact_running": False,
        "disk_format_version": 8,
        "instance_start_time": found.instance,
        "sizes": upkeep.sizes(database.file),
        "props": {},
        "cluster": {"q": 1, "n": 1, "w": 1, "r": 1},
    }


def create(database: str) -> Response:
    g.store.create(database)
    return answer.json({"ok": True}, 201, {"Location": f"{request.host_url}{quote(database, safe='')}"})


def destroy(database: str) -> Response:
    if "rev" in request.args:
        raise BadRequest(
            "You tried to DELETE a database with a ?=rev parameter. Did you mean to DELETE a document instead?"
        )
    g.store.delete(database)
    return answer.json({"ok": True})


def security(database: str) -> Response:
    return answer.json(g.database.security() or CLOSED)


def put_security(database: str) -> Response:
    given = answer.body_object()
    g.database.set_security({} if given == CLOSED else given)
    return answer.json({"ok": True})


def ensure_full_commit(database: str) -> Response:
    """Every write is durable before it is answered, so there is nothing left to do."""
    answer.needs_json()
    return answer.json({"ok": True, "instance_start_time": g.database.info().instance}, 201)


def compact(database: str, design: str = "") -> Response:
    """The database; of a design document's views, of which there are none, nothing."""
    answer.needs_json()
    if design:
        return answer.json({"ok": True}, 202)
    g.database.compact()
    return answer.json({"ok": True}, 202)


def function(database: str, design: str, function: str) -> Response:
    """What a design document's JavaScript would answer: a view, a list, a show, an update, a rewrite."""
    raise NotAcceptable(
        f"Design documents are kept and replicated, and their JavaScript is not run here: _{function[:80]}."
    )


def view_cleanup(database: str) -> Response:
    """There are no views, so nothing is left over from any."""
    return answer.json({"ok": True}, 202)


def revs_limit(database: str) -> Response:
    return answer.json(upkeep.limit(g.database.file, "revs_limit"))


def put_revs_limit(database: str) -> Response:
    upkeep.set_limit(g.database.file, "revs_limit", answer.body_json())
    return answer.json({"ok": True})


def purged_infos_limit(database: str) -> Response:
    return answer.json(upkeep.limit(g.database.file, "purged_infos_limit"))


def put_purged_infos_limit(database: str) -> Response:
    upkeep.set_limit(g.database.file, "purged_infos_limit", answer.body_json())
    return answer.json({"ok": True})


def purge(database: str) -> Response:
    """Take revisions out as if they had never been."""
    answer.needs_json()
    purged = g.database.purge(revisions_by_document())
    return answer.json({"purge_seq": upkeep.purge_seq(g.database.file), "purged": purged}, 201)


def local_docs(database: str) -> Response:
    """The documents that are not replicated, by id."""
    body = answer.body_object() if request.method == "POST" else {}
    keys = body.get("keys", answer.parameter("keys"))
    if keys is not None:
        keys = [_local_id(each) for each in list_of(keys, "keys") if isinstance(each, str)]
    start, end = (_local_id(given) for given in (_key("startkey", "start_key"), _key("endkey", "end_key")))
    descending, skip, limit = answer.flag("descending"), answer.number("skip", 0) or 0, answer.number("limit")
    if descending:
        start, end = end, start
    end_of_page = None if limit is None else skip + limit
    found = g.database.local.all(start, end, keys, descending=descending, limit=end_of_page)[skip:]
    rows = [_local_row(doc, include_docs=answer.flag("include_docs")) for doc in found]
    return answer.json({"total_rows": None, "offset": None, "rows": rows})


def _key(*names: str) -> str | None:
    found = next((value for value in map(answer.parameter, (*names, "key")) if value is not None), None)
    if found is not None and not isinstance(found, str):
        raise BadRequest("Keys must be text.")
    return found


def _local_id(key: str | None) -> str | None:
    return None if key is None else key.removeprefix("_local/")


def _local_row(doc: Document, *, include_docs: bool) -> dict[str, Any]:
    row = {"id": doc["_id"], "key": doc["_id"], "value": {"rev": doc.get("_rev", "0-1")}}
    return {**row, "doc": doc} if include_docs else row
