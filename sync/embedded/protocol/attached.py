"""Attachments by themselves: streamed in and out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Iterator
from contextlib import closing
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from flask import Response, g, request

from sync.embedded.attachments import ATTACHMENT_BYTES, read_in_chunks
from sync.embedded.protocol import answer
from sync.embedded.protocol.documents import given_rev, written
from sync.embedded.protocol.multipart import SPOOL_BYTES
from sync.embedded.tree import checked
from sync.embedded.writes import check_id
from sync.store import Attachment, Conflict, NotFound, StoreError, TooLarge

COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/xml", "image/svg+xml")
"""Worth packing on the way. Source: CouchDB's `[attachments] compressible_types`."""


class RangeNotSatisfiable(StoreError):
    """No byte of the attachment lies in the range that was asked for."""

    code, status = "requested_range_not_satisfiable", 416


class Corrupt(StoreError):
    """The bytes that came are not those whose digest came with them."""

    code, status = "content_md5_mismatch", 400


class MissingRevision(StoreError):
    """The write builds on a revision that is not here. CouchDB answers a conflict and names it so."""

    code, status = "not_found", 409


def attachment(database: str, doc_id: str, name: str) -> Response:
    """GET, HEAD, PUT and DELETE of one attachment."""
    check_id(doc_id)
    rev = given_rev(None) if request.method in ("PUT", "DELETE") else request.args.get("rev")
    if rev is not None:
        checked(rev)
    if request.method == "PUT":
        return _put(doc_id, name, rev)
    if request.method == "DELETE":
        return _delete(doc_id, name, rev)
    return _get(g.database.attachment(doc_id, name, rev))


def design_attachment(database: str, design: str, name: str) -> Response:
    """The same of a design document's."""
    return attachment(database, f"_design/{design}", name)


def _get(found: Attachment) -> Response:
    digest = found.digest.removeprefix("md5-")
    headers = {"ETag": f'"{digest}"', "Content-MD5": digest, "Accept-Ranges": "bytes"}
    headers["Content-Disposition"] = "attachment"  # a page that somebody attached is never run as ours
    headers["X-Content-Type-Options"] = "nosniff"
    if request.if_none_match.contains(digest):
        return Response(status=304, headers=headers)
    chunks, status = found.chunks, 200
    span = _range(found.length)
    if span is not None:
        status, chunks = 206, _sliced(chunks, *span)
        headers |= {"Content-Range": f"bytes {span[0]}-{span[1] - 1}/{found.length}", "Content-MD5": ""}
        headers |= {"Content-Length": str(span[1] - span[0])}
    elif _is_packed(found):
        chunks = _packed(chunks)
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    else:
        headers["Content-Length"] = str(found.length)
    body = iter(()) if request.method == "HEAD" else chunks
    headers = {name: value for name, value in headers.items() if value}
    return Response(body, status, headers, content_type=found.content_type)


def _range(length: int) -> tuple[int, int] | None:
    """The bytes that were asked for, first and behind the last; None for all. Raises `RangeNotSatisfiable`.

    Several ranges, and a header that is none, count as all, as they do for CouchDB.
    """
    asked = request.range
    if asked is None or asked.units != "bytes":
        given = request.headers.get("Range", "")
        if given.startswith("bytes=") and "," not in given:
            raise RangeNotSatisfiable("Requested range not satisfiable")  # backwards
        return None
    if len(asked.ranges) != 1 or tuple(asked.ranges[0]) == (0, None):
        return None
    span = asked.range_for_length(length)
    if span is None:
        raise RangeNotSatisfiable("Requested range not satisfiable")
    return span


def _sliced(chunks: Iterator[bytes], start: int, end: int) -> Iterator[bytes]:
    place = 0
    for chunk in chunks:
        piece = chunk[max(0, start - place) : max(0, end - place)]
        place += len(chunk)
        if piece:
            yield piece
        if place >= end:
            return


def _is_packed(found: Attachment) -> bool:
    return found.length > 0 and found.content_type.startswith(COMPRESSIBLE) and request.accept_encodings["gzip"] > 0


def _packed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    pack = zlib.compressobj(wbits=16 + zlib.MAX_WBITS)
    for chunk in chunks:
        if piece := pack.compress(chunk):
            yield piece
    yield pack.flush()


def _put(doc_id: str, name: str, rev: str | None) -> Response:
    if (request.content_length or 0) > ATTACHMENT_BYTES:
        details = {"limit": ATTACHMENT_BYTES, "length": request.content_length}
        raise TooLarge(f"An attachment may have {ATTACHMENT_BYTES} bytes at most.", details=details)
    doc = _base(doc_id, rev)
    kind = request.headers.get("Content-Type", "application/octet-stream")
    entry = {"content_type": kind, "follows": True, "encoding": request.headers.get("Content-Encoding")}
    doc.setdefault("_attachments", {})[name] = entry
    # Received before the writing begins: a slow upload must not hold up everybody else's.
    with closing(_received()) as received:
        return written(doc_id, _write(doc, {name: received}), name)


def _received() -> BinaryIO:
    """The request's body, on disk where it is large. Raises `TooLarge`, `Corrupt`."""
    received = cast(BinaryIO, SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115 - closed by the caller
    md5 = hashlib.md5(usedforsecurity=False)
    for chunk in read_in_chunks(cast(BinaryIO, request.stream)):
        md5.update(chunk)
        received.write(chunk)
    said = request.headers.get("Content-MD5")
    if said and not hmac.compare_digest(said.encode(), base64.b64encode(md5.digest())):
        raise Corrupt("Possible message corruption.")
    received.seek(0)
    return received


def _delete(doc_id: str, name: str, rev: str | None) -> Response:
    if rev is None:
        raise Conflict("Document update conflict.")
    doc = _base(doc_id, rev)
    if doc.get("_attachments", {}).pop(name, None) is None:
        raise NotFound("Document is missing attachment")
    body = {"ok": True, "id": doc_id, "rev": _write(doc, {})}
    return answer.json(body, 200, {"ETag": f'"{body["rev"]}"'})


def _base(doc_id: str, rev: str | None) -> dict[str, Any]:
    """The document that the attachment is put into or taken from."""
    if rev is None:
        return {"_id": doc_id}
    try:
        doc: dict[str, Any] = g.database.stored(doc_id, rev).document()
    except NotFound:
        raise MissingRevision("missing_rev") from None
    return doc


def _write(doc: dict[str, Any], streams: dict[str, BinaryIO]) -> str:
    [outcome] = g.database.put_many([doc], user=g.user, streams=streams)
    if outcome.error is not None:
        raise outcome.error
    return str(outcome.rev)
