"""How documents are kept: a row to each with its revision tree, and a row to the body of each revision.

A body has a number of its own, which the tree tells, as in CouchDB: so it is found without an index, and written at the
end of its table.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import orjson

from sync.embedded import attachments
from sync.embedded.tree import Tree
from sync.store import Document

TREE = "tree, leaves, bodies"
"""The columns that a tree is kept in."""
BODY = "body.id, body.rev, body.deleted, body.body, body.attachments"
"""What a `Stored` is made of, in its order."""
NAMED = "FROM json_each(?) AS named CROSS JOIN"
"""Looks each of a list's members up, as it comes: `IN` would sort them first, which takes longer."""
ROWS = 25
"""Rows that one statement writes: it takes half the time that as many statements take."""
_DOC = f"INTO doc (seq, id, rev, deleted, winner, {TREE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_BODY = "INSERT INTO body VALUES (?, ?, ?, ?, ?, nullif(?, ''), ?)"

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


def only_row(seq: int, number: int, only: Stored) -> Row:
    """That of a document with one revision, as most have when they come: a revision's name stands in JSON as it is."""
    doc_id, rev, deleted = only[:3]
    leaves = f'{{"{rev}":true}}' if deleted else f'{{"{rev}":false}}'
    return (seq, doc_id, rev, int(deleted), number, f'{{"{rev}":null}}', leaves, f'{{"{rev}":{number}}}')


def keep_documents(connection: sqlite3.Connection, rows: Sequence[Row], *, known: bool = False) -> None:
    """Write documents that are not here, or are."""
    _write(connection, f"INSERT {'OR REPLACE ' if known else ''}{_DOC}", rows)


def _write(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows with a statement that ends with the places for one."""
    head, values, places = statement.partition("VALUES ")
    several, whole = head + values + ", ".join([places] * ROWS), len(rows) - len(rows) % ROWS
    for start in range(0, whole, ROWS):
        connection.execute(several, [*chain.from_iterable(rows[start : start + ROWS])])
    connection.executemany(statement, rows[whole:])


def tree_of(columns: Sequence[str]) -> Tree:
    """A tree from its columns. Raises `ValueError` where they are damaged."""
    return Tree(*map(orjson.loads, columns))


def trees(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, Tree]:
    """The trees of those documents that are here."""
    query = f"SELECT doc.id, {TREE} {NAMED} doc ON doc.id = named.value"
    return {doc_id: tree_of(columns) for doc_id, *columns in connection.execute(query, (_json(list(ids)),))}


def bodies(connection: sqlite3.Connection, numbers: Iterable[int]) -> dict[int, Stored]:
    """Bodies by number; those that are not here are left out."""
    query = f"SELECT body.number, {BODY} {NAMED} body ON body.number = named.value"
    found = connection.execute(query, (_json(list(numbers)),))
    return {number: Stored(*columns) for number, *columns in found}


def last_body(connection: sqlite3.Connection) -> int:
    """The greatest number of a body."""
    return int(connection.execute("SELECT coalesce(max(number), 0) FROM body").fetchone()[0])


def keep_bodies(connection: sqlite3.Connection, coming: Mapping[int, Stored]) -> None:
    """Write bodies under numbers that none has yet."""
    # Of those types that Python's `sqlite3` takes as they are: for others it looks for an adapter each time.
    rows = [
        (number, doc_id, rev, int(deleted), bytearray(body), stubs or "", checksum(body, stubs))
        for number, (doc_id, rev, deleted, body, stubs) in coming.items()
    ]
    _write(connection, _BODY, rows)


def checksum(body: bytes, stubs: str | None) -> int:
    """What tells a body that has changed on the disk, which SQLite itself does not notice."""
    return zlib.crc32(stubs.encode(), zlib.crc32(body)) if stubs else zlib.crc32(body)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
