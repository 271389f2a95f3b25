"""Intake: follows the mailboxes, merges what met, judges every record, answers with receipts, projects the outcome.

Merges and receipts are written to the store first; they are deterministic, so writing them again changes nothing. Then
the projection commits rows and checkpoint in one transaction. A crash anywhere in between repeats work and never counts
anything twice. One intake at a time judges under one name (law 20); whoever runs it holds a lease.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from sync.edits import edit_id, union
from sync.forms import FormLibrary
from sync.record import merged_body
from sync.revisions import plan_merge
from sync.store import START, Change, Database, Document, Seq, Store
from sync.verdict import UNKNOWN_DEVICE, UNKNOWN_VERSION, Judge, Judged

__all__ = ["Intake", "Judged", "Projection"]

log = structlog.get_logger(__name__)

MAILBOX = "mailbox-"
RECORD, REPORT = "record:", "report:"
BATCH = 500
QUIET_SECONDS = 2.0
LONGEST_QUIET_SECONDS = 10.0
LEAF_CACHE = 2_000
"""Records whose leaves are kept: those that were in conflict lately."""
RECEIPT_TRIES = 5
WAITED_FOR = {"form": UNKNOWN_VERSION, "device": UNKNOWN_DEVICE}
"""What a kind of document in the reference database puts an end to."""


class Projection(Protocol):
    """Where verdicts go. `apply` is idempotent: the same batch again leaves the same rows."""

    def checkpoint(self, mailbox: str) -> Seq | None:
        """How far a mailbox was projected; None where it never was."""

    def known_edits(self, mailbox: str, record_ids: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """The edits that were projected before, whole, for those of the records that are known."""

    def held(self, mailbox: str, reasons: Sequence[str]) -> Sequence[str]:
        """The records whose verdict was `held` for one of these reasons."""

    def apply(self, mailbox: str, judged: Sequence[Judged], seq: Seq, reports: Sequence[Document] = ()) -> None:
        """Replace the rows of these records and devices, and move the checkpoint: all or nothing."""


@dataclass
class _Mailbox:
    """How far one mailbox was read, and which of its records wait for a burst to end before they are merged."""

    read: Seq
    waiting: dict[str, _Waiting] = field(default_factory=dict)

    def durable(self) -> Seq:
        """Where to read again from after a crash: before the first change whose merge is not written."""
        return next(iter(self.waiting.values())).before if self.waiting else self.read


@dataclass
class _Waiting:
    before: Seq
    due: float
    latest: float
    revs: Sequence[str] = ()


class Intake:
    """Judges what arrives in the mailboxes of a store."""

    def __init__(
        self,
        store: Store,
        library: FormLibrary,
        projection: Projection,
        *,
        judge: str = "office",
        quiet: float = QUIET_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._library = library
        self._projection = projection
        self._judge = Judge(library, judge)
        self._quiet = quiet
        self._monotonic = monotonic
        self._mailboxes: dict[str, _Mailbox] = {}
        self._leaves: OrderedDict[tuple[str, str], dict[str, Document]] = OrderedDict()
        self._verdicts = 0

    def mailboxes(self) -> list[str]:
        """The mailboxes that there are now."""
        return [name for name in self._store.names() if name.startswith(MAILBOX)]

    def drain(self) -> int:
        """Work until nothing is left to do in any mailbox, without waiting for bursts to end; how many verdicts."""
        before = self._verdicts
        self.refresh()
        while sum(self._settle(mailbox) for mailbox in self.mailboxes()):
            pass
        return self._verdicts - before

    def refresh(self) -> None:
        """Read what is new in the reference database; judge what was held for want of it."""
        news = self._library.refresh()
        if news:
            for mailbox in self.mailboxes():
                self._rejudge_held(mailbox, [WAITED_FOR[kind] for kind in sorted(news)])
            self._library.told(news)

    def reference_position(self) -> Seq:
        """How far the reference database was read."""
        return self._library.position

    def _settle(self, mailbox: str) -> int:
        done = self.step(mailbox)
        return done + self.merge_due(mailbox, at_once=True)

    def step(self, mailbox: str) -> int:
        """Read one batch of changes and answer it; how many changes there were."""
        with self._afresh_after_failure(mailbox) as state:
            database = self._store.database(mailbox)
            page = database.changes(state.read, limit=BATCH, include_docs=True, all_leaves=True)
            if not page.results:
                return 0
            found = [self._found(mailbox, database, change) for change in page.results if change.id.startswith(RECORD)]
            before = dict(zip([c.id for c in page.results], [state.read, *(c.seq for c in page.results)], strict=False))
            for each in found:
                if len(each.live) > 1:
                    self._put_off(state, each, before[each.record_id])
            state.read = page.last_seq
            reports = [change.doc for change in page.results if change.id.startswith(REPORT) and change.doc]
            self._answer(mailbox, database, state, found, reports)
            return len(page.results)

    def merge_due(self, mailbox: str, *, at_once: bool = False) -> int:
        """Merge the records whose burst is over; how many revisions were written."""
        with self._afresh_after_failure(mailbox) as state:
            now = self._monotonic()
            due = {
                record: wait for record, wait in state.waiting.items() if at_once or now >= min(wait.due, wait.latest)
            }
            if not due:
                return 0
            database = self._store.database(mailbox)
            found = [self._read(mailbox, database, record, wait.revs) for record, wait in due.items()]
            for record in due:
                del state.waiting[record]
            return self._answer(mailbox, database, state, [each for each in found if each])

    @contextmanager
    def _afresh_after_failure(self, mailbox: str) -> Iterator[_Mailbox]:
        """The state of a mailbox. What was read and could not be answered is read again, from the checkpoint on."""
        try:
            yield self._state(mailbox)
        except BaseException:
            self._mailboxes.pop(mailbox, None)
            raise

    def next_due(self, mailbox: str) -> float | None:
        """Seconds until the next merge is due; None where nothing waits."""
        waiting = self._state(mailbox).waiting.values()
        return max(0.0, min(min(each.due, each.latest) for each in waiting) - self._monotonic()) if waiting else None

    def _state(self, mailbox: str) -> _Mailbox:
        if mailbox not in self._mailboxes:
            since = self._projection.checkpoint(mailbox)
            if since is None or _number(since) > _number(self._store.database(mailbox).info().update_seq):
                since = START  # never read, or deleted and made anew since
            self._mailboxes[mailbox] = _Mailbox(since)
        return self._mailboxes[mailbox]

    def position(self, mailbox: str) -> Seq:
        """How far the mailbox was read."""
        return self._state(mailbox).read

    def _put_off(self, state: _Mailbox, found: _Found, before: Seq) -> None:
        now = self._monotonic()
        waiting = state.waiting.setdefault(found.record_id, _Waiting(before, now, now + LONGEST_QUIET_SECONDS))
        waiting.due = now + self._quiet
        waiting.revs = [leaf["_rev"] for leaf in found.leaves]

    def _rejudge_held(self, mailbox: str, reasons: Sequence[str]) -> None:
        """A form version or a device came: what waited for it is judged now (law 12)."""
        database, state = self._store.database(mailbox), self._state(mailbox)
        held = self._projection.held(mailbox, reasons)
        for start in range(0, len(held), BATCH):
            found = [self._read(mailbox, database, record, ()) for record in held[start : start + BATCH]]
            self._answer(mailbox, database, state, [each for each in found if each])

    def _answer(
        self,
        mailbox: str,
        database: Database,
        state: _Mailbox,
        found: Sequence[_Found],
        reports: Sequence[Document] = (),
    ) -> int:
        """Merge, judge, write receipts, project; how many revisions were written."""
        known = self._projection.known_edits(mailbox, [each.record_id for each in found]) if found else {}
        judged, merges = [], []
        for each in found:
            edits = union(*(_edits(leaf) for leaf in each.leaves), known.get(each.record_id, ()))
            if not each.live and not edits:
                continue  # nothing was ever in it
            try:
                if each.record_id not in state.waiting:
                    merges += self._merge(each, known.get(each.record_id, ()))
                verdict = self._judge.judge(mailbox, each.winner, edits)
                judged.append(_with_lost(verdict, each, known.get(each.record_id, ())))
            except Exception:
                # A record that this program trips over must not keep all others from their receipts.
                log.exception("record set aside", mailbox=mailbox, record=each.record_id)
                judged.append(self._judge.set_aside(mailbox, each.winner, edits))
        written = self._write_merges(database, merges)
        self._write_receipts(database, judged)
        self._projection.apply(mailbox, judged, state.durable(), reports)
        self._verdicts += len(judged)
        return written

    def _write_merges(self, database: Database, merges: Sequence[Document]) -> int:
        """Write merges, then the tombstones of the leaves that went into them; how many were written.

        Where a merge is refused, its leaves stay as they are.
        """
        joined = [each for each in merges if not each.get("_deleted")]
        refused = database.put_revisions(joined) if joined else []
        for refusal in refused:
            log.error("merge refused", mailbox=database.name, document=refusal.id, reason=str(refusal.error))
        left = {refusal.id for refusal in refused}
        tombstones = [each for each in merges if each.get("_deleted") and each["_id"] not in left]
        missed = database.put_revisions(tombstones) if tombstones else []
        return len(joined) - len(refused) + len(tombstones) - len(missed)

    def _merge(self, found: _Found, known: Sequence[Any]) -> list[Document]:
        """The revisions that bring the record's leaves together; none where that is done or has to wait for a form."""
        edits = union(*(_edits(leaf) for leaf in found.leaves), known)
        form = self._judge.form_of(found.winner, edits)
        if form is None:
            return []

        def body(winner: Document, all_: list[Any]) -> Document:
            return merged_body(winner, all_, self._judge.derive(found.record_id, all_, form))

        return plan_merge(found.leaves, body, known=known)

    def _write_receipts(self, database: Database, judged: Iterable[Judged]) -> None:
        """Write the receipts that say something new (law 20); after somebody else's write, read and try again."""
        wanted = {each.receipt["_id"]: each.receipt for each in judged}
        for _ in range(RECEIPT_TRIES):
            standing = {row.id: row.doc or {} for row in database.all(keys=list(wanted), include_docs=True)}
            fresh = [
                {**receipt, **_rev(standing.get(doc_id))}
                for doc_id, receipt in wanted.items()
                if _body(standing.get(doc_id)) != receipt
            ]
            failed = {each.id for each in database.put_many(fresh) if each.error} if fresh else set()
            wanted = {doc_id: receipt for doc_id, receipt in wanted.items() if doc_id in failed}
            if not wanted:
                return
        log.error("receipts could not be written", database=database.name, receipts=sorted(wanted))

    def _found(self, mailbox: str, database: Database, change: Change) -> _Found:
        winner = change.doc or {"_id": change.id, "_rev": change.revs[0], "_deleted": change.deleted}
        if len(change.revs) == 1:
            return _Found(change.id, winner, [winner])
        return _Found(change.id, winner, self._all_leaves(mailbox, database, change.id, change.revs))

    def _read(self, mailbox: str, database: Database, record_id: str, revs: Sequence[str]) -> _Found | None:
        leaves = self._all_leaves(mailbox, database, record_id, revs)
        if not leaves:
            return None
        return _Found(record_id, max(leaves, key=_winning), leaves)

    def _all_leaves(self, mailbox: str, database: Database, record_id: str, revs: Sequence[str]) -> list[Document]:
        """A record's leaves; those of `revs` that were read before are remembered (law 19)."""
        cached = self._leaves.pop((mailbox, record_id), {})
        kept = {rev: cached[rev] for rev in revs if rev in cached}
        fresh = {leaf["_rev"]: leaf for leaf in database.leaves(record_id, known=list(kept))}
        self._leaves[(mailbox, record_id)] = {**kept, **fresh}
        if len(self._leaves) > LEAF_CACHE:
            self._leaves.popitem(last=False)
        return list(self._leaves[(mailbox, record_id)].values())


