"""Writing documents: shape, gate, revision tree, attachments, one statement per table for a whole batch."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, Protocol

import orjson

from sync.embedded import attachments, kept
from sync.embedded.kept import Stored
from sync.embedded.members import is_administrator
from sync.embedded.tree import Tree, checked, generation, path_of
from sync.familiar import Familiar
from sync.store import BadRequest, Conflict, Document, Forbidden, StoreError, TooLarge, UserContext, Written

LEAP = 10_000
"""Generations that a revision may be ahead of all that are known."""
_LONG_REV = len("9999-") + 32
"""A revision that is no longer than this is not that far ahead of any."""


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
_BESIDE_BODY = 6 * ID_BYTES + 500
"""More bytes than a document's id and other names have beside its body, save its revisions: those have 50 each."""
_UNDERSCORED = frozenset({"_id", "_rev", "_revisions", "_deleted", "_attachments"})
# What readers get beside the document; writers may hand it back, and it is not kept.
_IGNORED = frozenset({"_conflicts", "_deleted_conflicts", "_local_seq", "_revs_info"})
_KNOWN = _UNDERSCORED | _IGNORED
_NAMES = Familiar(_KNOWN)


_Line = list[str] | StoreError
"""The revisions that a written document names, newest first; or what is wrong with it."""
_Streams = Mapping[str, BinaryIO]


class DocValidation(BadRequest):
    """A member that begins with an underscore and is none of CouchDB's."""

    code = "doc_validation"


class IllegalId(BadRequest):
    """An id that no document may have."""

    code = "illegal_docid"


