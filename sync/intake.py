"""Intake: follows the mailboxes, merges what met, judges every record, answers with receipts, projects the outcome.

Merges and receipts are written to the store first; they are deterministic, so writing them again changes nothing. Then
the projection commits rows and checkpoint in one transaction. A crash anywhere in between repeats work and never counts
anything twice. One intake at a time judges under one name (law 20); whoever runs it holds a lease.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

import structlog

from sync import arrivals
from sync.arrivals import MEDIA, Shelf
from sync.edits import edit_id, union
from sync.forms import FormLibrary
from sync.judges import Judges, Verdict
from sync.leaves import Found, LeafCache
from sync.receipts import with_media, write_receipts
from sync.record import body_of
from sync.revisions import plan_merge
from sync.second import SecondJudge
from sync.store import START, Change, Database, Document, Info, NotFound, Place, Seq, Store
from sync.verdict import REVOKED_DEVICE, UNJUDGEABLE, UNKNOWN_DEVICE, UNKNOWN_VERSION, Judged

__all__ = ["Intake", "Judged", "Projection"]

log = structlog.get_logger(__name__)

MAILBOX = "mailbox-"
RECORD, REPORT = "record:", "report:"
BATCH = 500
NOT_READ = (UNKNOWN_VERSION, UNJUDGEABLE)
"""Records of which nobody knows yet what their edits amount to: merging them waits."""
QUIET_SECONDS = 2.0
LONGEST_QUIET_SECONDS = 10.0
WAITED_FOR = {"form": (UNKNOWN_VERSION,), "device": (UNKNOWN_DEVICE, REVOKED_DEVICE)}
"""What a kind of document in the reference database puts an end to."""


class Projection(Shelf, Protocol):
    """Where verdicts go. `apply` is idempotent: the same batch again leaves the same rows."""

    def checkpoint(self, mailbox: str) -> Place | None:
        """How far a mailbox was projected; None where it never was."""

    def known_edits(self, mailbox: str, record_ids: Sequence[str]) -> Mapping[str, Sequence[Any]]:
        """The edits that were projected before, whole, for those of the records that are known."""

    def waiting(self, mailbox: str, reasons: Sequence[str]) -> Sequence[str]:
        """The records that were held, or an edit of which does not count, for one of these reasons."""

    def apply(self, mailbox: str, judged: Sequence[Judged], place: Place, reports: Sequence[Document] = ()) -> None:
        """Replace the rows of these records and devices, and move the checkpoint: all or nothing."""


@dataclass
class _Mailbox:
    """How far one mailbox was read, and which of its records wait for a burst to end before they are merged.

    `settled` are those that were merged and judged, and come back as intake itself has left them.
    """

    read: Seq
    instance: str
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    settled: dict[str, _Settled] = field(default_factory=dict)

    def durable(self) -> Place:
        """Where to read again from after a crash: before the first change whose merge is not written."""
        seq = next(iter(self.waiting.values())).before if self.waiting else self.read
        return Place(seq, self.instance)


@dataclass
class _Waiting:
    before: Seq
    due: float
    latest: float
    revs: Sequence[str] = ()
    verdict: Verdict | None = None


@dataclass(frozen=True)
class _Settled:
    """The leaves that a merge leaves behind, and how far the reference database was read when they were judged."""

    revs: frozenset[str]
    reference: Seq


class Intake:
    """Judges what arrives in the mailboxes of a store."""

    def __init__(
        self,
        store: Store,
        library: FormLibrary,
        projection: Projection,
        *,
        judge: str = "office",
        second: SecondJudge | None = None,
        quiet: float = QUIET_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._library = library
        self._projection = projection
        self._judges = Judges(library, judge, second)
        self._quiet = quiet
        self._monotonic = monotonic
        self._mailboxes: dict[str, _Mailbox] = {}
        self._leaves = LeafCache()
        self._verdicts = 0

    def mailboxes(self) -> list[str]:
        """The mailboxes that there are now."""
        return [name for name in self._store.names() if name.startswith(MAILBOX)]

    def followed(self) -> list[str]:
        """The databases that are read: mailboxes, and the files of their records; no other is remembered."""
        names = [name for name in self._store.names() if name.startswith((MAILBOX, MEDIA))]
        for gone in self._mailboxes.keys() - set(names):
            del self._mailboxes[gone]
        return names

    def drain(self) -> int:
        """Work until nothing is left to do in any mailbox, without waiting for bursts to end; how many verdicts."""
        before = self._verdicts
        self.refresh()
        while sum(self._settle(name) for name in self.followed()):
            pass
        return self._verdicts - before

    def refresh(self) -> None:
        """Read what is new in the reference database; judge what was held for want of it."""
        news = self._library.refresh()
        if news:
            for mailbox in self.mailboxes():
                self._rejudge(mailbox, [reason for kind in sorted(news) for reason in WAITED_FOR[kind]])
            self._library.told(news)

    def _settle(self, name: str) -> int:
        done = self.step(name)
        return done + self.merge_due(name, at_once=True)

    def step(self, name: str) -> int:
        """Read one batch of changes and answer it; how many changes there were."""
        return self._step_media(name) if name.startswith(MEDIA) else self._step_mailbox(name)

    def _step_media(self, media: str) -> int:
        with self._afresh_after_failure(media) as state:
            place = Place(state.read, state.instance)
            count, (state.read, _) = arrivals.step(self._store, self._projection, media, place)
            return count

    def _step_mailbox(self, mailbox: str) -> int:
        with self._afresh_after_failure(mailbox) as state:
            database = self._store.database(mailbox)
            page = database.changes(state.read, limit=BATCH, include_docs=True, all_leaves=True)
            if not page.results:
                return 0
            if state.read == START:
                self._read_media_before(mailbox)
            found = [self._leaves.found(database, change) for change in page.results if self._is_news(state, change)]
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
            found = [self._leaves.read(database, record, wait.revs) for record, wait in due.items()]
            for record in due:
                del state.waiting[record]
            verdicts = {record: wait.verdict for record, wait in due.items() if wait.verdict is not None}
            return self._answer(mailbox, database, state, [each for each in found if each], verdicts=verdicts)

    @contextmanager
    def _afresh_after_failure(self, mailbox: str) -> Iterator[_Mailbox]:
        """The state of a mailbox. What was read and could not be answered is read again, from the checkpoint on."""
        try:
            yield self._state(mailbox)
        except BaseException:
            self._mailboxes.pop(mailbox, None)
            raise

    def merge_all_due(self) -> None:
        """Merge what is due in any mailbox."""
        for mailbox in [name for name, state in self._mailboxes.items() if state.waiting]:
            self.merge_due(mailbox)

    def next_due(self) -> float | None:
        """Seconds until the next merge is due; None where nothing waits."""
        waiting = (each for state in self._mailboxes.values() for each in state.waiting.values())
        due = min((min(each.due, each.latest) for each in waiting), default=None)
        return None if due is None else max(0.0, due - self._monotonic())

    def _state(self, mailbox: str) -> _Mailbox:
        """How far the mailbox was read; one that was deleted and made anew meanwhile is another one."""
        info = self._store.database(mailbox).info()
        state = self._mailboxes.get(mailbox)
        if state is None or state.instance != info.instance:
            state = self._mailboxes[mailbox] = _Mailbox(self._since(mailbox, info), info.instance)
        return state

    def _since(self, mailbox: str, info: Info) -> Seq:
        place = self._projection.checkpoint(mailbox)
        if place is None or place.instance != info.instance or _number(place.seq) > _number(info.update_seq):
            return START  # never read; or made anew since, or an older copy of it brought back
        return place.seq

    def _read_media_before(self, mailbox: str) -> None:
        """Where all is read anew, files come first: no receipt says meanwhile that one is missing which is there."""
        media = f"{MEDIA}{_team(mailbox)}"
        with suppress(NotFound):
            while self._step_media(media):
                pass

    def _put_off(self, state: _Mailbox, found: Found, before: Seq) -> None:
        now = self._monotonic()
        waiting = state.waiting.setdefault(found.record_id, _Waiting(before, now, now + LONGEST_QUIET_SECONDS))
        waiting.due = now + self._quiet
        waiting.revs = [leaf["_rev"] for leaf in found.leaves]

    def _rejudge(self, mailbox: str, reasons: Sequence[str]) -> None:
        """A form version or a device came: what waited for it is judged now (law 12)."""
        database, state = self._store.database(mailbox), self._state(mailbox)
        waiting = self._projection.waiting(mailbox, reasons)
        for start in range(0, len(waiting), BATCH):
            found = [self._leaves.read(database, record, ()) for record in waiting[start : start + BATCH]]
            self._answer(mailbox, database, state, [each for each in found if each])

    def _is_news(self, state: _Mailbox, change: Change) -> bool:
        """Whether a change is of a record, and more than a merge that intake has judged as it wrote it."""
        settled = state.settled.pop(change.id, None)
        return change.id.startswith(RECORD) and settled != _Settled(frozenset(change.revs), self._library.position)

    def _answer(
        self,
        mailbox: str,
        database: Database,
        state: _Mailbox,
        found: Sequence[Found],
        reports: Sequence[Document] = (),
        *,
        verdicts: Mapping[str, Verdict] = MappingProxyType({}),
    ) -> int:
        """Judge, merge, write receipts, project; how many revisions were written.

        `verdicts` are those given while records waited to be merged: one on the same edits is not given anew.
        """
        known = self._projection.known_edits(mailbox, [each.record_id for each in found]) if found else {}
        answers = self._consider_all(mailbox, state, found, known, verdicts)
        written, refused = self._write_merges(database, [doc for each in answers for doc in each.planned])
        merged = [each for each in answers if each.is_merge and each.found.record_id not in refused]
        judged = [each.outcome() if each in merged else each.judged for each in answers]
        judged = self._with_media(mailbox, judged)
        write_receipts(database, [each.receipt for each in judged])
        self._projection.apply(mailbox, judged, state.durable(), reports)
        state.settled |= {each.found.record_id: _Settled(each.revs(), self._library.position) for each in merged}
        self._verdicts += len(judged)
        return written

    def _consider_all(
        self,
        mailbox: str,
        state: _Mailbox,
        found: Sequence[Found],
        known: Mapping[str, Sequence[Any]],
        verdicts: Mapping[str, Verdict],
    ) -> list[_Answer]:
        """What is said to each of these records, except those in which nothing ever was."""
        edits = {each.record_id: union(*each.logs, known.get(each.record_id, ())) for each in found}
        something = [each for each in found if each.live or edits[each.record_id]]
        records = [(each.winner, edits[each.record_id]) for each in something]
        given = self._judges.verdicts(mailbox, records, verdicts)
        return [
            self._consider(mailbox, state, each, known.get(each.record_id, ()), given[each.record_id])
            for each in something
        ]

    def _consider(self, mailbox: str, state: _Mailbox, found: Found, known: Sequence[Any], given: Verdict) -> _Answer:
        """The verdict on a record and, unless it waits, its merge."""
        judged = given.judged
        if (waiting := state.waiting.get(found.record_id)) is not None:
            waiting.verdict = given
            return _Answer(found, _with_lost(judged, found, known))
        try:
            return _Answer(found, _with_lost(judged, found, known), self._merge(found, known, judged))
        except Exception:
            return _Answer(found, self._judges.set_aside(mailbox, found.winner, given.edits).judged)

    def _merge(self, found: Found, known: Sequence[Any], judged: Judged) -> list[Document]:
        """The revisions that bring the record's leaves together; none where that is done or has to wait for a form."""
        if judged.reason in NOT_READ or (len(found.leaves) == 1 and found.live and not known):
            return []

        def body(winner: Document, edits: list[Any]) -> Document:
            return body_of(winner, edits, judged.version, judged.answers)

        return plan_merge(found.leaves, body, known=known)

    def _with_media(self, mailbox: str, judged: Sequence[Judged]) -> list[Judged]:
        """The verdicts, their receipts saying which of the files that the answers name have arrived."""
        named = {digest for each in judged for digest in each.media}
        here = self._projection.arrived(_team(mailbox), named) if named else set()
        return [replace(each, receipt=with_media(each.receipt, each.media, here)) for each in judged]

    def _write_merges(self, database: Database, merges: Sequence[Document]) -> tuple[int, set[str]]:
        """Write merges, then the tombstones of the leaves that went into them; how many, and of what one was refused.

        Where a merge is refused, its leaves stay as they are.
        """
        joined = [each for each in merges if not each.get("_deleted")]
        refused = database.put_revisions(joined) if joined else []
        for refusal in refused:
            log.error("merge refused", mailbox=database.name, document=refusal.id, reason=str(refusal.error))
        left = {refusal.id for refusal in refused}
        tombstones = [each for each in merges if each.get("_deleted") and each["_id"] not in left]
        missed = database.put_revisions(tombstones) if tombstones else []
        return len(joined) - len(refused) + len(tombstones) - len(missed), left


