"""Writing documents: shape, gate, revision tree, attachments, one statement per table for a whole batch."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import orjson

from sync.embedded import attachments
from sync.embedded.members import is_administrator
from sync.embedded.tree import REV, Tree, checked, generation, path_of
from sync.store import BadRequest, Conflict, Document, Forbidden, StoreError, TooLarge, UserContext, Written

LEAP = 10_000
"""Generations that a revision may be ahead of all that are known."""


class Gate(Protocol):
    """Raises `Forbidden` for what may not be written: `sync.gate.check`."""

    def __call__(
        self,
        doc: Document,
        old: Document | None,
        user: UserContext,
        security: Mapping[str, Any],
        *,
        at_most: int | None = None,
    ) -> None: ...


DOCUMENT_BYTES = 8 * 1024 * 1024
ID_BYTES = 512
_UNDERSCORED = frozenset({"_id", "_rev", "_revisions", "_deleted", "_attachments"})
# What readers get beside the document; writers may hand it back, and it is not kept.
_IGNORED = frozenset({"_conflicts", "_deleted_conflicts", "_local_seq", "_revs_info"})
_KNOWN = _UNDERSCORED | _IGNORED


_Row = tuple[str, str, bool, bytes, str | None]
"""Id, revision, whether it is a tombstone, the body, the attachments."""


class DocValidation(BadRequest):
    """A member that begins with an underscore and is none of CouchDB's."""

    code = "doc_validation"


