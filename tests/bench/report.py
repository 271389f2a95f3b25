"""The page docs/benchmarks.md."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.bench import report_store
from tests.bench.cascade import COUNTIES, FIRMS, TOWNS, Cascade
from tests.bench.filling import OPENINGS, SLOWED, Filling, Times
from tests.bench.growth import WINDOW, Growth
from tests.bench.judging import EDGE, Judging, Merges
from tests.bench.live import Live
from tests.bench.packs import Packs
from tests.bench.pictures import Pictures
from tests.bench.receipts import Receipts
from tests.bench.replication import STEPS, Replication
from tests.bench.scale import Size
from tests.bench.store import Throughput
from tests.bench.validation import Validation

SHOWN = {"push": "push", "pull": "pull into an empty PouchDB", "nothing_new": "push again, nothing new"}


@dataclass(frozen=True)
class Figures:
    """Everything that a run has measured."""

    date: str
    machine: str
    records: int
    rounds: int
    documents: int
    throughput: Throughput
    live: tuple[Live, Live]
    pictures: Pictures
    scale: tuple[Size, Size]
    replication: Replication
    receipts: Receipts
    packs: Packs
    validation: Validation
    filling: Filling
    cascade: Cascade
    plain: Judging
    conflicting: Judging
    growth: tuple[Growth, Growth]
    merges: Merges
    load: tuple[float, float]


def page(figures: Figures) -> str:
    """The page as Markdown."""
    peer = " --peer URL" if figures.replication.peer else ""
    sizes = f"--records {figures.records} --rounds {figures.rounds} --documents {figures.documents}"
    command = f".venv/bin/python -m tests.bench{peer} {sizes}"
    return f"""# Figures

Written by `make bench`; a new run replaces this page.

- Date: {figures.date}
- Machine: {figures.machine}
- Command: `{command}`
- Load of the machine at the start and at the end: {figures.load[0]:.1f} and {figures.load[1]:.1f}; the run itself makes
  about 1, what is more comes from other programs and slows every figure.

Every figure is the median of {figures.rounds} rounds, memory excepted. Rates depend on the machine, and on
what else it does meanwhile; compare them only with figures from the same run.

## The store over HTTP

{report_store.throughput(figures.throughput)}

## Waiting for news

{report_store.live(*figures.live)}

## Pictures and live clients

{report_store.pictures(figures.pictures, figures.replication.peer_name)}

## From a push to its receipt

{figures.receipts.tablets} tablets are live, each with a longpoll on the team's mailbox, and push
{figures.receipts.pushes:,} visits in all at random moments of a minute. Timed is each from the beginning of its push
until the tablet's feed has brought its receipt: verified, judged, projected and answered by `rounds serve` as it comes.

| | time | wanted |
|---|---:|---:|
| median | {figures.receipts.half:.2f} s | |
| 95th percentile | {figures.receipts.most:.2f} s | 2 s |
| longest | {figures.receipts.longest:.2f} s | |

## A large database

{report_store.scale(*figures.scale)}

## Replication

An unmodified PouchDB pushes {figures.records:,} records of about {figures.replication.bytes:,} bytes into an empty
database, pulls them into an empty PouchDB, and pushes again when nothing is new. PouchDB keeps its data in memory;
client and server share the machine.

{_replication_table(figures)}

The embedded store, three processes, held {figures.replication.memory_before:.0f} MiB before the first push and
{figures.replication.memory_peak:.0f} MiB at most during all rounds.

## First sign-ins

{figures.packs.tablets} tablets fetch a mailbox of {figures.packs.documents:,} documents (records and their receipts) at
once, as [a pack](packs.md) of {figures.packs.bytes / 1e6:.1f} MB that has yet to be made, and then ask for the
checkpoints and the changes behind it. `rounds serve` as it comes, on the embedded store.

| | time | wanted |
|---|---:|---:|
| half of the tablets have everything | {figures.packs.median:.1f} s | 10 s |
| all of them | {figures.packs.slowest:.1f} s | |
| one that comes alone | {figures.packs.alone:.1f} s | |

Unpacking and storing is the tablet's own work, and is not in these times.

## Validation

One core judges records that are filled in and right: their values brought into the form's shape, what is computed
computed, what is irrelevant left out, every value checked by the form's marshmallow schema and its conditions.

| | records/s | wanted |
|---|---:|---:|
| 30 fields with 15 expressions, six fields in a repeat of five rows | {figures.validation.visit:,.0f} | 5,000 |
| 500 fields with 200 expressions | {figures.validation.survey:,.0f} | 300 |

These two are by the processor time of the measuring process, so that other programs slow them less.

## Filling in a large form

The tablet app, served by `rounds serve`, in a Chromium whose processor is slowed down {SLOWED} times. The form has 500
fields in 25 sections, with 200 expressions. It is opened {OPENINGS} times, each time in a page that has just been
loaded; then some of its questions are answered key by key. Load of the machine at the end of this:
{figures.filling.load:.1f}.

| milliseconds | median | 95th percentile | wanted |
|---|---:|---:|---:|
{_filling_table(figures.filling)}

## Choosing one of {FIRMS:,}

The same app, slowed down as much. The form asks for a county ({COUNTIES}), a town ({TOWNS}) and an enterprise
({FIRMS:,}), each offered by what was chosen above it; for several enterprises of the county; and for any of them. All
are entities. Load of the machine at the end of this: {figures.cascade.load:.1f}.

