"""Single documents: reading them in every way that replication asks for, writing them one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import parse_qs, quote, unquote, urlsplit
from uuid import uuid4

import orjson
from flask import Response, g, request

from sync.embedded.database import EmbeddedDatabase
from sync.embedded.kept import Stored
from sync.embedded.protocol import answer, multipart, parts
from sync.embedded.protocol.inline import streamed
from sync.embedded.protocol.reading import Reading, takes_parts
from sync.embedded.tree import Tree, checked
from sync.embedded.writes import check_id
from sync.store import BadRequest, Conflict, Document, NotFound


def document(database: str, doc_id: str) -> Response:
    """GET, HEAD, PUT, DELETE and COPY of one document."""
    check_id(doc_id)
    if request.method == "PUT":
        return _put(doc_id)
    if request.method == "DELETE":
        return _delete(doc_id)
    if request.method == "COPY":
        return _copy(doc_id)
    reading = Reading.asked()
    if "open_revs" in request.args:
        return _open_revs(doc_id, reading)
    return _get(g.database.stored(doc_id, _wanted_rev(doc_id)), reading)


def design(database: str, design: str) -> Response:
    """A design document: kept and replicated, never run."""
    return document(database, f"_design/{design}")


# Reading


def _get(stored: Stored, reading: Reading) -> Response:
    etag = {"ETag": f'"{stored.rev}"'} if reading.is_plain else {}
    if etag and request.if_none_match.contains(stored.rev):
        return Response(status=304, headers=etag)
    doc = reading.shown(stored)
    names = reading.wanted_attachments(doc)
    if names and takes_parts("related"):
        return parts.answered("related", parts.with_attachments(g.database, doc, names))
    if names:
        return Response(streamed(g.database, doc, names), content_type=answer.JSON)
    return answer.json(doc, headers=etag)


def _wanted_rev(doc_id: str) -> str | None:
    rev = request.args.get("rev")
    if rev is None:
        return None
    return latest_leaf(g.database.tree(doc_id), checked(rev)) if answer.flag("latest") else checked(rev)


def latest_leaf(tree: Tree, rev: str) -> str:
    """The best leaf that descends from a revision; the revision itself where none does."""
    return next((leaf for leaf in tree.ranked() if rev in tree.ancestry(leaf)), rev)


def _open_revs(doc_id: str, reading: Reading) -> Response:
    tree = g.database.tree(doc_id)
    wanted = _wanted_revs(tree)
    if not tree.leaves and request.args["open_revs"] == "all":
        raise NotFound("missing")
    bodies = g.database.revisions(((doc_id, rev) for rev in wanted), {doc_id: tree})
    found = [(rev, bodies.get((doc_id, rev))) for rev in wanted]
    database = g.database
    opened = [_opened(rev, stored, tree, reading, everything=_takes_mixed()) for rev, stored in found]
    if _takes_mixed():
        return parts.answered("mixed", (_part(database, doc, names) for doc, names in opened))
    return Response(_rows(database, opened), content_type=answer.JSON)


def _takes_mixed() -> bool:
    accepted = request.headers.get("Accept", "*/*")
    return "application/json" not in accepted and (takes_parts("mixed") or "*/*" in accepted)


def _wanted_revs(tree: Tree) -> list[str]:
    if request.args["open_revs"] == "all":
        return tree.ranked()
    revs = answer.parameter("open_revs")
    if not isinstance(revs, list):
        raise BadRequest("open_revs must be 'all' or a list of revisions.")
    revs = [checked(rev) for rev in revs]
    return list(dict.fromkeys(latest_leaf(tree, rev) for rev in revs)) if answer.flag("latest") else revs


Opened = tuple[Document, list[str]]


def _opened(rev: str, stored: Stored | None, tree: Tree, reading: Reading, *, everything: bool) -> Opened:
    """One open revision, and which of its attachments come with it: in parts all, save those that the asker has."""
    if stored is None:
        return {"missing": rev}, []
    doc = reading.shown(stored, tree)
    return doc, reading.wanted_attachments(doc, always=everything)


def _part(database: EmbeddedDatabase, doc: Document, names: list[str]) -> parts.Part:
    return parts.document_part(database, doc, names) if "_rev" in doc else parts.error_part(doc)


def _rows(database: EmbeddedDatabase, opened: list[Opened]) -> Iterator[bytes]:
    separator = b"["
    for doc, names in opened:
        yield separator
        separator = b","
        if "_rev" in doc:
            yield b'{"ok":'
            yield from streamed(database, doc, names)
            yield b"}"
        else:
            yield orjson.dumps(doc)
    yield b"]\n" if opened else b"[]\n"


# Writing


def _put(doc_id: str) -> Response:
    doc, streams = multipart.read_document()
    if doc.setdefault("_id", doc_id) != doc_id:
        raise BadRequest("Document ID must match the ID of its address.")
    rev = given_rev(doc.get("_rev"))
    if rev is not None:
        doc["_rev"] = rev
    if request.args.get("new_edits") == "false":
        refused = g.database.put_revisions([doc], user=g.user, streams=streams)
        if refused:
            raise refused[0].error
        return written(doc_id, doc["_rev"])
    return _stored(doc, streams)


def _stored(doc: Document, streams: Mapping[str, BinaryIO] | None = None) -> Response:
    [outcome] = g.database.put_many([doc], user=g.user, streams=streams)
    if outcome.error is not None:
        raise outcome.error
    return written(doc["_id"], outcome.rev)


def given_rev(in_body: Any) -> str | None:
    """The revision that a write builds on: of the body, the address or the If-Match header."""
    if in_body is not None and not isinstance(in_body, str):
        raise BadRequest("_rev must be text.")
    etags = request.if_match.as_set(include_weak=True) if "If-Match" in request.headers else ()
    given = {each for each in (in_body, request.args.get("rev"), *etags) if each is not None}
    if len(given) > 1:
        raise BadRequest("Document rev from request body and query string have different values")
    return next(iter(given), None)


def written(doc_id: str, rev: str, *more: str) -> Response:
    """The answer to a write: 201, or 202 where `batch=ok` was asked for, which is as durable here."""
    names = doc_id.split("/", 1) if doc_id.startswith("_design/") else [doc_id]
    path = "/".join(quote(each, safe="") for each in (request.view_args["database"], *names, *more))  # type: ignore[index]
    location = f"{request.scheme}://{request.host}{g.prefix}/{path}"
    status = 202 if request.args.get("batch") == "ok" else 201
    return answer.json({"ok": True, "id": doc_id, "rev": rev}, status, {"ETag": f'"{rev}"', "Location": location})


def _delete(doc_id: str) -> Response:
    rev = given_rev(None)
    tree = g.database.tree(doc_id)
    if not tree.leaves:
        raise NotFound("missing")
    if tree.leaves[tree.winner()]:
        raise NotFound("deleted")
    if rev is None:
        raise Conflict("Document update conflict.")
    gone = g.database.put({"_id": doc_id, "_rev": rev, "_deleted": True}, user=g.user)
    return answer.json({"ok": True, "id": doc_id, "rev": gone}, headers={"ETag": f'"{gone}"'})


def _copy(doc_id: str) -> Response:
    """The same content, attachments with it, under another id or on top of another document."""
    target, rev = _destination()
    doc = g.database.stored(doc_id, _wanted_rev(doc_id)).document()
    del doc["_rev"]
    doc.pop("_deleted", None)
    return _stored({**doc, "_id": target} | ({"_rev": rev} if rev else {}))


def _destination() -> tuple[str, str | None]:
    given = urlsplit(request.headers.get("Destination", ""))
    if given.scheme or given.netloc or not given.path:
        raise BadRequest("The Destination header must name a document of this database.")
    target = unquote(given.path)
    check_id(target)
    revs = parse_qs(given.query).get("rev")
    return target, revs[0] if revs else None


def post(database: str) -> Response:
    """A new document, whose id the store may choose."""
    answer.needs_json()
    doc = answer.body_object("Document")
    doc.setdefault("_id", uuid4().hex)
    return _stored(doc)


def local(database: str, local_id: str) -> Response:
    """GET, PUT and DELETE of a document that is not replicated, such as a checkpoint."""
    if request.method == "DELETE":
        g.database.local.delete(local_id)
        return answer.json({"ok": True, "id": f"_local/{local_id}", "rev": "0-0"})
    if request.method != "PUT":
        return answer.json(g.database.local.get(local_id))
    doc = answer.body_object()
    rev = g.database.local.put(local_id, {**doc, "_rev": given_rev(doc.get("_rev"))})
    return answer.json({"ok": True, "id": f"_local/{local_id}", "rev": rev}, 201)
