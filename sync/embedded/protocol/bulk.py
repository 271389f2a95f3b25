"""Many documents at once: what replication spends its time in. Bodies are spliced in as the bytes they are kept as."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
from flask import Response, g

from sync.embedded.database import Stored, revisions_of
from sync.embedded.protocol import answer
from sync.embedded.protocol import parts as parts_of
from sync.embedded.protocol.documents import latest_leaf
from sync.embedded.protocol.reading import inline, takes_parts
from sync.embedded.tree import LOOSE_REV, Tree, checked
from sync.store import BadRequest, TooLarge, Written

DOCUMENTS = 10_000


def bulk_docs(database: str) -> Response:
    """Write documents; one refusal does not touch the others."""
    answer.needs_json()
    body = answer.body_object()
    docs = list_of(body.get("docs"), "docs")
    new_edits = body.get("new_edits", True)
    if not isinstance(new_edits, bool):
        raise BadRequest("new_edits must be true or false.")
    if not new_edits:
        refused = g.database.put_revisions(docs, user=g.user)
        return answer.json([_refused(each) for each in refused], 201)
    for doc in docs:
        if isinstance(doc, dict):
            doc.setdefault("_id", uuid4().hex)
    written = g.database.put_many(docs, user=g.user)
    return answer.json([_refused(each) if each.error else _stored(each) for each in written], 201)


def list_of(value: Any, name: str) -> list[Any]:
    """A list of documents or keys, if it is one and not too long. Raises `BadRequest`, `TooLarge`."""
    if not isinstance(value, list):
        raise BadRequest(f"{name} must be a list.")
    if len(value) > DOCUMENTS:
        raise TooLarge(f"{name} may name {DOCUMENTS} documents at most.", details={"limit": DOCUMENTS})
    return value


def _stored(written: Written) -> dict[str, Any]:
    return {"ok": True, "id": written.id, "rev": written.rev}


def _refused(written: Written) -> dict[str, Any]:
    error = written.error
    assert error is not None
    found = {"id": written.id, "error": error.code, "reason": error.reason, "status": error.status}
    return {**found, "rev": written.rev} if written.rev else found


def bulk_get(database: str) -> Response:
    """Named revisions of many documents, with their ancestry where asked for."""
    asked_for = [_wanted(each) for each in list_of(answer.body_object().get("docs"), "docs")]
    wanted = list(dict.fromkeys(asked_for))
    revs, latest, attached = answer.flag("revs"), answer.flag("latest"), answer.flag("attachments")
    trees = g.database.trees({doc_id for doc_id, _ in wanted})
    groups = [(doc_id, _chosen(trees.get(doc_id), rev, latest)) for doc_id, rev in wanted]
    bodies = g.database.revisions((doc_id, rev) for doc_id, chosen in groups for rev in chosen)
    if takes_parts("mixed", "related"):
        kind = "mixed" if takes_parts("mixed") else "related"
        found = [(doc_id, rev, bodies.get((doc_id, rev))) for doc_id, chosen in groups for rev in chosen]
        return parts_of.answered(kind, _in_parts(found, trees, revs))
    if attached:
        _refuse_too_much(stored for stored in bodies.values() if stored.attachments)
    parts = []
    for (doc_id, chosen), (_, asked) in zip(groups, wanted, strict=True):
        docs = [_got(bodies.get((doc_id, rev)), trees.get(doc_id), doc_id, rev, revs, attached) for rev in chosen]
        docs = docs or [_not_got(doc_id, asked or "undefined")]
        parts.append(b'{"id":' + orjson.dumps(doc_id) + b',"docs":[' + b",".join(docs) + b"]}")
    return answer.spliced([b'{"results":[', b",".join(parts), b"]}\n"])


def _in_parts(
    found: Iterable[tuple[str, str, Stored | None]], trees: Mapping[str, Tree], revs: bool
) -> Iterator[parts_of.Part]:
    """Each revision a part, its attachments with it, so that nothing large is whole in memory."""
    for doc_id, rev, stored in found:
        names = {"X-Doc-ID": quote(doc_id), "X-Rev-ID": rev}
        if stored is None or doc_id not in trees:
            yield parts_of.error_part({"id": doc_id, "rev": rev, "error": "not_found", "reason": "missing"}, names)
            continue
        doc = stored.document()
        if revs:
            doc["_revisions"] = revisions_of(trees[doc_id], rev)
        yield parts_of.document_part(doc, doc.get("_attachments", ()), names)


def _refuse_too_much(stored: Iterable[Stored]) -> None:
    """Attachments are answered whole, so together they may have as many bytes as a request."""
    total = sum(int(entry["length"]) for each in stored for entry in orjson.loads(each.attachments or b"{}").values())
    if total > answer.REQUEST_BYTES:
        limit = answer.REQUEST_BYTES
        raise TooLarge(
            f"These attachments have {total} bytes; ask for {limit} at most at a time.", details={"limit": limit}
        )


def _wanted(entry: Any) -> tuple[str, str | None]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
        raise BadRequest("Each of docs must have an id.")
    rev = entry.get("rev")
    return entry["id"], None if rev is None else checked(rev)


def _chosen(tree: Tree | None, rev: str | None, latest: bool) -> list[str]:
    if rev is None:
        return tree.ranked() if tree else []
    if latest and tree and rev in tree.parents:
        return [latest_leaf(tree, rev)]
    return [rev]


def _got(stored: Stored | None, tree: Tree | None, doc_id: str, rev: str, revs: bool, attached: bool) -> bytes:
    if stored is None or tree is None:
        return _not_got(doc_id, rev)
    if attached and stored.attachments:
        doc = stored.document()
        inline(doc)
        return orjson.dumps({"ok": {**doc, "_revisions": revisions_of(tree, rev)} if revs else doc})
    return b'{"ok":' + document_bytes(stored, {"_revisions": revisions_of(tree, rev)} if revs else {}) + b"}"


def _not_got(doc_id: str, rev: str) -> bytes:
    return orjson.dumps({"error": {"id": doc_id, "rev": rev, "error": "not_found", "reason": "missing"}})


def document_bytes(stored: Stored, more: Mapping[str, Any]) -> bytes:
    """A document as JSON, its body unparsed."""
    head: dict[str, Any] = {"_id": stored.id, "_rev": stored.rev, **more}
    if stored.deleted:
        head["_deleted"] = True
    start = orjson.dumps(head)[:-1]
    if stored.attachments:
        stubs = {name: {**entry, "stub": True} for name, entry in orjson.loads(stored.attachments).items()}
        start += b',"_attachments":' + orjson.dumps(stubs)
    return start + b"}" if stored.body == b"{}" else start + b"," + stored.body[1:]


def revs_diff(database: str) -> Response:
    """Which of these revisions are not here."""
    answer.needs_json()
    missing = g.database.missing_revisions(revisions_by_document())
    return answer.json(
        {
            doc_id: {"missing": found.missing, **_ancestors(found.possible_ancestors)}
            for doc_id, found in missing.items()
        }
    )


def _ancestors(possible: tuple[str, ...]) -> dict[str, Any]:
    return {"possible_ancestors": possible} if possible else {}


def missing_revs(database: str) -> Response:
    """The same in the older form."""
    answer.needs_json()
    missing = g.database.missing_revisions(revisions_by_document())
    return answer.json({"missing_revs": {doc_id: found.missing for doc_id, found in missing.items()}})


def revisions_by_document() -> dict[str, list[str]]:
    """The request's body: lists of revisions by document. Raises `BadRequest`, `TooLarge`."""
    body = answer.body_object()
    if len(body) > DOCUMENTS:
        raise TooLarge(f"A request may name {DOCUMENTS} documents at most.", details={"limit": DOCUMENTS})
    for revs in body.values():
        if not isinstance(revs, list) or not all(isinstance(rev, str) for rev in revs):
            raise BadRequest("Each document's revisions must be a list of text.")
        for rev in revs:
            if not LOOSE_REV.fullmatch(rev):
                raise BadRequest("A revision is a number, a hyphen and a hash.", details={"rev": rev[:80]})
    return body
