"""What is looked at in a service that runs, and what is wrong with how it went."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.live import share
from tests.bench.machine import family

WARM_UP = 0.25
"""Of a run: caches fill, each thread opens the databases that it is asked for."""
MEMORY = (1.15, 24.0)
"""How much more of it there may be at the end than after the warm-up: as a factor, and MiB besides."""
FILES, THREADS = 48, 8
"""How many more there may be."""
LOG_MEGABYTES = 64.0
"""No write-ahead log may ever be longer: it is worked into its file from 16 MB on, once no reader needs it."""
LATENCY_SECONDS = 30.0
"""No receipt may ever take longer."""


@dataclass(frozen=True)
class Sample:
    """All processes together at one moment, and the receipts of the time before it (seconds; 0 where none came)."""

    minute: float
    memory: float
    processes: tuple[float, ...]
    """The memory of each: the supervisor, the web server's, intake."""
    files: int
    threads: int
    log: float
    """The longest write-ahead log, in MB."""
    receipts: int
    median: float
    most: float
    """The 95th percentile."""
    longest: float

    def line(self) -> str:
        """As it is told while the run goes on."""
        each = " + ".join(f"{held:.0f}" for held in self.processes)
        return (
            f"{self.minute:6.1f} min  {self.memory:6.1f} MiB ({each})  {self.files:4} files  {self.threads:3} threads  "
            f"log {self.log:5.1f} MB  {self.receipts:5} receipts: median {self.median:.2f} s, "
            f"95 % {self.most:.2f} s, longest {self.longest:.2f} s"
        )


def take(pid: int, data: Path, minute: float, latencies: Sequence[float]) -> Sample:
    """Look at a service's processes and at its data directory."""
    processes = family(pid)
    held = tuple(share(each) / 1024 for each in processes)
    times = sorted(latencies) or [0.0]
    return Sample(
        minute=minute,
        memory=sum(held),
        processes=held,
        files=sum(len(list(Path(f"/proc/{each}/fd").iterdir())) for each in processes),
        threads=sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in processes),
        log=max((log.stat().st_size for log in data.rglob("*-wal")), default=0) / 1e6,
        receipts=len(latencies),
        median=median(times),
        most=times[math.ceil(len(times) * 0.95) - 1],
        longest=times[-1],
    )


def faults(samples: Sequence[Sample]) -> list[str]:
    """What grew beyond its bound from the end of the warm-up to the end of the run, and what was too much at any time.

    Each half of what follows the warm-up counts with its median: one look may fall into a burst.
    """
    warm = samples[math.floor(len(samples) * WARM_UP) :]
    before, after = warm[: len(warm) // 2], warm[len(warm) // 2 :]
    found = [] if before else ["The run was too short to say anything."]
    for name, most in _BOUNDS.items() if before else ():
        early, late = (median(getattr(each, name) for each in part) for part in (before, after))
        if late > most(early):
            found.append(f"{name}: {early:.1f} after the warm-up, {late:.1f} at the end; {most(early):.1f} may be")
    for name, bound in (("log", LOG_MEGABYTES), ("longest", LATENCY_SECONDS)):
        if (worst := max(getattr(each, name) for each in samples)) > bound:
            found.append(f"{name}: {worst:.1f} at the most; {bound:.1f} may be")
    return found


_BOUNDS: dict[str, Callable[[float], float]] = {
    "memory": lambda early: early * MEMORY[0] + MEMORY[1],
    "files": lambda early: early + FILES,
    "threads": lambda early: early + THREADS,
}
