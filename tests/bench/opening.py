"""How long it takes to open a database of the embedded store, in a process that has seen nothing of it.

    python -m tests.bench.opening DIR NAME

Prints the seconds from the folder to what the database says of itself. Its file is put out of the operating system's
memory before, as far as nobody else has it open.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from sync.embedded import EmbeddedStore
from tests.live import ROOT

TIMES = 5


def measure(folder: Path, name: str) -> float:
    """The median seconds of several openings, each in a process of its own."""
    return median(_opened(folder, name) for _ in range(TIMES))


def _opened(folder: Path, name: str) -> float:
    command = [sys.executable, "-m", "tests.bench.opening", str(folder), name]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main(folder: Path, name: str) -> None:
    """Open it once."""
    _forget(folder)
    start = time.perf_counter()
    EmbeddedStore(folder).database(name).info()
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