class Batch:
    """One transaction's writes. Refusals are collected; nothing is written before `flush`."""

    def __init__(self, connection: sqlite3.Connection, user: UserContext, gate: Gate | None) -> None:
        self._connection = connection
        self._user = user
        self._gate = gate
        self._trees: dict[str, Tree] = {}
        self._lived: dict[str, bool] = {}  # of those that were here before
        self._changed: dict[str, Tree | int] = {}  # of one that is new, the number of the only body that has come
        self._read: dict[int, Stored] = {}
        self._coming: dict[int, Stored] = {}
        self._last = kept.last_body(connection)
        self._json = _KeptJson()
        self._meta = dict(connection.execute("SELECT key, value FROM meta"))
        self._security = orjson.loads(self._meta["security"])

    def add(self, docs: Sequence[Any], *, new_edits: bool, streams: _Streams) -> list[Written]:
        """Take in documents: one outcome each, in their order, or of revisions as they are those of the refused."""
        lines = [_line(doc, new_edits) for doc in docs]
        pairs = list(zip(docs, lines, strict=True))
        self._load([(doc["_id"], line) for doc, line in pairs if isinstance(line, list)], new_edits)
        if new_edits:
            return [self._written(doc, line, streams) for doc, line in pairs]
        return self._refused(pairs, streams)

    def _load(self, named: Sequence[tuple[str, list[str]]], new_edits: bool) -> None:
        """Read what is known of a batch's documents, and the bodies of what they follow, each in one go."""
        self._trees = kept.trees(self._connection, {doc_id for doc_id, _ in named})
        if not self._trees:
            return
        self._lived = {doc_id: not tree.leaves[tree.winner()] for doc_id, tree in self._trees.items()}
        known = ((self._trees[doc_id], line) for doc_id, line in named if doc_id in self._trees)
        places = (tree.nearest(line if new_edits else line[1:]) for tree, line in known)
        self._read = kept.bodies(self._connection, [place for place in places if place is not None])

    def _written(self, doc: Any, line: _Line, streams: _Streams) -> Written:
        try:
            if isinstance(line, StoreError):
                raise line
            return Written(doc["_id"], self._write_new(doc, line, streams))
        except StoreError as error:
            return _refusal(doc, error, None)

    def _refused(self, pairs: Iterable[tuple[Any, _Line]], streams: _Streams) -> list[Written]:
        """Take in revisions as they are, which is what must be fast; those that are refused."""
        refused = []
        for doc, line in pairs:
            try:
                if isinstance(line, StoreError):
                    raise line
                self._write_as_is(doc, line, streams)
            except StoreError as error:
                refused.append(_refusal(doc, error, doc.get("_rev") if isinstance(doc, dict) else None))
        return refused

    def _tree(self, doc_id: str) -> Tree | None:
        """What there is of a document, with what this batch has added."""
        changed = self._changed.get(doc_id)
        if isinstance(changed, int):
            only = self._coming[changed]
            changed = self._changed[doc_id] = Tree.begun([only.rev], changed, deleted=only.deleted)
        return changed or self._trees.get(doc_id)

    def _write_new(self, doc: Document, line: list[str], streams: _Streams) -> str:
        tree = self._tree(doc["_id"])
        parent = _followed(tree, line)
        body = self._body(doc)
        digest = _hash(doc.get("_deleted") is True, parent, body, doc.get("_attachments"))
        rev = f"{generation(parent) + 1 if parent else 1}-{digest}"
        self._keep(doc, tree, [rev, *(tree.ancestry(parent) if tree and parent else ())], body, streams)
        return rev

    def _write_as_is(self, doc: Document, path: list[str], streams: _Streams) -> None:
        tree = self._tree(doc["_id"])
        if len(path[0]) > _LONG_REV:
            _refuse_leap(path[0], tree.leaves if tree else ())
        if tree is None or path[0] not in tree.parents:
            self._keep(doc, tree, path, self._body(doc), streams)
            return
        self._ask_gate(doc, None)
        # A revision that is here already would put leaves behind it, whatever it holds: the gate has not seen both.
        may_join = self._user.is_admin or not _left_behind(tree, path[1:])
        if may_join and tree.insert(path, deleted=doc.get("_deleted") is True):
            self._changed[doc["_id"]] = tree

    def _keep(self, doc: Document, tree: Tree | None, path: list[str], body: bytes, streams: _Streams) -> None:
        """The gate's word, then the attachments, then the tree: nothing is changed for a refused document."""
        at_most, deleted = len(body) + _BESIDE_BODY + 50 * len(path), doc.get("_deleted") is True
        if tree is None:
            self._ask_gate(doc, None, at_most)
            number = self._hold(doc, path[0], body, None, streams)
            self._changed[doc["_id"]] = number if len(path) == 1 else Tree.begun(path, number, deleted=deleted)
            return
        old = self._standing(tree, path[1:]) if len(path) > 1 else None
        self._ask_gate(doc, old, at_most)
        for leaf in _left_behind(tree, path[1:]):
            # Ancestors that are here may be joined to others by this path: it must hold what each of them does.
            if old is None or leaf != old.rev:
                self._ask_gate(doc, self._standing(tree, [leaf]))
        tree.bodies[path[0]] = self._hold(doc, path[0], body, old, streams)
        tree.insert(path, deleted=deleted)
        self._changed[doc["_id"]] = tree

    def _body(self, doc: Document) -> bytes:
        rest = doc.copy()
        for name in _KNOWN:
            rest.pop(name, None)
        body = self._json.dumped(rest)
        if len(body) > DOCUMENT_BYTES:
            details = {"limit": DOCUMENT_BYTES, "length": len(body)}
            raise TooLarge(f"A document may have {DOCUMENT_BYTES} bytes at most.", details=details)
        return body

    def _hold(self, doc: Document, rev: str, body: bytes, old: Stored | None, streams: _Streams) -> int:
        """Have a body written with the others, its attachments at once; where it will be."""
        stubs = None
        if doc.get("_attachments"):
            found = attachments.resolve(self._connection, doc["_attachments"], rev, _stubs(old), streams)
            stubs = orjson.dumps(found).decode()
        self._last += 1
        self._coming[self._last] = Stored(doc["_id"], rev, doc.get("_deleted") is True, body, stubs)
        return self._last

    def _ask_gate(self, doc: Document, old: Stored | None, at_most: int | None = None) -> None:
        if doc["_id"].startswith("_design/") and not is_administrator(self._user, self._security):
            raise Forbidden("Only an administrator may write design documents.")
        if self._gate is not None:
            before = old.document() if old else None
            self._gate(doc, before, self._user, self._security, at_most=at_most)

    def _standing(self, tree: Tree, older: Sequence[str]) -> Stored | None:
        """The nearest ancestor whose body is here, or is about to be: what CouchDB gives its validation as the old one.

        Source: `prep_and_validate_update` and `make_first_doc_on_disk` in CouchDB's `couch_db.erl`.
        """
        place = tree.nearest(older)
        if place is None:
            return None
        if place not in self._coming and place not in self._read:  # a document that comes twice, and joins its history
            self._read |= kept.bodies(self._connection, [place])
        return self._coming.get(place) or self._read.get(place)

    def flush(self) -> bool:
        """Write what was taken in, within the transaction; false where nothing was new."""
        if not self._changed:
            return False
        seq, live, dead, limit = (int(self._meta[name]) for name in ("seq", "live", "dead", "revs_limit"))
        fresh: list[kept.Row] = []
        known: list[kept.Row] = []
        for doc_id, tree in self._changed.items():
            seq += 1
            row = self._row(seq, doc_id, tree, limit)
            lived = self._lived.get(doc_id)
            (fresh if lived is None else known).append(row)
            deleted = row[3]
            live += (not deleted) - (lived is True)
            dead += deleted - (lived is False)
        kept.keep_documents(self._connection, fresh)
        kept.keep_documents(self._connection, known, known=True)
        kept.keep_bodies(self._connection, self._coming)
        counts = ((seq, "seq"), (live, "live"), (dead, "dead"))
        self._connection.executemany("UPDATE meta SET value = ? WHERE key = ?", counts)
        return True

    def _row(self, seq: int, doc_id: str, tree: Tree | int, limit: int) -> kept.Row:
        if isinstance(tree, int):
            return kept.only_row(seq, tree, self._coming[tree])
        tree.stem(limit)
        return kept.row(seq, doc_id, tree)


