"""`make bench`: measures, and writes docs/benchmarks.md. Against a peer in the same run: `--peer URL`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime

from tests.bench import intake, store
from tests.bench.machine import describe
from tests.live import ROOT

PAGE = ROOT / "docs/benchmarks.md"
HERE = "embedded store"


def main() -> None:
    """Measure what was asked for and write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--records", type=int, default=10_000, help="how many records (default 10000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often; medians are given (default 3)")
    parser.add_argument("--peer", metavar="URL", help="another CouchDB server, with credentials in the URL if it asks")
    parser.add_argument("--dry", action="store_true", help="print the page instead of writing it")
    asked = parser.parse_args()
    with store.embedded() as (url, process):
        servers = {HERE: url} | ({"peer": asked.peer.rstrip("/")} if asked.peer else {})
        seconds = store.compare(servers, asked.records, asked.rounds)
        memory = store.peak_memory(process)
    page = written(asked.records, asked.rounds, seconds, memory, intake.measure(asked.records, asked.rounds))
    if asked.dry:
        print(page)
    else:
        PAGE.write_text(page, "utf-8")
        print(f"written: {PAGE.relative_to(ROOT)}")


def written(
    records: int, rounds: int, seconds: dict[str, dict[str, float]], memory: float, judged: intake.Figures
) -> str:
    """The page."""
    lines = [
        "# Benchmarks",
        "",
        f"Made by `make bench` on {datetime.now(UTC):%Y-%m-%d}: medians of {rounds} rounds. The machine: {describe()}.",
        "Figures of one machine say little of another; ratios of one run say more. `--peer URL` measures another",
        "CouchDB server in the same run, the two taking turns: `.venv/bin/python -m tests.bench --peer URL`.",
        "",
        "## Push and pull",
        "",
        f"{records} records of about 1 kB, written and read by an unmodified PouchDB 9 in Node with its memory adapter,",
        "in batches of 500. PouchDB's own work is part of every figure. A commit is on disk before it is acknowledged.",
        "",
        "| server | push, s | pull, s | nothing new, s | push, records/s | pull, records/s |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {name} | {found['push']:.2f} | {found['pull']:.2f} | {found['nothing_new']:.3f} "
        f"| {records / found['push']:,.0f} | {records / found['pull']:,.0f} |"
        for name, found in seconds.items()
    ]
    if "peer" in seconds:
        ours, theirs = seconds[HERE], seconds["peer"]
        times = [f"{theirs[step] / ours[step]:.2f}" for step in store.STEPS]
        lines += [f"| peer ÷ embedded | {times[0]} | {times[1]} | {times[2]} | | |"]
    lines += [
        "",
        f"The store's process had {memory:.0f} MiB in memory at most.",
        "",
        "## Intake",
        "",
        f"{judged.records} visits of the real form, {judged.bytes} bytes each, signed by a registered device, lie in one",
        "mailbox of the embedded store: read changes, verify signatures, validate, merge, write receipts, project into",
        "the read model (SQLite), commit the checkpoint. One process, no network. Batches of 500.",
        "",
        "| what | figure |",
        "|---|--:|",
        f"| records/s, one leaf each | {judged.plain:,.0f} |",
        f"| records/s, one in five with two leaves that collide | {judged.colliding:,.0f} |",
        f"| ms a record in the first tenth of the batches | {judged.first:.3f} |",
        f"| ms a record in the last tenth | {judged.last:.3f} |",
        f"| two-leaf merges/s in one process (union, fold, judge, write plan) | {judged.merges:,.0f} |",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
