"""Replicates any database to any other, by CouchDB's replication protocol.

Pages of changes are compared with what the target has (`_revs_diff`), what it lacks is carried over, and a checkpoint
is written at both ends: a replication that was cut off goes on from there, and one with nothing to do writes nothing. A
document may be carried more than once; storing a revision twice is storing it once. What the target refuses is counted,
named and kept, since the checkpoint moves past it (law 25).
Source: https://docs.couchdb.org/en/stable/replication/protocol.html
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event
from typing import Any, Final
from uuid import uuid4

import structlog

from sync.checkpoints import Checkpoints, Endpoint, replication_id
from sync.refusals import Refusal, Refusals
from sync.store import Change, Changes, Database, Missing, Seq, StoreError
from sync.transfer import Transfer

__all__ = ["Outcome", "Replication", "Tally"]

log = structlog.get_logger(__name__)

PAGE: Final = 500
LONGPOLL_SECONDS: Final = 25.0
BACKOFF_SECONDS: Final = (0.5, 60.0)
DESIGN: Final = "_design/"
NAMED: Final = 1_000
"""Refusals that a tally names; all of them are counted, and kept where there is a keeper."""


@dataclass(frozen=True)
class Outcome:
    """What became of one document: `error` is None where it arrived."""

    document: str
    revs: tuple[str, ...]
    bytes: int
    error: StoreError | None = None


@dataclass
class Tally:
    """What a replication has done: revisions looked at, found missing, written, refused; bytes with attachments."""

    checked: int = 0
    found: int = 0
    read: int = 0
    written: int = 0
    refused: int = 0
    bytes: int = 0
    pending: int | None = None
    refusals: list[Refusal] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For people and scripts; `refusals` names up to `NAMED`."""
        counts = {name: getattr(self, name) for name in ("checked", "found", "read", "written", "refused", "bytes")}
        named = [
            {"id": each.document, "revs": list(each.revs), "error": each.code, "reason": each.reason}
            for each in self.refusals
        ]
        return {**counts, "refusals": named}


