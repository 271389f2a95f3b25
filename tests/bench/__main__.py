"""`make bench`: measure on this machine and write docs/benchmarks.md.

    python -m tests.bench [--peer URL] [--records 10000] [--rounds 3]

`--peer` is another CouchDB to compare with, such as http://admin:password@127.0.0.1:5984. Progress goes to stderr.
"""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import (
    cascade,
    filling,
    growth,
    judging,
    live,
    packs,
    pictures,
    receipts,
    replication,
    scale,
    store,
    validation,
)
from tests.bench.machine import describe
from tests.bench.report import Figures, page
from tests.live import ROOT

CHANGES = 10
FEW = 10_000
LIVE_TABLETS = 100
TARGET = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str] | None = None) -> None:
    """Measure everything, write the page."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.partition("\n")[0])
    parser.add_argument("--peer", metavar="URL", help="another CouchDB, measured in turn with the embedded store")
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--documents", type=int, default=1_000_000, help="of the large ones; the small have 10,000")
    parser.add_argument("--clients", type=int, default=1_000, help="tablets that wait for news at once")
    parser.add_argument("--target", type=Path, default=TARGET, help="the page to write")
    options = parser.parse_args(arguments)
    load = os.getloadavg()[0]
    figures = Figures(
        date=datetime.now(UTC).date().isoformat(),
        machine=describe(),
        records=options.records,
        rounds=options.rounds,
        documents=options.documents,
        throughput=store.measure(options.records, options.rounds, options.peer),
        live=live.measure(options.clients, CHANGES),
        pictures=pictures.measure(options.rounds, options.peer),
        scale=scale.measure(FEW, options.documents),
        replication=replication.measure(options.records, options.rounds, options.peer),
        receipts=receipts.measure(LIVE_TABLETS),
        packs=packs.measure(options.records, options.rounds),
        validation=validation.measure(options.rounds),
        filling=filling.measure(),
        cascade=cascade.measure(),
        plain=judging.measure(options.records, options.rounds, conflicts=False),
        conflicting=judging.measure(options.records, options.rounds, conflicts=True),
        growth=growth.measure(FEW, options.documents, options.rounds),
        merges=judging.merges(options.records, options.rounds),
        load=(load, os.getloadavg()[0]),
    )
    options.target.write_text(page(figures), "utf-8")
    replication.say(f"written: {options.target}")


if __name__ == "__main__":
    main()
