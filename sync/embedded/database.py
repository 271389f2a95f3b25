"""One database of the embedded store: `sync.store.Database` on a SQLite file."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import orjson

from sync.embedded import attachments, kept, upkeep
from sync.embedded.files import File
from sync.embedded.kept import Stored
from sync.embedded.local import LocalDocuments
from sync.embedded.selectors import check, matches
from sync.embedded.signals import Listening, Signals
from sync.embedded.tree import Tree, generation
from sync.embedded.writes import Batch, Gate, check_security, kept_json
from sync.store import (
    ADMIN,
    START,
    Attachment,
    BadRequest,
    Change,
    Changes,
    Document,
    Info,
    Missing,
    NotFound,
    Row,
    Seq,
    UserContext,
    Written,
)

PAGE = 100_000
BULK_GET = 16
"""Revisions that are read at a time: each may have 8 MB."""
LAST = 2**63 - 1
"""The greatest number that SQLite knows."""
WAIT_SLICE_SECONDS = 0.5


class EmbeddedDatabase:
    """One database. Safe to use from many threads and processes at once."""

    def __init__(self, file: File, signals: Signals, gate: Gate | None) -> None:
        self._file = file
        self._signals = signals
        self._gate = gate
        self.local = LocalDocuments(file)

    @property
    def file(self) -> File:
        """Where it is kept."""
        return self._file

    @property
    def name(self) -> str:
        return self._file.name

    @property
    def path(self) -> Path:
        """Where its file is."""
        return self._file.path

    def listen(self, heard: Callable[[Path], None]) -> Listening:
        """Have `heard` called after each write, by whichever process. Raises `Unavailable`."""
        return self._signals.listen(self._file.path, heard)

    def info(self) -> Info:
        meta = dict(self._file.connection().execute("SELECT key, value FROM meta WHERE key != 'security'"))
        # Files that were made before databases had an instance are all the same one: the first of their name.
        return Info(self.name, int(meta["live"]), int(meta["dead"]), int(meta["seq"]), str(meta.get("instance", "0")))

    # Reading

    def get(self, doc_id: str, rev: str | None = None, *, conflicts: bool = False) -> Document:
        doc = self.stored(doc_id, rev).document()
        if conflicts:
            lost = [leaf for leaf, deleted in self.tree(doc_id).leaves.items() if not deleted and leaf != doc["_rev"]]
            if lost:
                doc["_conflicts"] = lost
        return doc

    def stored(self, doc_id: str, rev: str | None = None) -> Stored:
        """The winner, or the named revision, as it is kept. Raises `NotFound`."""
        connection = self._file.connection()
        if rev is not None:
            found = self.revisions([(doc_id, rev)]).get((doc_id, rev))
            if found is None:
                raise NotFound("missing")
            return found
        row = connection.execute(f"{_WINNERS} WHERE doc.id = ?", (doc_id,)).fetchone()
        if row is None or row[2]:
            raise NotFound("deleted" if row else "missing")
        return Stored(*row)

    def tree(self, doc_id: str) -> Tree:
        """A document's revisions; empty where it is not known."""
        return self.trees([doc_id]).get(doc_id) or Tree()

    def trees(self, ids: Iterable[str]) -> dict[str, Tree]:
        """The revisions of many documents."""
        return kept.trees(self._file.connection(), ids)

    def revisions(
        self, wanted: Iterable[tuple[str, str]], trees: Mapping[str, Tree] | None = None
    ) -> dict[tuple[str, str], Stored]:
        """The bodies of many revisions, as far as they are here. `trees` are their documents', where they are known."""
        pairs = list(wanted)
        trees = self.trees({doc_id for doc_id, _ in pairs}) if trees is None else trees
        numbers = (trees[doc_id].bodies.get(rev) for doc_id, rev in pairs if doc_id in trees)
        found = kept.bodies(self._file.connection(), (number for number in numbers if number is not None))
        # By what each says that it is: a number may be another's since the tree was read.
        return {(each.id, each.rev): each for each in found.values()}

    def leaves(self, doc_id: str, *, known: Iterable[str] = ()) -> list[Document]:
        tree, known = self.tree(doc_id), set(known)
        wanted = ((doc_id, leaf) for leaf in tree.leaves if leaf not in known)
        found = self.revisions(wanted, {doc_id: tree})
        return [
            {**found[doc_id, leaf].document(), "_revisions": revisions_of(tree, leaf)}
            for leaf in tree.ranked()
            if (doc_id, leaf) in found
        ]

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        for start in range(0, len(wanted), BULK_GET):
            some = wanted[start : start + BULK_GET]
            trees = self.trees({doc_id for doc_id, _ in some})
            for (doc_id, rev), stored in self.revisions(some, trees).items():
                yield {**stored.document(), "_revisions": revisions_of(trees[doc_id], rev)}

    def all(
        self,
        *,
        start: str | None = None,
        end: str | None = None,
        keys: Sequence[str] | None = None,
        limit: int | None = None,
        include_docs: bool = False,
        descending: bool = False,
    ) -> list[Row]:
        """As the interface says; `descending` turns the order round, not the range."""
        rows = self._keyed(keys) if keys is not None else self._ranged(start, end, descending)
        found: list[Row] = []
        for stored in rows:
            if limit is not None and len(found) >= limit:
                break
            found.append(Row(stored.id, stored.rev, stored.document() if include_docs else None))
        return found

    def _ranged(self, start: str | None, end: str | None, descending: bool) -> Iterator[Stored]:
        clauses = ["doc.deleted = 0"] + ["doc.id >= ?"] * (start is not None) + ["doc.id <= ?"] * (end is not None)
        values = [each for each in (start, end) if each is not None]
        query = f"{_WINNERS} WHERE {' AND '.join(clauses)} ORDER BY doc.id" + " DESC" * descending
        for row in self._file.connection().execute(query, values):
            yield Stored(*row)

    def _keyed(self, keys: Sequence[str]) -> Iterator[Stored]:
        query = f"{_WINNERS} WHERE doc.deleted = 0 AND doc.id IN (SELECT value FROM json_each(?))"  # noqa: S608
        found = {row[0]: row for row in self._file.connection().execute(query, (_json(list(keys)),))}
        for key in keys:
            if key in found:
                yield Stored(*found[key])

    def changes(
        self,
        since: Seq = START,
        *,
        limit: int | None = None,
        include_docs: bool = False,
        all_leaves: bool = False,
        wait: float = 0.0,
        selector: Mapping[str, Any] | None = None,
        stop: Event | None = None,
        descending: bool = False,
    ) -> Changes:
        look = partial(
            self._changes_now,
            limit=limit,
            include_docs=include_docs,
            all_leaves=all_leaves,
            selector=selector,
            order=" DESC" if descending else "",
        )
        if wait <= 0:
            return look(since)
        end = time.monotonic() + wait
        self._file.connection()  # raises where the database is gone
        with self._signals.watch(self._file.path) as waiting:
            while True:
                version = waiting.version
                page = look(since)
                left = end - time.monotonic()
                if page.results or left <= 0 or (stop is not None and stop.is_set()):
                    return page
                since = page.last_seq
                waiting.wait(version, min(left, WAIT_SLICE_SECONDS) if stop is not None else left)

    def _changes_now(
        self,
        since: Seq,
        *,
        limit: int | None,
        include_docs: bool,
        all_leaves: bool,
        selector: Mapping[str, Any] | None,
        order: str,
    ) -> Changes:
        after, most = sequence(since), PAGE if limit is None else max(1, limit)
        if selector is not None:
            check(selector)
        with_bodies = include_docs or selector is not None
        query = _CHANGED_BODIES if with_bodies else _CHANGED
        results: list[Change] = []
        with self._file.reading() as connection:
            reached = last = int(connection.execute("SELECT value FROM meta WHERE key = 'seq'").fetchone()[0])
            if after > last:  # a place in another database, which had this one's name; as in CouchDB, all is new
                after = 0
            for seq, doc_id, rev, deleted, leaves, *body in connection.execute(query + order, (after,)):
                doc = Stored(doc_id, rev, bool(deleted), *body).document() if with_bodies else None
                if selector is not None and not (doc is not None and matches(selector, doc)):
                    continue
                revs = tuple(orjson.loads(leaves)) if all_leaves else (rev,)
                results.append(Change(seq, doc_id, revs, bool(deleted), doc if include_docs else None))
                if len(results) == most:
                    reached = seq
                    break
        # Updates that follow, which is at least as many as documents: counting those would read them all.
        return Changes(tuple(results), reached, last - reached)

    def missing_revisions(self, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        rows = self._file.connection().execute(
            f"SELECT doc.id, tree, leaves {kept.NAMED} doc ON doc.id = named.value",
            (_json(list(revs)),),
        )
        here = {doc_id: (tree, leaves) for doc_id, tree, leaves in rows}
        found = {}
        for doc_id, wanted in revs.items():
            tree, leaves = here.get(doc_id, ("{}", "{}"))
            # Kept as JSON text, in which a revision can stand only as itself: most trees need not be parsed.
            lacking = tuple(rev for rev in wanted if f'"{rev}"' not in tree)
            if lacking:
                found[doc_id] = Missing(lacking, _possible_ancestors(orjson.loads(leaves), lacking))
        return found

    def attachment(self, doc_id: str, name: str, rev: str | None = None) -> Attachment:
        stored = self.stored(doc_id, rev)
        entry = orjson.loads(stored.attachments).get(name) if stored.attachments else None
        if entry is None:
            raise NotFound("Document is missing attachment")
        chunks = attachments.sound(self._file.connection(), entry["digest"], entry["length"])
        return Attachment(entry["content_type"], entry["length"], entry["digest"], chunks)

    # Writing

    def put(self, doc: Document, *, user: UserContext = ADMIN) -> str:
        [written] = self.put_many([doc], user=user)
        if written.error is not None:
            raise written.error
        return str(written.rev)

    def put_many(
        self, docs: Sequence[Document], *, user: UserContext = ADMIN, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        return self._write(docs, user, new_edits=True, streams=streams)

    def put_revisions(
        self, docs: Sequence[Document], *, user: UserContext = ADMIN, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        return self._write(docs, user, new_edits=False, streams=streams)

    def _write(
        self, docs: Sequence[Document], user: UserContext, *, new_edits: bool, streams: Mapping[str, BinaryIO] | None
    ) -> list[Written]:
        with self._file.writing() as connection:
            batch = Batch(connection, user, self._gate)
            written = batch.add(docs, new_edits=new_edits, streams=streams or {})
            changed = batch.flush()
        if changed:
            self._signals.wake(self._file.path)
        return written

    # What is not replicated

    def get_local(self, local_id: str) -> Document:
        return self.local.get(local_id)

    def put_local(self, local_id: str, doc: Document) -> None:
        self.local.put(local_id, doc)

    def security(self) -> Document:
        row = self._file.connection().execute("SELECT value FROM meta WHERE key = 'security'").fetchone()
        found: Document = orjson.loads(row[0])
        return found

    def set_security(self, security: Document) -> None:
        """Raises `BadRequest` where names or roles are no lists of text: whoever reads them relies on it."""
        check_security(security)
        with self._file.writing() as connection:
            connection.execute("UPDATE meta SET value = ? WHERE key = 'security'", (kept_json(security).decode(),))

    def purge(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Take leaves out of documents as if they had never been; returns those that were there, by document."""
        purged = upkeep.purge(self._file, wanted)
        self._signals.wake(self._file.path)
        return purged

    def compact(self) -> None:
        """Forget the bodies of revisions that are no leaves, and attachments that nothing names any more."""
        upkeep.compact(self._file)

    def sequence_of(self, doc_id: str) -> Seq:
        """The document's place in the feed. Raises `NotFound`."""
        row = self._file.connection().execute("SELECT seq FROM doc WHERE id = ?", (doc_id,)).fetchone()
        if row is None:
            raise NotFound("missing")
        return int(row[0])


_WINNERS = f"SELECT {kept.BODY} FROM doc JOIN body ON body.number = doc.winner"  # noqa: S608
_CHANGED = "SELECT seq, id, rev, deleted, leaves FROM doc WHERE seq > ? ORDER BY seq"
_CHANGED_BODIES = (
    "SELECT doc.seq, doc.id, doc.rev, doc.deleted, doc.leaves, body.body, body.attachments"
    " FROM doc JOIN body ON body.number = doc.winner WHERE doc.seq > ? ORDER BY doc.seq"
)


def sequence(since: Seq) -> int:
    """A place in this store's feed. Raises `BadRequest` for another store's."""
    try:
        found = max(0, int(since))
    except ValueError:
        found = None
    if found is None or found > LAST:
        raise BadRequest("since must be a sequence of this database.", details={"since": str(since)[:80]})
    return found


def revisions_of(tree: Tree, rev: str) -> Document:
    """The `_revisions` of a revision."""
    ancestry = tree.ancestry(rev)
    return {"start": generation(rev), "ids": [each.partition("-")[2] for each in ancestry]}


def _possible_ancestors(leaves: Iterable[str], lacking: Iterable[str]) -> tuple[str, ...]:
    newest = max(map(generation, lacking))
    return tuple(leaf for leaf in leaves if generation(leaf) < newest)


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()
