"""Pushing and pulling through an unmodified PouchDB, against the embedded store and any peer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.live import ROOT, free_port

STEPS = ("push", "pull", "nothing_new")
READY_SECONDS = 20


@contextmanager
def embedded() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The embedded store alone, as `python -m sync.embedded` serves it."""
    port = free_port()
    with tempfile.TemporaryDirectory() as data:
        command = [sys.executable, "-m", "sync.embedded", "--port", str(port), "--data", data]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            _until_ready(url)
            yield url, process
        finally:
            process.terminate()
            process.wait()


def _until_ready(url: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def push_pull(server: str, records: int) -> dict[str, float]:
    """Seconds of each step, into and out of a database made for it."""
    url = f"{server}/bench-{os.getpid()}-{time.monotonic_ns()}"
    _call("PUT", url)
    try:
        command = ["node", str(ROOT / "tests/bench/push_pull.mjs"), url, str(records)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found
    finally:
        _call("DELETE", url)


def _call(method: str, url: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30).close()


def compare(servers: dict[str, str], records: int, rounds: int) -> dict[str, dict[str, float]]:
    """Medians by server and step; the servers take turns, so that what disturbs the machine disturbs them alike."""
    seconds: dict[str, dict[str, list[float]]] = {name: {step: [] for step in STEPS} for name in servers}
    for number in range(rounds):
        for name, url in servers.items():
            print(f"  push and pull, round {number + 1} of {rounds}: {name}", file=sys.stderr)
            found = push_pull(url, records)
            for step in STEPS:
                seconds[name][step].append(found[step])
    return {name: {step: median(all_) for step, all_ in steps.items()} for name, steps in seconds.items()}


def peak_memory(process: subprocess.Popen[bytes]) -> float:
    """The most that a process had in memory so far, in MiB."""
    for line in Path(f"/proc/{process.pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return 0.0
