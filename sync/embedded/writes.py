"""Writing documents: shape, gate, revision tree, attachments, one statement per table for a whole batch."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from sync.embedded import attachments
from sync.embedded.members import is_administrator
from sync.embedded.tree import Tree, checked, generation, path_of
from sync.store import BadRequest, Conflict, Document, Forbidden, StoreError, TooLarge, UserContext, Written

LEAP = 10_000
"""Generations that a revision may be ahead of all that are known."""

Gate = Callable[[Document, Document | None, UserContext, Mapping[str, Any]], None]

DOCUMENT_BYTES = 8 * 1024 * 1024
ID_BYTES = 512
_UNDERSCORED = frozenset({"_id", "_rev", "_revisions", "_deleted", "_attachments"})
# What readers get beside the document; writers may hand it back, and it is not kept.
_IGNORED = frozenset({"_conflicts", "_deleted_conflicts", "_local_seq", "_revs_info"})


@dataclass
class _Entry:
    """A document's row, as it was read or made anew."""

    tree: Tree
    live: bool
    known: bool
    changed: bool = False


class Batch:
    """One transaction's writes. Refusals are collected; nothing is written before `flush`."""

    def __init__(self, connection: sqlite3.Connection, user: UserContext, gate: Gate | None) -> None:
        self._connection = connection
        self._user = user
        self._gate = gate
        self._entries: dict[str, _Entry] = {}
        self._bodies: dict[tuple[str, str], tuple[str, str, bool, bytes, str | None]] = {}
        self._meta = dict(connection.execute("SELECT key, value FROM meta"))
        self._security = orjson.loads(self._meta["security"])

    def add(self, docs: Sequence[Any], *, new_edits: bool, streams: Mapping[str, BinaryIO]) -> list[Written]:
        """Take in documents, one outcome each, in their order."""
        self._load({doc["_id"] for doc in docs if isinstance(doc, dict) and _is_id(doc.get("_id"))})
        return [self._outcome(doc, new_edits, streams) for doc in docs]

    def _load(self, ids: Iterable[str]) -> None:
        rows = self._connection.execute(
            "SELECT id, deleted, tree, leaves FROM doc WHERE id IN (SELECT value FROM json_each(?))",
            (_json(list(ids)),),
        )
        for doc_id, deleted, *kept in rows:
            self._entries[doc_id] = _Entry(Tree(*map(orjson.loads, kept)), not deleted, known=True)

    def _outcome(self, doc: Any, new_edits: bool, streams: Mapping[str, BinaryIO]) -> Written:
        doc_id = doc.get("_id") if isinstance(doc, dict) else None
        shown = doc_id if isinstance(doc_id, str) else ""
        try:
            checked_shape(doc)
            rev = self._write_new(doc, streams) if new_edits else self._write_as_is(doc, streams)
        except StoreError as error:
            rev_given = doc.get("_rev") if isinstance(doc, dict) else None
            return Written(shown, rev_given if isinstance(rev_given, str) and not new_edits else None, error)
        return Written(shown, rev)

    def _write_new(self, doc: Document, streams: Mapping[str, BinaryIO]) -> str:
        entry = self._entries.get(doc["_id"]) or _Entry(Tree(), live=False, known=False)
        parent = doc.get("_rev")
        if parent is not None:
            checked(parent)
            if parent not in entry.tree.leaves:
                raise Conflict("Document update conflict.")
        elif entry.tree.leaves:
            winner = entry.tree.winner()
            if not entry.tree.leaves[winner]:
                raise Conflict("Document update conflict.")
            parent = winner
        deleted, body = doc.get("_deleted") is True, _body(doc)
        known = self._attachments_of(doc["_id"], parent)
        rev = f"{generation(parent) + 1 if parent else 1}-" + _hash(deleted, parent, body, doc.get("_attachments"))
        path = [rev, *(entry.tree.ancestry(parent) if parent else ())]
        self._keep(doc, entry, path, deleted, body, known, streams)
        return rev

    def _write_as_is(self, doc: Document, streams: Mapping[str, BinaryIO]) -> str:
        rev = checked(doc.get("_rev"))
        path = path_of(rev, doc.get("_revisions"))
        entry = self._entries.get(doc["_id"]) or _Entry(Tree(), live=False, known=False)
        self._refuse_leap(path, entry.tree)
        if rev in entry.tree.parents:
            self._ask_gate(doc, None)
            entry.changed |= entry.tree.insert(path, deleted=doc.get("_deleted") is True)
            return rev
        parent = next((each for each in path[1:] if each in entry.tree.parents), None)
        known = self._attachments_of(doc["_id"], parent) if "_attachments" in doc else {}
        self._keep(doc, entry, path, doc.get("_deleted") is True, _body(doc), known, streams)
        return rev

    def _keep(
        self,
        doc: Document,
        entry: _Entry,
        path: list[str],
        deleted: bool,
        body: bytes,
        known: attachments.Stubs,
        streams: Mapping[str, BinaryIO],
    ) -> None:
        """The gate's word, then the attachments, then the tree: nothing is changed for a refused document."""
        self._ask_gate(doc, self._standing(doc["_id"], path[1]) if len(path) > 1 else None)
        stubs = None
        if doc.get("_attachments"):
            kept = attachments.resolve(self._connection, doc["_attachments"], path[0], known, streams)
            stubs = orjson.dumps(kept).decode()
        self._entries[doc["_id"]] = entry
        entry.changed |= entry.tree.insert(path, deleted=deleted)
        self._bodies[doc["_id"], path[0]] = (doc["_id"], path[0], deleted, body, stubs)

    def _ask_gate(self, doc: Document, old: Document | None) -> None:
        if doc["_id"].startswith("_design/") and not is_administrator(self._user, self._security):
            raise Forbidden("Only an administrator may write design documents.")
        if self._gate is not None:
            self._gate(doc, old, self._user, self._security)

    def _refuse_leap(self, path: list[str], tree: Tree) -> None:
        """A revision far ahead of all others would win for ever, and leave none to come after it."""
        known = max(map(generation, tree.leaves), default=0)
        if generation(path[0]) > known + LEAP:
            raise Forbidden("This revision is too far ahead of those that are known here.")

    def _standing(self, doc_id: str, rev: str) -> Document | None:
        """The revision that a document replaces, where its body is here."""
        fresh = self._bodies.get((doc_id, rev))
        if fresh is None and doc_id not in self._entries:
            return None
        row = (
            fresh
            or self._connection.execute(
                "SELECT id, rev, deleted, body FROM body WHERE id = ? AND rev = ?", (doc_id, rev)
            ).fetchone()
        )
        return {"_id": doc_id, "_rev": rev, **orjson.loads(row[3])} if row else None

    def _attachments_of(self, doc_id: str, rev: str | None) -> attachments.Stubs:
        if rev is None:
            return {}
        fresh = self._bodies.get((doc_id, rev))
        if fresh is not None:
            return orjson.loads(fresh[4]) if fresh[4] else {}
        row = self._connection.execute(
            "SELECT attachments FROM body WHERE id = ? AND rev = ?", (doc_id, rev)
        ).fetchone()
        return orjson.loads(row[0]) if row and row[0] else {}

    def flush(self) -> bool:
        """Write what was taken in, within the transaction; false where nothing was new."""
        changed = {doc_id: entry for doc_id, entry in self._entries.items() if entry.changed}
        if not changed:
            return False
        seq, live, dead, limit = (int(self._meta[name]) for name in ("seq", "live", "dead", "revs_limit"))
        rows = []
        for doc_id, entry in changed.items():
            seq += 1
            tree = entry.tree
            tree.stem(limit)
            ranked = tree.ranked()
            deleted = tree.leaves[ranked[0]]
            live += (not deleted) - (entry.known and entry.live)
            dead += deleted - (entry.known and not entry.live)
            leaves = {leaf: tree.leaves[leaf] for leaf in ranked}
            rows.append((seq, doc_id, ranked[0], deleted, _json(leaves), _json(tree.parents)))
        self._connection.executemany("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._connection.executemany("INSERT OR REPLACE INTO body VALUES (?, ?, ?, ?, ?)", self._bodies.values())
        counts = ((seq, "seq"), (live, "live"), (dead, "dead"))
        self._connection.executemany("UPDATE meta SET value = ? WHERE key = ?", counts)
        return True


def checked_shape(doc: Any) -> Document:
    """A document whose id, size and underscored members are in order. Raises `BadRequest`, `TooLarge`."""
    if not isinstance(doc, dict):
        raise BadRequest("A document must be a JSON object.")
    doc_id = doc.get("_id")
    if not isinstance(doc_id, str) or not doc_id:
        raise BadRequest("A document's _id must be text.")
    check_id(doc_id)
    strange = [name for name in doc if name.startswith("_") and name not in _UNDERSCORED | _IGNORED]
    if strange:
        raise BadRequest(f"Bad special document member: {strange[0][:80]}", details={"member": strange[0][:80]})
    if not isinstance(doc.get("_deleted", False), bool):
        raise BadRequest("_deleted must be true or false.")
    return doc


def check_id(doc_id: str) -> None:
    """Raise `BadRequest` for an id that CouchDB refuses."""
    if doc_id.startswith("_") and not (doc_id.startswith("_design/") and len(doc_id) > len("_design/")):
        raise BadRequest("Only reserved document ids may start with underscore.")
    try:
        length = len(doc_id.encode())
    except UnicodeEncodeError:
        raise BadRequest("A document's _id must be well-formed Unicode.") from None
    if length > ID_BYTES or "\0" in doc_id:
        raise BadRequest(f"A document's _id may have {ID_BYTES} bytes at most, none of them zero.")


def _is_id(given: Any) -> bool:
    try:
        check_id(given if isinstance(given, str) else "")
    except BadRequest:
        return False
    return isinstance(given, str)


def check_security(security: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for a `_security` object that CouchDB refuses."""
    for group in ("admins", "members"):
        listed = security.get(group, {})
        if not isinstance(listed, Mapping):
            raise BadRequest(f"{group} must be a JSON object.")
        for name in ("names", "roles"):
            texts = listed.get(name, [])
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise BadRequest(f"{name} must be a JSON list of strings.")


def kept_json(value: Any) -> bytes:
    """A value as JSON, eight levels less deep than JSON is written here. Raises `BadRequest`.

    Answers put documents into lists of objects; what could not be answered must not be kept.
    """
    return _dumps([[[[[[[[value]]]]]]]])[8:-8]


def _dumps(value: Any, option: int = 0) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except (TypeError, ValueError) as error:
        raise BadRequest(f"The document is not well-formed JSON: {error}.") from None


def _body(doc: Document) -> bytes:
    body = kept_json({name: value for name, value in doc.items() if not name.startswith("_")})
    if len(body) > DOCUMENT_BYTES:
        details = {"limit": DOCUMENT_BYTES, "length": len(body)}
        raise TooLarge(f"A document may have {DOCUMENT_BYTES} bytes at most.", details=details)
    return body


def _hash(deleted: bool, parent: str | None, body: bytes, stubs: Any) -> str:
    """The same write on the same parent is the same revision, on every store."""
    content = [deleted, parent, orjson.loads(body), stubs or {}]
    return hashlib.md5(_dumps(content, orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