| milliseconds | median | 95th percentile | wanted |
|---|---:|---:|---:|
{_cascade_table(figures.cascade)}

The list of all is read from the tablet's database once after each start of the app, in the background; who opens it
as the very first thing waits {figures.cascade.first / 1000:.1f} s here. A changed entity is one document read.
JavaScript then holds {figures.cascade.megabytes:.0f} MB.

## Intake

Intake reads the changes of a mailbox, verifies each edit's signature, validates the answers, merges what conflicts,
writes a receipt and projects the outcome into the read model. The records are visits of the form `enterprise-visit` in
the demo campaign, about {figures.plain.bytes:,} bytes each: a signed edit of about half that, by one of two registered
devices, and the answers that the tablet worked out from it. The store is the embedded one, the read model SQLite, no
network. Intake and its second judge, as `rounds intake` runs them; the start of the second one is in the time.

{_intake_table(figures)}

A record with conflicting leaves is judged when it arrives, and answered again when its leaves are merged; two edits are
verified and stored beside the first.

{_first_and_last(figures.plain)}

{_growth(*figures.growth)}

Two leaves of a record of {figures.merges.bytes:,} bytes merged in memory, without store, signatures and validation:
{figures.merges.rate:,.0f} merges/s of processor time on one core (wanted: 10,000 for records of 1,000 bytes).

## What this does not tell

- Nothing here goes over a real network: no latency, no TLS, no proxy. Tablets in the field are slower than any of this.
- One client at a time pushes and pulls; many at once are measured at first sign-ins and where they wait.
- PouchDB's own work is part of the times of replication, and may be the greater part.
- Intake starts with everything already in the mailbox, and its caches are empty. Filling and signing the records is not
  in the figures. PostgreSQL and CouchDB as intake's databases are not measured.
"""


def _first_and_last(run: Judging) -> str:
    if math.isnan(run.first):
        return "There were too few records to tell what the first and the last ones cost."
    return f"A record without conflicts took {run.first:.2f} ms in the first {EDGE:,}, {run.last:.2f} ms in the last."


def _growth(few: Growth, many: Growth) -> str:
    rows = [
        _growth_row("no conflicts, processor time", few.plain.processor, many.plain.processor),
        _growth_row("no conflicts, by the clock", few.plain.clock, many.plain.clock),
        _growth_row("a fifth in conflict, processor time", few.conflicting.processor, many.conflicting.processor),
        _growth_row("a fifth in conflict, by the clock", few.conflicting.clock, many.conflicting.clock),
    ]
    return f"""Without the second judge, news of {WINDOW:,} records, in turns for an office that has {few.records:,} and
for one that has {many.records:,}; most of those are copies of rows that were written without judging them again.
Wanted is that a record costs no more than 1.2 times as much.

| milliseconds per record | among {few.records:,} | among {many.records:,} | ratio |
|---|---:|---:|---:|
{chr(10).join(rows)}"""


def _growth_row(name: str, few: float, many: float) -> str:
    return f"| {name} | {few:.2f} | {many:.2f} | {many / few:.2f} |"


def _replication_table(figures: Figures) -> str:
    found, rows = figures.replication, []
    if not found.peer:
        for step in STEPS:
            own = found.median(found.embedded, step)
            rows.append(f"| {SHOWN[step]} | {own:.3f} s | {_rate(figures, step, own)} |")
        return "\n".join(["| | embedded store | records/s |", "|---|---:|---:|", *rows])
    for step in STEPS:
        own, other = found.median(found.embedded, step), found.median(found.peer, step)
        rates = f"{_rate(figures, step, own)} | {_rate(figures, step, other)}"
        rows.append(f"| {SHOWN[step]} | {own:.3f} s | {other:.3f} s | {own / other:.2f} | {rates} |")
    head = f"| | embedded store | {found.peer_name} | time, ratio | embedded, records/s | other, records/s |"
    return "\n".join([head, "|---|---:|---:|---:|---:|---:|", *rows])


def _filling_table(found: Filling) -> str:
    rows: list[tuple[str, Times, str]] = [
        ("from the tap until the first screen is painted", found.painted, "300"),
        ("until every question below it is there", found.whole, ""),
        ("a keystroke: taken over, judged anew, on its way to the disk", found.handled, "16"),
        ("drawing what looks otherwise for it", found.drawn, ""),
        ("that frame, with layout and paint", found.frame, ""),
    ]
    return "\n".join(f"| {name} | {each.median:.1f} | {each.p95:.1f} | {wanted} |" for name, each, wanted in rows)


def _cascade_table(found: Cascade) -> str:
    rows = [
        ("a choice stands there, and all that follows from it", found.chosen),
        ("the list below it opens", found.opened),
        ("the list follows a letter", found.typed),
    ]
    return "\n".join(f"| {name} | {each.median:.0f} | {each.p95:.0f} | 100 |" for name, each in rows)


def _rate(figures: Figures, step: str, seconds: float) -> str:
    return "" if step == "nothing_new" else f"{figures.records / seconds:,.0f}"


def _intake_table(figures: Figures) -> str:
    rows = [
        f"| {name} | {run.seconds:.1f} s | {run.rate:,.0f} |"
        for name, run in (("no conflicts", figures.plain), ("a fifth with two conflicting leaves", figures.conflicting))
    ]
    return "\n".join([f"| {figures.records:,} records | time | records/s |", "|---|---:|---:|", *rows])
