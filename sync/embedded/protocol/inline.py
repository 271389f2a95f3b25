"""Documents with their attachments' bytes in them, as base64: written piece by piece, nothing large whole in memory."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

import orjson

from sync.embedded.database import EmbeddedDatabase
from sync.store import Document


def streamed(database: EmbeddedDatabase, doc: Document, names: Iterable[str]) -> Iterator[bytes]:
    """A document as JSON with the bytes of those attachments that are named; the others stay stubs."""
    wanted = set(names)
    entries = doc.get("_attachments")
    if not entries or not wanted:
        yield orjson.dumps(doc)
        return
    yield orjson.dumps({name: value for name, value in doc.items() if name != "_attachments"})[:-1]
    separator = b',"_attachments":{'
    for name, entry in entries.items():
        yield separator + orjson.dumps(name) + b":"
        separator = b","
        if name in wanted:
            yield orjson.dumps({key: value for key, value in entry.items() if key != "stub"})[:-1] + b',"data":"'
            yield from _encoded(database.attachment(doc["_id"], name, doc["_rev"]).chunks)
            yield b'"}'
        else:
            yield orjson.dumps(entry)
    yield b"}}"


def _encoded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Base64 of bytes that come in pieces of any size."""
    rest = b""
    for chunk in chunks:
        whole = rest + chunk
        cut = len(whole) - len(whole) % 3
        rest = whole[cut:]
        yield base64.b64encode(whole[:cut])
    yield base64.b64encode(rest)
