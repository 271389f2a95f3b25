"""Documents with their attachments in one request."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

import orjson
from flask import request
from werkzeug.http import parse_options_header

from sync.embedded import attachments
from sync.embedded.protocol import answer
from sync.store import BadRequest, TooLarge

SPOOL_BYTES = 1024 * 1024
LINE_BYTES = 65_536
REQUEST_BYTES = answer.REQUEST_BYTES


def read_document() -> tuple[dict[str, Any], Mapping[str, BinaryIO]]:
    """The document of a PUT: plain JSON, or multipart/related with its attachments behind it. Raises `BadRequest`."""
    kind, options = parse_options_header(request.headers.get("Content-Type", ""))
    if kind != "multipart/related":
        return answer.body_object("Document"), {}
    boundary = options.get("boundary")
    if not boundary:
        raise BadRequest("multipart/related needs a boundary.")
    parts = _read_parts(cast(BinaryIO, request.stream), b"--" + boundary.encode())
    if not parts:
        raise BadRequest("The request holds no document.")
    return _matched(parts)


def _matched(parts: list[BinaryIO]) -> tuple[dict[str, Any], Mapping[str, BinaryIO]]:
    """The first part is the document; the others belong to its attachments marked `follows`, in their order."""
    try:
        doc = orjson.loads(parts[0].read())
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The document must be JSON: {error}.") from None
    if not isinstance(doc, dict):
        raise BadRequest("The document must be a JSON object.")
    entries = doc.get("_attachments")
    entries = entries if isinstance(entries, dict) else {}
    follow = [name for name, entry in entries.items() if isinstance(entry, dict) and entry.get("follows")]
    if len(follow) != len(parts) - 1:
        raise BadRequest("There are not as many attachments as the document says.")
    return doc, dict(zip(follow, parts[1:], strict=True))


def _read_parts(stream: BinaryIO, boundary: bytes) -> list[BinaryIO]:
    """The bodies of the parts, large ones on disk; headers are passed over."""
    parts: list[BinaryIO] = []
    current: BinaryIO | None = None
    in_headers, pending, total = False, b"", 0
    while line := stream.readline(LINE_BYTES):
        total += len(line)
        if total > REQUEST_BYTES:
            raise TooLarge(f"A request may have {REQUEST_BYTES} bytes at most.", details={"limit": REQUEST_BYTES})
        if line.rstrip(b"\r\n") in (boundary, boundary + b"--"):
            in_headers, pending = True, b""
            if line.rstrip(b"\r\n").endswith(b"--") and line.rstrip(b"\r\n") != boundary:
                return [_rewound(part) for part in parts]
            if len(parts) > attachments.NAMES:
                raise TooLarge(f"A document may have {attachments.NAMES} attachments at most.")
            current = cast(BinaryIO, tempfile.SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115 - closed when read
            parts.append(current)
        elif in_headers:
            in_headers = line not in (b"\r\n", b"\n")
        elif current is not None:
            # The line break before a boundary belongs to the boundary, so it is held back until the next line.
            ending = line[len(line.rstrip(b"\r\n")) :] if line.endswith(b"\n") else b""
            ending = b"\r\n" if line.endswith(b"\r\n") else ending[-1:]
            current.write(pending + line[: len(line) - len(ending)])
            pending = ending
    raise BadRequest("The request ends before its last boundary.")


def _rewound(part: BinaryIO) -> BinaryIO:
    part.seek(0)
    return part