@dataclass(frozen=True)
class _Found:
    """A record as it stands in a mailbox: its leaves, deleted ones included."""

    record_id: str
    winner: Document
    leaves: list[Document]

    @property
    def live(self) -> list[Document]:
        return [leaf for leaf in self.leaves if not leaf.get("_deleted")]


def _with_lost(judged: Judged, found: _Found, known: Sequence[Any]) -> Judged:
    """The verdict, with the edits that were seen before and that no leaf has any more, and those that came instead."""
    if not known:
        return judged
    here = {edit_id(edit): edit for leaf in found.leaves for edit in _edits(leaf)}
    before = {edit_id(edit) for edit in known}
    lost = before - here.keys()
    return replace(judged, lost=lost, fresh=[here[name] for name in sorted(here.keys() - before)]) if lost else judged


def _number(seq: Seq) -> int:
    """How many changes a sequence counts; CouchDB writes more behind the number."""
    return int(str(seq).partition("-")[0] or 0)


def _winning(leaf: Mapping[str, Any]) -> tuple[bool, int, str]:
    number, _, digest = leaf["_rev"].partition("-")
    return (not leaf.get("_deleted"), int(number), digest)


def _edits(leaf: Mapping[str, Any]) -> list[Any]:
    found = leaf.get("edits")
    return found if isinstance(found, list) else []


def _body(doc: Document | None) -> Document | None:
    return None if doc is None else {name: value for name, value in doc.items() if name != "_rev"}


def _rev(doc: Document | None) -> Document:
    return {"_rev": doc["_rev"]} if doc else {}