def _followed(tree: Tree | None, line: Sequence[str]) -> str | None:
    """The revision that an edit follows: the named one, or a tombstone that nothing follows. Raises `Conflict`."""
    if tree is None:
        if line:
            raise Conflict("Document update conflict.")
        return None
    parent = line[0] if line else tree.winner()
    if parent not in tree.leaves or not (line or tree.leaves[parent]):
        raise Conflict("Document update conflict.")
    return parent


def _refuse_leap(rev: str, leaves: Iterable[str]) -> None:
    """A revision far ahead of all others would win for ever, and leave none to come after it."""
    number = generation(rev)
    if number > LEAP and number > max(map(generation, leaves), default=0) + LEAP:
        raise Forbidden("This revision is too far ahead of those that are known here.")


def _left_behind(tree: Tree, older: Sequence[str]) -> list[str]:
    """The leaves that are none any more once a revision with these ancestors is there."""
    return [leaf for leaf in tree.leaves if leaf in older] if older else []


def _stubs(old: Stored | None) -> attachments.Stubs:
    """The attachments of the revision that another follows."""
    return orjson.loads(old.attachments) if old and old.attachments else {}


def checked_shape(doc: Any) -> Document:
    """A document whose id, size and underscored members are in order. Raises `BadRequest`, `TooLarge`."""
    if not isinstance(doc, dict):
        raise BadRequest("Document must be a JSON object")
    doc_id = doc.get("_id")
    if not isinstance(doc_id, str) or not doc_id:
        raise IllegalId("Document id must be a string")
    check_id(doc_id)
    if not _NAMES.issuperset(doc):
        _check_names(doc)
    if not isinstance(doc.get("_deleted", False), bool):
        raise BadRequest("_deleted must be true or false.")
    return doc


def _check_names(names: Collection[str]) -> None:
    wrong = next((name for name in names if name[:1] == "_" and name not in _KNOWN), None)
    if wrong is not None:
        raise DocValidation(f"Bad special document member: {wrong[:80]}", details={"member": wrong[:80]})
    _NAMES.learn(names)


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


def _line(doc: Any, new_edits: bool) -> _Line:
    try:
        checked_shape(doc)
        rev = doc.get("_rev")
        if not new_edits:
            return path_of(rev, doc.get("_revisions"))
        return [] if rev is None else [checked(rev)]
    except StoreError as error:
        return error


def _refusal(doc: Any, error: StoreError, rev: Any) -> Written:
    doc_id = doc.get("_id") if isinstance(doc, dict) else None
    return Written(doc_id if isinstance(doc_id, str) else "", rev if isinstance(rev, str) else None, error)


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


class _KeptJson:
    """Values as JSON, eight levels less deep than JSON is written here.

    Answers put documents into lists of objects; what could not be answered must not be kept.
    """

    def __init__(self) -> None:
        self._inmost: list[Any] = [None]
        self._nest = [[[[[[[self._inmost]]]]]]]

    def dumped(self, value: Any) -> bytes:
        """Raises `BadRequest`."""
        self._inmost[0] = value
        return _dumps(self._nest)[8:-8]


def kept_json(value: Any) -> bytes:
    """A value as it may be kept. Raises `BadRequest`."""
    return _KeptJson().dumped(value)


def _dumps(value: Any, option: int = 0) -> bytes:
    try:
        return orjson.dumps(value, option=option)
    except (TypeError, ValueError) as error:
        raise BadRequest(f"The document is not well-formed JSON: {error}.") from None


def _hash(deleted: bool, parent: str | None, body: bytes, stubs: Any) -> str:
    """The same write on the same parent is the same revision, on every store."""
    content = [deleted, parent, orjson.loads(body), stubs or {}]
    return hashlib.md5(_dumps(content, orjson.OPT_SORT_KEYS), usedforsecurity=False).hexdigest()
