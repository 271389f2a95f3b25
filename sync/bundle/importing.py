"""Reading bundles into databases, through the same gate as replication and with the rights of whoever made them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from sync.bundle.framing import Bundle
from sync.bundle.manifest import BundleError, Entry
from sync.store import Database, Document, StoreError, UserContext

BATCH_DOCUMENTS = 100
BATCH_BYTES = 4 * 1024 * 1024

Result = Literal["written", "present", "refused", "damaged", "missing"]
"""`present`: it was here already. `damaged`: not the bytes that the manifest names. `missing`: the file ends before."""


@dataclass(frozen=True)
class Outcome:
    """What became of one document of a bundle, attachments included; `reason` is a sentence where it was refused."""

    database: str
    id: str
    rev: str
    result: Result
    reason: str = ""


@dataclass
class _Waiting:
    """A document whose attachments are still to be read."""

    entry: Entry
    doc: Document
    lacks: list[str]
    whole: bool = True


@dataclass
class _Batch:
    """Documents of one database that are written together."""

    database: str = ""
    docs: list[Document] = field(default_factory=list)
    bytes: int = 0


class Import:
    """Imports one bundle. Doing it again, or going on after it broke off, writes only what is not here.

    `open_database` gives a database that the bundle's author may write, and raises `StoreError` for any other; `author`
    is whom the gate sees.
    """

    def __init__(self, bundle: Bundle, open_database: Callable[[str], Database], author: UserContext) -> None:
        self._bundle = bundle
        self._open = open_database
        self._author = author
        self._batch = _Batch()
        self._waiting: _Waiting | None = None
        self._told: set[tuple[str, str, str]] = set()

    def run(self) -> Iterator[Outcome]:
        """Each document once, in the bundle's order as far as batches allow."""
        try:
            for entry, body in self._bundle.bodies():
                yield from self._noted(self._take(entry, body))
        except BundleError:
            self._waiting = None  # what it waits for does not come any more
        yield from self._noted(self._flush())
        yield from self._noted(self._left())

    def _noted(self, outcomes: Iterator[Outcome]) -> Iterator[Outcome]:
        for outcome in outcomes:
            self._told.add((outcome.database, outcome.id, outcome.rev))
            yield outcome

    def _left(self) -> Iterator[Outcome]:
        """What the file did not hold any more."""
        for entry in self._bundle.manifest.entries:
            if entry.attachment is None and (entry.database, entry.id, entry.rev) not in self._told:
                yield Outcome(entry.database, entry.id, entry.rev, "missing")

    def _take(self, entry: Entry, body: bytes | None) -> Iterator[Outcome]:
        if entry.attachment is not None:
            yield from self._attach(entry, body)
            return
        self._waiting = None
        doc = _document(entry, body)
        if doc is None:
            yield _outcome(entry, "damaged")
            return
        try:
            database = self._open(entry.database)
            if not database.missing_revisions({entry.id: [entry.rev]}):
                yield _outcome(entry, "present")
                return
        except StoreError as error:
            yield _outcome(entry, "refused", error.reason)
            return
        lacks = list(doc.get("_attachments", {}))
        if lacks:
            self._waiting = _Waiting(entry, doc, lacks)
        else:
            yield from self._add(entry, doc)

    def _attach(self, entry: Entry, body: bytes | None) -> Iterator[Outcome]:
        waiting = self._waiting
        if waiting is None or (entry.database, entry.id, entry.rev) != _named(waiting.entry):
            return  # its document was refused, or is here already
        if entry.attachment not in waiting.lacks:
            return
        waiting.lacks.remove(entry.attachment)
        if body is None or not _is_media(entry, body):
            waiting.whole = False
        else:
            stub = waiting.doc["_attachments"][entry.attachment]
            data = base64.b64encode(body).decode()
            waiting.doc["_attachments"][entry.attachment] = {"content_type": _type_of(stub), "data": data}
        if not waiting.lacks:
            self._waiting = None
            yield from self._add(waiting.entry, waiting.doc) if waiting.whole else [_outcome(waiting.entry, "damaged")]

    def _add(self, entry: Entry, doc: Document) -> Iterator[Outcome]:
        size = entry.bytes + sum(len(each.get("data", "")) for each in doc.get("_attachments", {}).values())
        full = len(self._batch.docs) >= BATCH_DOCUMENTS or self._batch.bytes + size > BATCH_BYTES
        if full or self._batch.database != entry.database:
            yield from self._flush()
            self._batch = _Batch(entry.database)
        self._batch.docs.append(doc)
        self._batch.bytes += size

    def _flush(self) -> Iterator[Outcome]:
        batch, self._batch = self._batch, _Batch()
        if batch.docs:
            yield from _written(self._open(batch.database), batch.docs, self._author)


def _written(database: Database, docs: Sequence[Document], author: UserContext) -> Iterator[Outcome]:
    # Several leaves of one document may be refused one by one: so it is asked afterwards which of them are here.
    refused = {each.id: each.error for each in database.put_revisions(docs, user=author)}
    wanted: dict[str, list[str]] = {}
    for doc in docs:
        wanted.setdefault(doc["_id"], []).append(doc["_rev"])
    lacking = database.missing_revisions(wanted)
    for doc in docs:
        absent = doc["_id"] in lacking and doc["_rev"] in lacking[doc["_id"]].missing
        error = refused.get(doc["_id"])
        reason = error.reason if absent and error is not None else ""
        yield Outcome(database.name, doc["_id"], doc["_rev"], "refused" if absent else "written", reason)


def _outcome(entry: Entry, result: Result, reason: str = "") -> Outcome:
    return Outcome(entry.database, entry.id, entry.rev, result, reason)


def _named(entry: Entry) -> tuple[str, str, str]:
    return entry.database, entry.id, entry.rev


def _document(entry: Entry, body: bytes | None) -> Document | None:
    """The document of an entry; None where it is none, or another than the manifest says."""
    try:
        doc: Any = orjson.loads(body) if body is not None else None
    except orjson.JSONDecodeError:
        return None
    if not isinstance(doc, dict) or (doc.get("_id"), doc.get("_rev")) != (entry.id, entry.rev):
        return None
    attachments = doc.get("_attachments", {})
    if not isinstance(attachments, dict) or not all(isinstance(each, dict) for each in attachments.values()):
        return None
    return doc


def _is_media(entry: Entry, body: bytes) -> bool:
    """Whether a picture's bytes are those that its own name promises."""
    return entry.id == f"media:{hashlib.sha256(body).hexdigest()}"


def _type_of(stub: Any) -> str:
    found = stub.get("content_type")
    return found if isinstance(found, str) else "application/octet-stream"
