"""Writing bundles: records with all their leaves, and the pictures that belong to them."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import orjson

from sync import signature
from sync.bundle.framing import assembled
from sync.bundle.manifest import Entry, Manifest, sign
from sync.bundle.sealing import Seal
from sync.store import START, Database, Document, Seq

TYPES = ("record", "media")
PAGE_DOCUMENTS = 200


@dataclass(frozen=True)
class Author:
    """Who makes a bundle, on which device, with which of its keys; `bundle` names it, `made_at` is RFC 3339."""

    bundle: str
    made_at: str
    by: str
    device: str
    app: str
    key: signature.PrivateKey


def export(
    out: BinaryIO,
    databases: Iterable[Database],
    author: Author,
    *,
    seal: Seal | None = None,
    told: Callable[[int, int], None] = lambda _done, _all: None,
) -> Manifest:
    """Write everything that these mailboxes and media databases hold of records and pictures.

    Documents are set aside in a temporary file, pictures are read twice: nothing is whole in memory. `told` hears how
    many bytes have been written, and of how many about.
    """
    with tempfile.TemporaryFile() as aside:
        sources = [source for database in databases for source in _sources(database, aside)]
        entries = tuple(entry for entry, _ in sources)
        manifest = Manifest(author.bundle, author.made_at, author.by, author.device, author.app, entries)
        bodies = (body() for _, body in sources)
        done, whole = 0, sum(entry.bytes for entry in entries)
        for piece in assembled(manifest, sign(manifest, author.key), bodies, seal):
            out.write(piece)
            done += len(piece)
            told(min(done, whole), whole)
    return manifest


_Source = tuple[Entry, Callable[[], Iterator[bytes]]]


def _sources(database: Database, aside: BinaryIO) -> Iterator[_Source]:
    for doc_id in _ids(database):
        for leaf in database.leaves(doc_id):
            yield _document(database.name, leaf, aside)
            for name in leaf.get("_attachments", {}):
                yield _attachment(database, leaf, name)


def _ids(database: Database) -> Iterator[str]:
    since: Seq = START
    while True:
        page = database.changes(since, limit=PAGE_DOCUMENTS, selector={"type": {"$in": list(TYPES)}})
        yield from (change.id for change in page.results)
        if not page.results:
            return
        since = page.last_seq


def _document(database: str, leaf: Document, aside: BinaryIO) -> _Source:
    body = orjson.dumps(leaf, option=orjson.OPT_SORT_KEYS)
    start = aside.seek(0, os.SEEK_END)
    aside.write(body)
    entry = Entry(database, leaf["_id"], leaf["_rev"], len(body), hashlib.sha256(body).hexdigest())
    return entry, partial(_part, aside, start, len(body))


def _part(aside: BinaryIO, start: int, size: int) -> Iterator[bytes]:
    aside.seek(start)
    yield aside.read(size)


def _attachment(database: Database, leaf: Document, name: str) -> _Source:
    def read() -> Iterator[bytes]:
        return database.attachment(leaf["_id"], name, leaf["_rev"]).chunks

    digest, size = hashlib.sha256(), 0
    for piece in read():
        digest.update(piece)
        size += len(piece)
    return Entry(database.name, leaf["_id"], leaf["_rev"], size, digest.hexdigest(), name), read
