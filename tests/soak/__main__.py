"""`make soak`: the real service under live tablets for ROUNDS_SOAK_MINUTES, 60 unless it says otherwise.

    ROUNDS_SOAK_MINUTES=5 ROUNDS_SOAK_TABLETS=50 make soak

It is looked at again and again, told on stderr and kept in var/soak.jsonl. Then the service is killed, and every write
that it had acknowledged must be there. The exit status is 1 where one is not, or where something grew beyond its bound.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from service.parts import open_parts
from sync.embedded import EmbeddedStore
from sync.store import NotFound
from tests.bench.office import TEAM, Tablet, configured
from tests.bench.receipts import PEOPLE, token
from tests.live import ROOT, Live
from tests.soak.fleet import Fleet
from tests.soak.samples import Sample, faults, take

KEPT = ROOT / "var" / "soak.jsonl"
LOOKS = 60
"""In a run; of a short one fewer, ten seconds apart."""
LEAST_PAUSE_SECONDS = 10.0


def main() -> None:
    """Run, tell, judge."""
    minutes = float(os.environ.get("ROUNDS_SOAK_MINUTES", "60"))
    tablets = int(os.environ.get("ROUNDS_SOAK_TABLETS", "50"))
    seed = int(os.environ.get("ROUNDS_TEST_SEED", random.SystemRandom().randrange(10**6)))
    say(f"{minutes:g} minutes, {tablets} tablets, ROUNDS_TEST_SEED={seed}")
    with tempfile.TemporaryDirectory(prefix="rounds-soak-") as folder:
        found = soak(Path(folder) / "data", minutes, tablets, seed)
    for each in found:
        say(f"✗ {each}")
    sys.exit(1 if found else 0)


def soak(data: Path, minutes: float, tablets: int, seed: int) -> list[str]:
    """Everything that is wrong after the run."""
    parts = open_parts(configured(data))
    live = Live(data)
    try:
        fillers = [Tablet(parts, PEOPLE[number % len(PEOPLE)]) for number in range(tablets)]
        live.start().wait()
        fleet = Fleet(live.port, lambda: token(parts), fillers, seed)
        samples = asyncio.run(_run(live, fleet, minutes * 60))
        live.kill()  # what was acknowledged outlasts it
        lost = missing(data, fleet)
        say(f"{sum(map(len, fleet.acknowledged.values()))} writes acknowledged, {len(lost)} of them missing")
        return [*faults(samples), *lost, *(f"no receipt for {each}" for each in fleet.unanswered)]
    finally:
        live.kill()
        parts.close()


async def _run(live: Live, fleet: Fleet, seconds: float) -> list[Sample]:
    assert live.process is not None
    begin, samples = time.monotonic(), list[Sample]()
    pause = max(LEAST_PAUSE_SECONDS, seconds / LOOKS)
    running = asyncio.create_task(fleet.run(begin + seconds))
    KEPT.parent.mkdir(exist_ok=True)
    with KEPT.open("w", encoding="utf-8") as kept:
        while not running.done():
            await asyncio.wait([running], timeout=pause)
            minute = (time.monotonic() - begin) / 60
            samples.append(take(live.process.pid, live.data, minute, fleet.latencies()))
            say(samples[-1].line())
            print(json.dumps(asdict(samples[-1])), file=kept, flush=True)
    await running
    return samples


def missing(data: Path, fleet: Fleet) -> list[str]:
    """What the service had acknowledged and has no more; a merge or a put-back keeps what it came of."""
    database = EmbeddedStore(data / "db").database(f"mailbox-{TEAM}")
    lacking = database.missing_revisions(fleet.acknowledged)
    lost = [f"{record} has lost {', '.join(each.missing)}" for record, each in lacking.items()]
    for record in fleet.acknowledged:
        try:
            database.get(f"receipt:{record}:office")
        except NotFound:
            lost.append(f"{record} has no receipt")
    return lost


def say(text: str) -> None:
    """Tell how it goes."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
