"""Answers in several parts: documents with their attachments behind them, streamed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import orjson
from flask import Response

from sync.embedded.database import EmbeddedDatabase
from sync.store import Document


@dataclass(frozen=True)
class Part:
    """One part: its headers, and its bytes in order."""

    headers: Mapping[str, str]
    body: Iterable[bytes]


def answered(kind: str, parts: Iterable[Part]) -> Response:
    """An answer of several parts; `kind` is `mixed` or `related`."""
    boundary = uuid4().hex
    return Response(_stream(boundary, parts), content_type=f'multipart/{kind}; boundary="{boundary}"')


def _stream(boundary: str, parts: Iterable[Part]) -> Iterator[bytes]:
    for part in parts:
        headers = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        yield f"--{boundary}\r\n{headers}\r\n".encode()
        yield from part.body
        yield b"\r\n"
    yield f"--{boundary}--".encode()


def document_part(
    database: EmbeddedDatabase, doc: Document, names: Iterable[str], more: Mapping[str, str] | None = None
) -> Part:
    """A document as one part; where attachments follow it, as parts within that part."""
    follow = list(names)
    if not follow:
        return Part({**(more or {}), "Content-Type": "application/json"}, [orjson.dumps(doc)])
    boundary = uuid4().hex
    headers = {**(more or {}), "Content-Type": f'multipart/related; boundary="{boundary}"'}
    return Part(headers, _stream(boundary, with_attachments(database, doc, follow)))


def error_part(error: Any, more: Mapping[str, str] | None = None) -> Part:
    """What is said of a revision that is not here."""
    return Part({**(more or {}), "Content-Type": 'application/json; error="true"'}, [orjson.dumps(error)])


def with_attachments(database: EmbeddedDatabase, doc: Document, names: Iterable[str]) -> Iterator[Part]:
    """The document, and then those of its attachments that are named, in the document's order."""
    follow = set(names)
    entries = doc.get("_attachments", {})
    for name in follow:
        del entries[name]["stub"]
        entries[name]["follows"] = True
    yield Part({"Content-Type": "application/json"}, [orjson.dumps(doc)])
    for name, entry in entries.items():
        if name in follow:
            yield _attachment(database, doc, name, entry)


def _attachment(database: EmbeddedDatabase, doc: Document, name: str, entry: Mapping[str, Any]) -> Part:
    headers = {
        "Content-Disposition": f'attachment; filename="{quote(name)}"',
        "Content-Type": str(entry["content_type"]),
        "Content-Length": str(entry["length"]),
    }
    return Part(headers, database.attachment(doc["_id"], name, doc["_rev"]).chunks)