class IllegalId(BadRequest):
    """An id that no document may have."""

    code = "illegal_docid"


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
        self._bodies: dict[tuple[str, str], _Row] = {}
        self._parents: dict[tuple[str, str], _Row | None] = {}
        self._meta = dict(connection.execute("SELECT key, value FROM meta"))
        self._security = orjson.loads(self._meta["security"])

    def add(self, docs: Sequence[Any], *, new_edits: bool, streams: Mapping[str, BinaryIO]) -> list[Written]:
        """Take in documents, one outcome each, in their order."""
        faults = [_fault(doc) for doc in docs]
        sound = [doc for doc, fault in zip(docs, faults, strict=True) if fault is None]
        self._load({doc["_id"] for doc in sound})
        self._load_parents(filter(None, map(_parent, sound)))
        return [self._outcome(doc, fault, new_edits, streams) for doc, fault in zip(docs, faults, strict=True)]

    def _load(self, ids: Iterable[str]) -> None:
        rows = self._connection.execute(
            "SELECT id, deleted, tree, leaves FROM doc WHERE id IN (SELECT value FROM json_each(?))",
            (_json(list(ids)),),
        )
        for doc_id, deleted, *kept in rows:
            self._entries[doc_id] = _Entry(Tree(*map(orjson.loads, kept)), not deleted, known=True)

    def _load_parents(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Read the revisions that those of a batch follow, in one go: the gate and attachments need them."""
        wanted = [pair for pair in pairs if pair[0] in self._entries]
        if not wanted:
            return
        rows = self._connection.execute(
            "SELECT body.* FROM json_each(?) AS wanted JOIN body"
            " ON body.id = json_extract(wanted.value, '$[0]') AND body.rev = json_extract(wanted.value, '$[1]')",
            (_json(wanted),),
        )
        self._parents.update(((row[0], row[1]), row) for row in rows)

    def _outcome(self, doc: Any, fault: StoreError | None, new_edits: bool, streams: Mapping[str, BinaryIO]) -> Written:
        try:
            if fault is not None:
                raise fault
            rev = self._write_new(doc, streams) if new_edits else self._write_as_is(doc, streams)
        except StoreError as error:
            return _refused(doc, error, new_edits)
        return Written(doc["_id"], rev)

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
        path = path_of(doc.get("_rev"), doc.get("_revisions"))
        rev = path[0]
        entry = self._entries.get(doc["_id"]) or _Entry(Tree(), live=False, known=False)
        self._refuse_leap(path, entry.tree)
        if rev in entry.tree.parents:
            self._ask_gate(doc, None, None)
            entry.changed |= entry.tree.insert(path, deleted=doc.get("_deleted") is True)
            return rev
        known: attachments.Stubs = {}
        if "_attachments" in doc:
            parent = next((each for each in path[1:] if each in entry.tree.parents), None)
            known = self._attachments_of(doc["_id"], parent)
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
        self._ask_gate(doc, self._standing(doc["_id"], path[1]) if len(path) > 1 else None, _at_most(body, path))
        stubs = None
        if doc.get("_attachments"):
            kept = attachments.resolve(self._connection, doc["_attachments"], path[0], known, streams)
            stubs = orjson.dumps(kept).decode()
        self._entries[doc["_id"]] = entry
        entry.changed |= entry.tree.insert(path, deleted=deleted)
        self._bodies[doc["_id"], path[0]] = (doc["_id"], path[0], deleted, body, stubs)

    def _ask_gate(self, doc: Document, old: Document | None, at_most: int | None) -> None:
        if doc["_id"].startswith("_design/") and not is_administrator(self._user, self._security):
            raise Forbidden("Only an administrator may write design documents.")
        if self._gate is not None:
            self._gate(doc, old, self._user, self._security, at_most=at_most)

    def _refuse_leap(self, path: list[str], tree: Tree) -> None:
        """A revision far ahead of all others would win for ever, and leave none to come after it."""
        number = generation(path[0])
        if number > LEAP and number > max(map(generation, tree.leaves), default=0) + LEAP:
            raise Forbidden("This revision is too far ahead of those that are known here.")

    def _standing(self, doc_id: str, rev: str) -> Document | None:
        """The revision that a document replaces, where its body is here."""
        row = self._row(doc_id, rev)
        return {"_id": doc_id, "_rev": rev, **orjson.loads(row[3])} if row else None

    def _row(self, doc_id: str, rev: str) -> _Row | None:
        """A revision as it is kept, or as this batch is going to keep it."""
        key = doc_id, rev
        if key in self._bodies:
            return self._bodies[key]
        if key not in self._parents and doc_id in self._entries:
            query = "SELECT * FROM body WHERE id = ? AND rev = ?"
            self._parents[key] = self._connection.execute(query, key).fetchone()
        return self._parents.get(key)

    def _attachments_of(self, doc_id: str, rev: str | None) -> attachments.Stubs:
        row = None if rev is None else self._row(doc_id, rev)
        return orjson.loads(row[4]) if row and row[4] else {}

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
            leaves = tree.leaves if len(ranked) == 1 else {leaf: tree.leaves[leaf] for leaf in ranked}
            rows.append((seq, doc_id, ranked[0], deleted, _json(leaves), _json(tree.parents)))
        self._connection.executemany("INSERT OR REPLACE INTO doc VALUES (?, ?, ?, ?, ?, ?)", rows)
        self._connection.executemany("INSERT OR REPLACE INTO body VALUES (?, ?, ?, ?, ?)", self._bodies.values())
        counts = ((seq, "seq"), (live, "live"), (dead, "dead"))
        self._connection.executemany("UPDATE meta SET value = ? WHERE key = ?", counts)
        return True


def checked_shape(doc: Any) -> Document:
    """A document whose id, size and underscored members are in order. Raises `BadRequest`, `TooLarge`."""
    if not isinstance(doc, dict):
        raise BadRequest("Document must be a JSON object")
    doc_id = doc.get("_id")
    if not isinstance(doc_id, str) or not doc_id:
        raise IllegalId("Document id must be a string")
    check_id(doc_id)
    strange = [name for name in doc if name.startswith("_") and name not in _KNOWN]
    if strange:
        raise DocValidation(f"Bad special document member: {strange[0][:80]}", details={"member": strange[0][:80]})
    if not isinstance(doc.get("_deleted", False), bool):
        raise BadRequest("_deleted must be true or false.")
    return doc


def check_id(doc_id: str) -> None:
    """Raise `BadRequest` for an id that CouchDB refuses."""
    if doc_id.startswith("_") and not (doc_id.startswith("_design/") and len(doc_id) > len("_design/")):
        raise IllegalId("Only reserved document ids may start with underscore.")
    try:
        length = len(doc_id.encode())
    except UnicodeEncodeError:
        raise IllegalId("A document's _id must be well-formed Unicode.") from None
    if length > ID_BYTES or "\0" in doc_id:
        raise IllegalId(f"A document's _id may have {ID_BYTES} bytes at most, none of them zero.")


def _fault(doc: Any) -> StoreError | None:
    """What is wrong with a document's shape."""
    try:
        checked_shape(doc)
    except StoreError as error:
        return error
    return None


def _refused(doc: Any, error: StoreError, new_edits: bool) -> Written:
    given = doc if isinstance(doc, dict) else {}
    doc_id, rev = given.get("_id"), given.get("_rev")
    shown = rev if isinstance(rev, str) and not new_edits else None
    return Written(doc_id if isinstance(doc_id, str) else "", shown, error)


def _at_most(body: bytes, path: Sequence[str]) -> int:
    """More bytes than a document has with its id and revisions: 6 for each of the id's, 50 for each revision."""
    return len(body) + 6 * ID_BYTES + 50 * (len(path) + 10)


def _parent(doc: Document) -> tuple[str, str] | None:
    """The revision that a document most probably follows; what is malformed is told of where it is written."""
    revisions = doc.get("_revisions")
    if not isinstance(revisions, Mapping):
        rev = doc.get("_rev")
        return (doc["_id"], rev) if isinstance(rev, str) and REV.fullmatch(rev) else None
    start, ids = revisions.get("start"), revisions.get("ids")
    if not isinstance(start, int) or not isinstance(ids, list) or len(ids) < 2 or not isinstance(ids[1], str):
        return None
    rev = f"{start - 1}-{ids[1]}"
    return (doc["_id"], rev) if REV.fullmatch(rev) else None


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
    kept = doc.copy()
    for name in _KNOWN & kept.keys():
        del kept[name]
    body = kept_json(kept)
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
