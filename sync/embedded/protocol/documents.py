"""Single documents: reading them in every way that replication asks for, writing them one by one."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
from flask import Response, g, request

from sync.embedded.database import Stored, revisions_of
from sync.embedded.protocol import answer, multipart
from sync.embedded.tree import Tree, checked
from sync.embedded.writes import check_id
from sync.store import BadRequest, Conflict, Document, NotFound


def document(database: str, doc_id: str) -> Response:
    """GET, HEAD, PUT and DELETE of one document."""
    check_id(doc_id)
    if request.method == "PUT":
        return _put(doc_id)
    if request.method == "DELETE":
        return _delete(doc_id)
    if "open_revs" in request.args:
        return _open_revs(doc_id)
    stored = g.database.stored(doc_id, _wanted_rev(doc_id))
    if request.if_none_match.contains(stored.rev):
        return Response(status=304, headers={"ETag": f'"{stored.rev}"'})
    return answer.json(_shown(stored), headers={"ETag": f'"{stored.rev}"'})


def design(database: str, design: str) -> Response:
    """A design document: kept and replicated, never run."""
    return document(database, f"_design/{design}")


def _wanted_rev(doc_id: str) -> str | None:
    rev = request.args.get("rev")
    if rev is None:
        return None
    return latest_leaf(g.database.tree(doc_id), checked(rev)) if answer.flag("latest") else checked(rev)


def latest_leaf(tree: Tree, rev: str) -> str:
    """The best leaf that descends from a revision; the revision itself where none does."""
    return next((leaf for leaf in tree.ranked() if rev in tree.ancestry(leaf)), rev)


def _shown(stored: Stored) -> Document:
    """A document with what the request asks for beside its body."""
    doc = stored.document()
    asked = {name: answer.flag(name) for name in ("revs", "revs_info", "conflicts", "deleted_conflicts", "meta")}
    if any(asked.values()):
        _annotate(doc, g.database.tree(stored.id), asked)
    if answer.flag("attachments"):
        inline(doc)
    return doc


def _annotate(doc: Document, tree: Tree, asked: dict[str, bool]) -> None:
    rev = doc["_rev"]
    if asked["revs"]:
        doc["_revisions"] = revisions_of(tree, rev)
    if asked["revs_info"] or asked["meta"]:
        kept = g.database.revisions((doc["_id"], each) for each in tree.ancestry(rev))
        status = {each: "deleted" if found.deleted else "available" for (_, each), found in kept.items()}
        doc["_revs_info"] = [{"rev": each, "status": status.get(each, "missing")} for each in tree.ancestry(rev)]
    others = [(leaf, deleted) for leaf, deleted in tree.leaves.items() if leaf != rev]
    for name, wanted in (("conflicts", False), ("deleted_conflicts", True)):
        found = [leaf for leaf, deleted in others if deleted is wanted]
        if found and (asked[name] or asked["meta"]):
            doc[f"_{name}"] = found


def inline(doc: Document) -> None:
    """Put the attachments' bytes into a document."""
    for name, entry in doc.get("_attachments", {}).items():
        data = b"".join(g.database.attachment(doc["_id"], name, doc["_rev"]).chunks)
        entry.pop("stub")
        entry["data"] = base64.b64encode(data).decode()


def _open_revs(doc_id: str) -> Response:
    tree = g.database.tree(doc_id)
    wanted = _wanted_revs(tree)
    if not tree.leaves and request.args["open_revs"] == "all":
        raise NotFound("missing")
    found = g.database.revisions((doc_id, rev) for rev in wanted)
    results = [_opened(tree, found.get((doc_id, rev)), rev) for rev in wanted]
    if "application/json" in request.headers.get("Accept", "") or not _accepts_parts():
        return answer.json(results)
    return multipart.mixed(list(_parts(results)))


def _accepts_parts() -> bool:
    accepted = request.headers.get("Accept", "")
    return "multipart/mixed" in accepted or "*/*" in accepted or not accepted


