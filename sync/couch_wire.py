"""What goes to a CouchDB and comes from it: bodies, batches, and the outcome of each document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson
import requests

from sync.couch_connection import error_of
from sync.store import BadRequest, Document, StoreError, Unavailable, Written

BATCH_DOCUMENTS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
CHUNK_BYTES: Final = 64 * 1024


def id_path(doc_id: str) -> list[str]:
    """The id as path segments: CouchDB wants the slash of `_design/` and `_local/` bare, any other encoded."""
    space, slash, name = doc_id.partition("/")
    return [space, name] if slash and space in {"_design", "_local"} else [doc_id]


def parameter(value: Any) -> str:
    """A query parameter: words as they are, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Raises `BadRequest`."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise BadRequest(f"Not JSON: {error}") from error


def body_of(doc: Document) -> bytes | StoreError:
    """A document as JSON, or why it has none."""
    try:
        return json_bytes(doc)
    except BadRequest as error:
        return error


def bulk_body(bodies: list[bytes], new_edits: bool) -> bytes:
    """The body of a `_bulk_docs`, of documents that are JSON already."""
    tail = b"]}" if new_edits else b'],"new_edits":false}'
    return b'{"docs":[' + b",".join(bodies) + tail


def batches(sound: list[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Numbered bodies in batches of so many documents and bytes at most."""
    batch: list[tuple[int, bytes]] = []
    size = 0
    for index, body in sound:
        if batch and (len(batch) == BATCH_DOCUMENTS or size + len(body) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append((index, body))
        size += len(body)
    if batch:
        yield batch


def outcomes_of(answer: Any, ids: list[str], new_edits: bool) -> list[Written]:
    """The outcome of each document of a `_bulk_docs`, in the order of `ids`."""
    if new_edits:
        return [outcome_of(row, doc_id) for row, doc_id in zip(answer, ids, strict=True)]
    # With `new_edits=false` CouchDB names only what it refused.
    refused = {row["id"]: row for row in answer if "error" in row}
    return [outcome_of(refused.get(doc_id, {"rev": None}), doc_id) for doc_id in ids]


def outcome_of(row: Mapping[str, Any], doc_id: str) -> Written:
    """The outcome that one row of an answer tells."""
    if "error" in row:
        return Written(doc_id, error=error_of(str(row["error"]), str(row.get("reason", "")), row.get("status", 500)))
    return Written(row.get("id", doc_id), rev=row["rev"])


def whole(response: requests.Response, limit: int | None) -> Any:
    """The JSON of an answer; None where it has more bytes than `limit`."""
    body = bytearray()
    for chunk in chunks(response):
        body += chunk
        if limit is not None and len(body) > limit:
            return None
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The answer of CouchDB cannot be read: {error}") from error


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The body of an answer as it arrives. Raises `Unavailable` where it breaks off."""
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except requests.RequestException as error:
        raise Unavailable("The answer of CouchDB broke off") from error
    finally:
        response.close()
