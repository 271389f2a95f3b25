"""Looks for damage in a database's file: what SQLite finds, and what only we can know. Reads, and changes nothing."""

from __future__ import annotations

import base64
import hashlib
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import orjson

from sync.embedded.attachments import chunks_of
from sync.embedded.kept import BODY, TREE, Stored, checksum, tree_of
from sync.embedded.tree import Tree

Severity = Literal["error", "warning", "note"]
MOST = 20
"""Findings of one kind that are named; of more it is only said how many."""


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be. `code` is for programs, `text` a sentence, `where` names the thing."""

    severity: Severity
    code: str
    where: str
    text: str


Told = Callable[[str, str], Finding]


def examine(path: Path, name: str, *, attachments: bool = True) -> list[Finding]:
    """Everything that is wrong with one database. With `attachments`, all their bytes are read as well."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("BEGIN")  # one state, while others write
            return [finding for check in _CHECKS for finding in _few(check(connection, name))] + (
                list(_few(_digests(connection, name))) if attachments else []
            )
    except sqlite3.DatabaseError as error:
        return [Finding("error", "unreadable", name, f"The file {path.name} cannot be read: {error}.")]


def _few(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The first of a kind, and how many more there are."""
    seen: dict[str, list[Finding]] = {}
    for finding in findings:
        seen.setdefault(finding.code, []).append(finding)
    for several in seen.values():
        yield from several[:MOST]
        if len(several) > MOST:
            first = several[0]
            yield Finding(first.severity, first.code, first.where, f"… and {len(several) - MOST} more like it.")


def _pages(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    for [line] in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if line != "ok":
            yield Finding("error", "page_damaged", name, f"SQLite finds: {line}.")


def _counts(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    """The numbers that are kept rather than counted."""
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    query = "SELECT count(*) - total(deleted), total(deleted), coalesce(max(seq), 0) FROM doc"
    live, dead, last = map(int, connection.execute(query).fetchone())
    for key, counted in (("live", live), ("dead", dead)):
        if int(meta[key]) != counted:
            text = f"The database says that {meta[key]} documents are {key}, and holds {counted}."
            yield Finding("error", "count_wrong", name, text)
    if int(meta["seq"]) < last:
        yield Finding("error", "sequence_behind", name, f"The sequence is {meta['seq']}, but a change has {last}.")


def _trees(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    """Each document's revisions fit together, its winner is the one that is told, and its leaves have bodies."""
    query = f"SELECT id, rev, deleted, winner, {TREE} FROM doc"  # noqa: S608
    for doc_id, rev, deleted, place, *columns in connection.execute(query):
        where = f"{name}/{doc_id}"
        try:
            tree = tree_of(columns)
            winner = tree.winner()
            yield from _tree(where, tree)
            yield from _pointers(connection, where, doc_id, tree)
        except (ValueError, AttributeError, IndexError, TypeError):
            yield Finding("error", "tree_unreadable", where, "The document's revisions cannot be read.")
            continue
        if (rev, deleted, place) != (winner, tree.leaves[winner], tree.bodies.get(winner)):
            yield Finding("error", "winner_wrong", where, f"{rev} is told as the winner, which is {winner}.")


def _tree(where: str, tree: Tree) -> Iterator[Finding]:
    parents = set(tree.parents.values())
    for leaf in tree.leaves:
        if leaf not in tree.parents or leaf in parents:
            yield Finding("error", "leaf_wrong", where, f"{leaf} is kept as a leaf, but is none.")
        if leaf not in tree.bodies:
            yield Finding("error", "body_missing", where, f"The leaf {leaf} has no body.")
    for parent in parents - {None} - tree.parents.keys():
        yield Finding("error", "ancestor_missing", where, f"The ancestor {parent} is not in the tree.")


def _pointers(connection: sqlite3.Connection, where: str, doc_id: str, tree: Tree) -> Iterator[Finding]:
    """Where the tree says that a revision's body is, it is."""
    for rev, number in tree.bodies.items():
        found = connection.execute("SELECT id, rev FROM body WHERE number = ?", (number,)).fetchone()
        if found != (doc_id, rev):
            yield Finding("error", "body_missing", where, f"The body of {rev} is not where it should be.")


def _bodies(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    """Every body is what was written, a JSON object, and the attachments that it names are here."""
    digests = {digest for [digest] in connection.execute("SELECT digest FROM blob")}
    for *columns, told in connection.execute(f"SELECT {BODY}, checksum FROM body"):  # noqa: S608
        yield from _body(f"{name}/{columns[0]}", Stored(*columns), told, digests)


def _body(where: str, stored: Stored, told: object, digests: set[str]) -> Iterator[Finding]:
    try:
        changed = told != checksum(stored.body, stored.attachments)
        sound = isinstance(orjson.loads(stored.body), dict)
        named = orjson.loads(stored.attachments) if stored.attachments else {}
    except (ValueError, TypeError):
        changed, sound, named = False, False, {}
    if not sound:
        yield Finding("error", "body_unreadable", where, f"The body of {stored.rev} is no JSON object.")
    elif changed:
        yield Finding("error", "body_damaged", where, f"The body of {stored.rev} has changed on the disk.")
    for file, entry in named.items():
        if entry["digest"] not in digests:
            text = f"{stored.rev} names bytes that are not here."
            yield Finding("error", "attachment_missing", f"{where}/{file}", text)


def _orphans(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    """Bodies that no tree tells of: of revisions that were forgotten, or of documents that are lost."""
    query = (
        "SELECT id, rev FROM body WHERE number NOT IN (SELECT here.value FROM doc,"
        " json_each(CASE WHEN json_valid(doc.bodies) THEN doc.bodies ELSE '{}' END) AS here)"
    )
    for doc_id, rev in connection.execute(query):
        yield Finding("warning", "body_orphaned", f"{name}/{doc_id}", f"Revision {rev} is kept, but not known.")


def _digests(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    """Every attachment has the length and the digest that it is known by, and every chunk of it its checksum."""
    for digest, length in connection.execute("SELECT digest, length FROM blob"):
        md5, found, intact = hashlib.md5(usedforsecurity=False), 0, True
        for chunk, told in chunks_of(connection, digest):
            md5.update(chunk)
            found, intact = found + len(chunk), intact and zlib.crc32(chunk) == told
        if not intact or found != length or f"md5-{base64.b64encode(md5.digest()).decode()}" != digest:
            yield Finding("error", "attachment_damaged", f"{name}/{digest}", "The bytes of an attachment have changed.")


def _leftovers(connection: sqlite3.Connection, name: str) -> Iterator[Finding]:
    query = "SELECT count(DISTINCT digest) FROM chunk WHERE digest NOT IN (SELECT digest FROM blob)"
    [[count]] = connection.execute(query)
    if count:
        yield Finding("warning", "bytes_orphaned", name, f"{count} attachments are kept that nothing names.")


_CHECKS = (_pages, _counts, _trees, _bodies, _orphans, _leftovers)