def _wanted_revs(tree: Tree) -> list[str]:
    if request.args["open_revs"] == "all":
        return tree.ranked()
    revs = answer.parameter("open_revs")
    if not isinstance(revs, list):
        raise BadRequest("open_revs must be 'all' or a list of revisions.")
    revs = [checked(rev) for rev in revs]
    return list(dict.fromkeys(latest_leaf(tree, rev) for rev in revs)) if answer.flag("latest") else revs


def _opened(tree: Tree, stored: Stored | None, rev: str) -> dict[str, Any]:
    if stored is None:
        return {"missing": rev}
    doc = stored.document()
    if answer.flag("revs"):
        doc["_revisions"] = revisions_of(tree, rev)
    if answer.flag("attachments"):
        inline(doc)
    return {"ok": doc}


def _parts(results: list[dict[str, Any]]) -> Iterator[tuple[str, bytes]]:
    for result in results:
        if "ok" in result:
            yield "application/json", orjson.dumps(result["ok"])
        else:
            yield 'application/json; error="true"', orjson.dumps(result)


def _put(doc_id: str) -> Response:
    doc, streams = multipart.read_document()
    if doc.setdefault("_id", doc_id) != doc_id:
        raise BadRequest("The document's _id is not the one of its address.")
    rev = _given_rev(doc.get("_rev"))
    if rev is not None:
        doc["_rev"] = rev
    if request.args.get("new_edits") == "false":
        refused = g.database.put_revisions([doc], user=g.user, streams=streams)
        if refused:
            raise refused[0].error
        return _written(doc_id, doc["_rev"])
    [written] = g.database.put_many([doc], user=g.user, streams=streams)
    if written.error is not None:
        raise written.error
    return _written(doc_id, written.rev)


def _given_rev(in_body: Any) -> str | None:
    """The revision that a write builds on: of the body, the address or the If-Match header."""
    if in_body is not None and not isinstance(in_body, str):
        raise BadRequest("_rev must be text.")
    etags = request.if_match.as_set(include_weak=True)
    given = {each for each in (in_body, request.args.get("rev"), *etags) if each is not None}
    if len(given) > 1:
        raise BadRequest("The revision is given more than once, and not the same.")
    return next(iter(given), None)


def _written(doc_id: str, rev: str) -> Response:
    return answer.json({"ok": True, "id": doc_id, "rev": rev}, 201, {"ETag": f'"{rev}"'})


def _delete(doc_id: str) -> Response:
    rev = _given_rev(None)
    tree = g.database.tree(doc_id)
    if not tree.leaves:
        raise NotFound("missing")
    if rev is None:
        raise Conflict("Document update conflict.")
    written = g.database.put({"_id": doc_id, "_rev": rev, "_deleted": True}, user=g.user)
    return answer.json({"ok": True, "id": doc_id, "rev": written}, headers={"ETag": f'"{written}"'})


def post(database: str) -> Response:
    """A new document, whose id the store may choose."""
    doc = answer.body_object()
    doc.setdefault("_id", uuid4().hex)
    return _written(doc["_id"], g.database.put(doc, user=g.user))


def local(database: str, local_id: str) -> Response:
    """GET, PUT and DELETE of a document that is not replicated, such as a checkpoint."""
    if request.method == "DELETE":
        g.database.delete_local(local_id)
        return answer.json({"ok": True, "id": f"_local/{local_id}", "rev": "0-0"})
    if request.method != "PUT":
        return answer.json(g.database.get_local(local_id))
    doc = answer.body_object()
    rev = f"0-{_next_local(doc.get('_rev'))}"
    g.database.put_local(local_id, {**doc, "_rev": rev})
    return answer.json({"ok": True, "id": f"_local/{local_id}", "rev": rev}, 201)


def _next_local(rev: Any) -> int:
    digits = str(rev).partition("-")[2] if isinstance(rev, str) else ""
    return int(digits) + 1 if digits.isdecimal() and len(digits) < 15 else 1
