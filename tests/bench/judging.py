"""How fast intake judges what has arrived, end to end and without network; and how fast two leaves become one."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import orjson

from schemas.form import Form
from service.parts import Parts
from service.readmodel.case_lists import CaseLists
from service.readmodel.lists import Filter, Lists
from service.readmodel.projection import SqlProjection
from service.readmodel.second import second_judge
from sync.edits import _digest
from sync.garbage import look_seldom
from sync.intake import BATCH, Intake, Judged
from sync.merge import fold
from sync.revisions import plan_merge
from sync.store import Document, Place
from tests.bench.office import Tablet, conflict, form_of, open_office, send, size
from tests.bench.replication import say

CONFLICT_EVERY = 5
MIXED = 100
EDGE = 1_000


@dataclass(frozen=True)
class Judging:
    """One drain: records, mean bytes of one, seconds; milliseconds per record at the first and the last 1,000."""

    records: int
    bytes: int
    seconds: float
    first: float
    last: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.records / self.seconds


class _Timed(SqlProjection):
    """The read model, which also notes when each batch was committed, and how many verdicts it had."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.marks: list[tuple[float, int]] = []

    def apply(self, mailbox: str, judged: Sequence[Judged], place: Place, reports: Sequence[Document] = ()) -> None:
        super().apply(mailbox, judged, place)
        self.marks.append((time.perf_counter(), len(judged)))


def measure(records: int, rounds: int, *, conflicts: bool) -> Judging:
    """The median of some drains, each of an office of its own."""
    runs = [_drain(records, conflicts=conflicts, text=f"{number + 1} of {rounds}") for number in range(rounds)]
    return Judging(
        records,
        runs[0].bytes,
        median(run.seconds for run in runs),
        median(run.first for run in runs),
        median(run.last for run in runs),
    )


def _drain(records: int, *, conflicts: bool, text: str) -> Judging:
    kind = "with conflicts" if conflicts else "without conflicts"
    say(f"intake {text}: {records} records {kind}")
    with open_office() as parts:
        tablets = Tablet(parts, "li.wei"), Tablet(parts, "zhang.min")
        parts_of = [range(at, min(at + MIXED, records)) for at in range(0, records, MIXED)]
        total = sum(_send_part(parts, tablets, numbers, conflicts) for numbers in parts_of)
        look_seldom()
        projection = _Timed(parts.readmodel)
        start = time.perf_counter()
        with second_judge(parts.config) as second:
            Intake(parts.store, parts.library, projection, second=second).drain()
        seconds = time.perf_counter() - start
        _check(CaseLists(parts.readmodel), Lists(parts.readmodel), records, conflicts=conflicts)
        marks = [(start, 0), *projection.marks]
        return Judging(records, total // records, seconds, _cost(marks), _cost(marks, last=True))


def _send_part(parts: Parts, tablets: tuple[Tablet, Tablet], numbers: range, conflicts: bool) -> int:
    """Fill some records and send them; how many bytes. In small parts, so that every page of changes has its fifth."""
    filled = [tablets[number % 2].fill(number) for number in numbers]
    split = filled[::CONFLICT_EVERY] if conflicts else []
    send(parts, [*filled, *(leaf for base in split for leaf in conflict(tablets, base))])
    return sum(map(size, filled))


def _cost(marks: Sequence[tuple[float, int]], *, last: bool = False) -> float:
    """Milliseconds per verdict over the first or the last 1,000, by the times at which full batches were committed.

    Other batches are left out: the last ones hold little but receipts, which are read and passed over.
    """
    full = [at - before for (before, _), (at, count) in pairwise(marks) if count == BATCH]
    some = full[-EDGE // BATCH :] if last else full[: EDGE // BATCH]
    return sum(some) / (len(some) * BATCH) * 1000 if some else math.nan


def _check(cases: CaseLists, lists: Lists, records: int, *, conflicts: bool) -> None:
    """That it was real work: everything is accepted, and every fifth record has an open case."""
    wanted = -(-records // CONFLICT_EVERY) if conflicts else 0
    assert cases.open_cases(None) == wanted, cases.open_cases(None)
    assert len(lists.records(Filter(verdict="accepted"), limit=records).items) == records


@dataclass(frozen=True)
class Merges:
    """Merges a second, by the processor time of one core, and the mean bytes of a record before its leaves parted."""

    bytes: int
    rate: float


def merges(records: int, rounds: int) -> Merges:
    """Two leaves of one record planned into one, its answers folded from the edits; the median of some rounds."""
    with open_office() as parts:
        form = form_of(parts)
        tablets = Tablet(parts, "li.wei"), Tablet(parts, "zhang.min")
        bases = [tablets[0].fill(number, short=True) for number in range(records)]
        pairs = [conflict(tablets, base) for base in bases]
    rates = [_merge_all(pairs, form, f"{number + 1} of {rounds}") for number in range(rounds)]
    return Merges(sum(map(size, bases)) // records, median(rates))


def _merge_all(pairs: list[list[Document]], form: Form, text: str) -> float:
    say(f"merging {text}: {len(pairs)} pairs of leaves")
    read = [orjson.loads(orjson.dumps(pair)) for pair in pairs]  # as they come out of a database
    _digest.cache_clear()
    start = time.process_time()
    for pair in read:
        _merge(pair, form)
    return len(pairs) / (time.process_time() - start)


def _merge(pair: list[Document], form: Form) -> None:
    planned = plan_merge(pair, lambda winner, edits: {**winner, "edits": edits, "answers": fold(edits, form).values})
    assert len(planned) == 2
