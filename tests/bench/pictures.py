"""Pictures each way, and many live clients, with an unmodified PouchDB."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.replication import call, embedded, name_of, say
from tests.live import ROOT

SCRIPT = Path(__file__).with_name("pictures_and_live.mjs")
COUNT, BYTES, CLIENTS = 200, 300_000, 200
STEPS = ("push", "pull", "live")
Times = dict[str, float]


@dataclass(frozen=True)
class Pictures:
    """Seconds of every round; `peer` is empty where there was none."""

    embedded: list[Times]
    peer: list[Times]

    def median(self, rounds: Sequence[Times], step: str) -> float:
        """The median of one step's seconds."""
        return median(each[step] for each in rounds)


def measure(rounds: int, peer: str | None) -> Pictures:
    """Run the rounds, the two servers taking turns."""
    with embedded() as (url, _):
        found: dict[str, list[Times]] = {server: [] for server in (url, peer) if server}
        for number in range(rounds):
            for server in list(found) if number % 2 == 0 else reversed(list(found)):
                say(f"round {number + 1} of {rounds}: pictures and live clients, {name_of(server)}")
                found[server].append(_run(server))
        return Pictures(found[url], found[peer] if peer else [])


def _run(server: str) -> Times:
    database = f"{server.rstrip('/')}/rounds-bench-{os.urandom(6).hex()}"
    call("PUT", database)
    try:
        command = ["node", str(SCRIPT), database, str(COUNT), str(BYTES), str(CLIENTS)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        line: Times = json.loads(done.stdout)
        return line
    finally:
        call("DELETE", database)
