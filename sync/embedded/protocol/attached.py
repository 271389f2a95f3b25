"""Attachments by themselves: streamed in and out."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from flask import Response, g, request

from sync.embedded.attachments import ATTACHMENT_BYTES, read_in_chunks
from sync.embedded.protocol import answer
from sync.embedded.protocol.multipart import SPOOL_BYTES
from sync.embedded.tree import checked
from sync.embedded.writes import check_id
from sync.store import BadRequest, NotFound, TooLarge


def attachment(database: str, doc_id: str, name: str) -> Response:
    """GET, HEAD, PUT and DELETE of one attachment."""
    check_id(doc_id)
    rev = request.args.get("rev") or next(iter(request.if_match.as_set()), None)
    if rev is not None:
        checked(rev)
    if request.method == "PUT":
        return _put(doc_id, name, rev)
    if request.method == "DELETE":
        return _delete(doc_id, name, rev)
    found = g.database.attachment(doc_id, name, rev)
    headers = {"ETag": f'"{found.digest.removeprefix("md5-")}"', "Content-Length": str(found.length)}
    headers["Content-Disposition"] = "attachment"  # a page that somebody attached is never run as ours
    headers["X-Content-Type-Options"] = "nosniff"
    chunks = iter(()) if request.method == "HEAD" else found.chunks
    return Response(chunks, headers=headers, content_type=found.content_type)


def _put(doc_id: str, name: str, rev: str | None) -> Response:
    if (request.content_length or 0) > ATTACHMENT_BYTES:
        details = {"limit": ATTACHMENT_BYTES, "length": request.content_length}
        raise TooLarge(f"An attachment may have {ATTACHMENT_BYTES} bytes at most.", details=details)
    doc = _base(doc_id, rev)
    kind = request.headers.get("Content-Type", "application/octet-stream")
    doc.setdefault("_attachments", {})[name] = {"content_type": kind, "follows": True}
    # Received before the writing begins: a slow upload must not hold up everybody else's.
    with SpooledTemporaryFile(SPOOL_BYTES) as received:
        for chunk in read_in_chunks(cast(BinaryIO, request.stream)):
            received.write(chunk)
        received.seek(0)
        return _write(doc, {name: cast(BinaryIO, received)}, 201)


def _delete(doc_id: str, name: str, rev: str | None) -> Response:
    if rev is None:
        raise BadRequest("Name the revision to take the attachment from.")
    doc = _base(doc_id, rev)
    if doc.get("_attachments", {}).pop(name, None) is None:
        raise NotFound("Document is missing attachment")
    return _write(doc, {}, 200)


def _base(doc_id: str, rev: str | None) -> dict[str, Any]:
    if rev is None:
        return {"_id": doc_id}
    doc: dict[str, Any] = g.database.stored(doc_id, rev).document()
    return doc


def _write(doc: dict[str, Any], streams: dict[str, BinaryIO], status: int) -> Response:
    [written] = g.database.put_many([doc], user=g.user, streams=streams)
    if written.error is not None:
        raise written.error
    body = {"ok": True, "id": doc["_id"], "rev": written.rev}
    return answer.json(body, status, {"ETag": f'"{written.rev}"'})