class Replication:
    """One direction between two databases.

    :param selector: carry only what matches it
    :param designs: carry design documents too; a hub does not (law 26)
    :param keeper: a database where nobody but Rounds writes: holds a checkpoint that counts more than those at the
        ends, and what was refused
    :param told: called with the outcome of each document, and with None after each page
    """

    def __init__(
        self,
        source: Endpoint,
        target: Endpoint,
        *,
        selector: Mapping[str, Any] | None = None,
        designs: bool = True,
        keeper: Database | None = None,
        told: Callable[[Outcome | None], None] = lambda _: None,
        page: int = PAGE,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        self.id = replication_id(source, target, selector, designs=designs)
        self.tally = Tally()
        self._source, self._target = source.database, target.database
        self._selector, self._designs, self._page = selector, designs, page
        self._told, self._now = told, now
        self._rng = rng or random.Random()  # noqa: S311 - no secret hangs on it
        self._transfer = Transfer(self._source, self._target, self._outcome)
        self._refusals = (
            Refusals(keeper, self.id, source=source.identity, target=target.identity) if keeper is not None else None
        )
        self._logs = [*([keeper] if keeper is not None else []), self._target, self._source]
        self._began = self._moment()
        self._checkpoints: Checkpoints | None = None
        self._start: Seq = 0
        self._since: Seq = 0
        self._fresh: list[Refusal] = []

    @property
    def position(self) -> Seq:
        """How far the source was read: what changed before is at the target, or kept as refused."""
        return self._since

    def run(self, stop: Event | None = None) -> Tally:
        """Carry over what there is, or as much as there is until `stop` is set. Raises `StoreError`."""
        while self.step(stop=stop) and not (stop and stop.is_set()):
            pass
        return self.tally

    def follow(self, stop: Event) -> None:
        """Carry over what there is and what comes, until `stop` is set.

        What passes is waited out, each time up to twice as long, with full jitter. Raises `StoreError` where waiting
        does not help: the sign-in, a database that is gone.
        """
        failures = 0
        while not stop.is_set():
            try:
                self.step(wait=LONGPOLL_SECONDS, stop=stop)
                failures = 0
            except StoreError as error:
                if not error.retry:
                    raise
                failures += 1
                log.warning("replication waits", reason=error.reason, failures=failures)
                stop.wait(self._pause(failures))

    def step(self, *, wait: float = 0.0, stop: Event | None = None) -> bool:
        """One page of changes; True where more may follow. With `wait` (seconds), waits for one where there is none."""
        self._open()
        changes = self._source.changes(
            self._since, limit=self._page, all_leaves=True, selector=self._selector, wait=wait, stop=stop
        )
        self._carry(self._missing(changes.results))
        self._advance(changes)
        return len(changes.results) > 0

    def offer_again(self) -> Tally:
        """Send what was refused before once more: after a sign-in, an update, or because somebody wants it (law 25)."""
        if self._refusals is None:
            return self.tally
        for kept in self._refusals.all():
            leaves = [leaf["_rev"] for leaf in self._source.leaves(kept.document) if leaf["_rev"] in kept.revs]
            # A revision that something has followed since travels as its ancestor.
            self._carry(self._target.missing_revisions({kept.document: leaves}) if leaves else {})
            if not self._fresh:
                self._refusals.drop(kept.document)
            self._keep_refusals()
        return self.tally

    def _open(self) -> None:
        if self._checkpoints is None:
            self._checkpoints = Checkpoints(self.id, uuid4().hex, self._logs)
            self._start = self._since = self._checkpoints.start()

    def _missing(self, changes: Sequence[Change]) -> dict[str, Missing]:
        asked = {each.id: each.revs for each in changes if self._designs or not each.id.startswith(DESIGN)}
        self.tally.checked += sum(map(len, asked.values()))
        return self._target.missing_revisions(asked) if asked else {}

    def _carry(self, missing: Mapping[str, Missing]) -> None:
        self.tally.found += sum(len(each.missing) for each in missing.values())
        self._transfer.move(missing)

    def _advance(self, changes: Changes) -> None:
        """Keep what was refused, then write down that all of it has been dealt with."""
        self._keep_refusals()
        self.tally.pending = changes.pending
        if changes.last_seq != self._since:
            self._since = changes.last_seq
            assert self._checkpoints is not None
            self._checkpoints.write(self._entry())
        self._told(None)

    def _entry(self) -> dict[str, Any]:
        return {
            "start_time": self._began,
            "end_time": self._moment(),
            "start_last_seq": self._start,
            "end_last_seq": self._since,
            "recorded_seq": self._since,
            "missing_checked": self.tally.checked,
            "missing_found": self.tally.found,
            "docs_read": self.tally.read,
            "docs_written": self.tally.written,
            "doc_write_failures": self.tally.refused,
        }

    def _outcome(self, document: str, revs: Sequence[str], size: int, error: StoreError | None) -> None:
        self.tally.read += size > 0
        if error is None:
            self.tally.written += len(revs)
            self.tally.bytes += size
        else:
            self._refuse(Refusal.of(document, revs, error, self._moment()))
        self._told(Outcome(document, tuple(revs), size, error))

    def _refuse(self, refusal: Refusal) -> None:
        log.warning("refused", document=refusal.document, revs=refusal.revs, code=refusal.code, reason=refusal.reason)
        self.tally.refused += len(refusal.revs)
        self._fresh.append(refusal)
        if len(self.tally.refusals) < NAMED:
            self.tally.refusals.append(refusal)

    def _keep_refusals(self) -> None:
        if self._refusals is not None and self._fresh:
            self._refusals.keep(self._fresh)
        self._fresh = []

    def _pause(self, failures: int) -> float:
        least, most = BACKOFF_SECONDS
        return self._rng.uniform(0, min(most, least * 2**failures))

    def _moment(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
