"""Many documents at once: what replication spends its time in. Bodies are spliced in as the bytes they are kept as."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.tree import LOOSE_REV
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
    # To take apart what was parsed lasts as long as to parse it: that is done when the answer is out.
    request.environ["rounds.parsed"] = body
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
