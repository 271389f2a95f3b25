"""How documents are kept: a row to each with its revision tree, and a row to the body of each revision.

A body has a number of its own, which the tree tells, as in CouchDB: so it is found without an index, and written at the
end of its table.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from sync.embedded import attachments
from sync.embedded.tree import Tree
from sync.store import Document

TREE = "tree, leaves, bodies"
"""The columns that a tree is kept in."""
BODY = "body.id, body.rev, body.deleted, body.body, body.attachments"
"""What a `Stored` is made of, in its order."""
INSERT = f"INSERT INTO doc (seq, id, rev, deleted, winner, {TREE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
"""Writes a document that is not here, as a `row`."""
REPLACE = INSERT.replace("INSERT", "INSERT OR REPLACE")
"""Writes one that may be here."""

Row = tuple[int, str, str, int, int | None, str, str, str]


class Stored(NamedTuple):
    """A revision as it is kept: `body` are the bytes of a JSON object without the underscored members."""

    id: str
    rev: str
    deleted: bool
    body: bytes
    attachments: str | None

    def document(self) -> Document:
        doc: Document = {"_id": self.id, "_rev": self.rev, **orjson.loads(self.body)}
        if self.deleted:
            doc["_deleted"] = True
        if self.attachments:
            doc["_attachments"] = attachments.shown(self.attachments)
        return doc


def row(seq: int, doc_id: str, tree: Tree) -> Row:
    """A document: its latest place in the feed, its winner, where that one's body is, and its tree.

    Leaves stand in their rank, the winner first.
    """
    ranked = tree.ranked()
    leaves = tree.leaves if len(ranked) == 1 else {leaf: tree.leaves[leaf] for leaf in ranked}
    winner = ranked[0]
    packed = _json(tree.parents), _json(leaves), _json(tree.bodies)
    return (seq, doc_id, winner, int(leaves[winner]), tree.bodies.get(winner), *packed)


def tree_of(columns: Sequence[str]) -> Tree:
    """A tree from its columns. Raises `ValueError` where they are damaged."""
    return Tree(*map(orjson.loads, columns))


def trees(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Tree]:
    """The trees of those documents that are here."""
    query = f"SELECT id, {TREE} FROM doc WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
    return {doc_id: tree_of(columns) for doc_id, *columns in connection.execute(query, (_json(list(ids)),))}


def bodies(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Stored]:
    """Bodies by number; those that are not here are left out."""
    query = f"SELECT body.number, {BODY} FROM body WHERE number IN (SELECT value FROM json_each(?))"  # noqa: S608
    found = connection.execute(query, (_json(list(numbers)),))
    return {number: Stored(*columns) for number, *columns in found}


def last_body(connection: sqlite3.Connection) -> int:
    """The greatest number of a body."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM body").fetchone()[0])


def keep_bodies(connection: sqlite3.Connection, coming: Iterable[tuple[int, Stored]]) -> None:
    """Write bodies under numbers that none has yet."""
    query = "INSERT INTO body VALUES (?, ?, ?, ?, ?, nullif(?, ''), ?)"
    connection.executemany(query, (_body_row(number, stored) for number, stored in coming))


def _body_row(number: int, stored: Stored) -> tuple[int, str, str, int, bytearray, str, int]:
    """Of those types that Python's `sqlite3` takes as they are: for others it looks for an adapter each time."""
    doc_id, rev, deleted, body, stubs = stored
    return (number, doc_id, rev, int(deleted), bytearray(body), stubs or "", checksum(body, stubs))


def checksum(body: bytes, stubs: str | None) -> int:
    """What tells a body that has changed on the disk, which SQLite itself does not notice."""
    return zlib.crc32(stubs.encode(), zlib.crc32(body)) if stubs else zlib.crc32(body)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