@dataclass(frozen=True, eq=False)
class _Answer:
    """What intake says to a record: its verdict, and the revisions that bring its leaves together."""

    found: Found
    judged: Judged
    planned: Sequence[Document] = ()

    @property
    def is_merge(self) -> bool:
        """Whether a new leaf holds everything, and not one that was there already."""
        return any(not each.get("_deleted") for each in self.planned)

    def outcome(self) -> Judged:
        """The verdict on the merge, which has the judge's own answers."""
        return replace(self.judged, rev=self.planned[0]["_rev"], differing=())

    def revs(self) -> frozenset[str]:
        """The leaves that there are once the merge is written."""
        deleted = (leaf["_rev"] for leaf in self.found.leaves if leaf.get("_deleted"))
        return frozenset([each["_rev"] for each in self.planned]).union(deleted)


def _with_lost(judged: Judged, found: Found, known: Sequence[Any]) -> Judged:
    """The verdict, with the edits that were seen before and that no leaf has any more, and those that came instead."""
    if not known:
        return judged
    here = {edit_id(edit): edit for log in found.logs for edit in log}
    before = {edit_id(edit) for edit in known}
    lost = before - here.keys()
    return replace(judged, lost=lost, fresh=[here[name] for name in sorted(here.keys() - before)]) if lost else judged


def _team(mailbox: str) -> str:
    return mailbox.removeprefix(MAILBOX)


def _number(seq: Seq) -> int:
    """How many changes a sequence counts; CouchDB writes more behind the number."""
    return int(str(seq).partition("-")[0] or 0)
