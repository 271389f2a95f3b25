"""Packs: everything that a database holds as lines of JSON, for a tablet that has nothing yet (law 27).

The first line says whose pack it is and the place in the changes feed from which replication goes on; every other line
is one leaf as `_bulk_docs` with `new_edits: false` takes it; the last line counts them, so that a pack that was cut
short is known as such. The place is read *before* the documents: what is written meanwhile is in the pack, or is told
by the feed, or both.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import orjson

from sync.store import START, Change, Database, Document, Seq

FORMAT = 1
PAGE_DOCUMENTS = 500
"""Read at a time; what a pack takes of memory."""


def lines(database: Database) -> Iterator[bytes]:
    """The lines of a pack, each with its line break: the head, the leaves, the end.

    Head: `{"pack": 1, "database", "since", "documents"}`, the number being what the database counts, deleted ones
    included. End: `{"end": {"documents", "leaves"}}`, which were written.
    """
    info = database.info()
    about = {"pack": FORMAT, "database": info.name, "since": info.update_seq}
    yield _line(about | {"documents": info.doc_count + info.doc_del_count})
    documents = leaves = 0
    for change in _changes(database):
        documents += 1
        for leaf in _leaves(database, change):
            leaves += 1
            yield _line(_whole(database, leaf))
    yield _line({"end": {"documents": documents, "leaves": leaves}})


def _changes(database: Database) -> Iterator[Change]:
    since: Seq = START
    while True:
        page = database.changes(since, limit=PAGE_DOCUMENTS, include_docs=True, all_leaves=True)
        yield from page.results
        if not page.results:
            return
        since = page.last_seq


def _leaves(database: Database, change: Change) -> list[Document]:
    """Every leaf of one document. A first revision that stands alone is its own history: it is not read again."""
    generation, _, digest = change.revs[0].partition("-")
    if len(change.revs) == 1 and generation == "1" and change.doc is not None and "_attachments" not in change.doc:
        return [{**change.doc, "_revisions": {"start": 1, "ids": [digest]}}]
    return database.leaves(change.id)


def _whole(database: Database, leaf: Document) -> Document:
    """A leaf with its attachments in it: whoever loads a pack has nothing yet that a stub could mean."""
    names = leaf.get("_attachments")
    if not names:
        return leaf
    return {**leaf, "_attachments": {name: _inline(database, leaf, name) for name in names}}


def _inline(database: Database, leaf: Document, name: str) -> Document:
    found = database.attachment(leaf["_id"], name, leaf["_rev"])
    data = base64.b64encode(b"".join(found.chunks)).decode("ascii")
    return {"content_type": found.content_type, "data": data, "revpos": leaf["_attachments"][name].get("revpos", 1)}


def _line(value: Document) -> bytes:
    return orjson.dumps(value) + b"\n"
