"""A sync in which nothing has changed costs the same however much there is (law 27)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from sync.embedded import EmbeddedStore
from tests.live import ROOT
from tests.served import served

SCRIPT = ROOT / "tests/bench/nothing_new.mjs"
FEW, MANY = 5, 3_000


def cost(server: str, name: str, *words: str) -> dict[str, int]:
    command = ["node", str(SCRIPT), f"{server}/{name}", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    return found


def test_nothing_new_costs_the_same_requests_and_bytes_at_any_size(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path / "data")
    for name, count in (("less", FEW), ("many", MANY)):
        store.create(name).put_many([{"_id": f"{number:06d}", "n": 1} for number in range(count)])
    with served(tmp_path / "data") as server:
        few, many = cost(server, "less"), cost(server, "many")
        packed = cost(server, "many", "pack")
    assert (few.pop("documents"), many.pop("documents"), packed.pop("documents")) == (FEW, MANY, MANY)
    assert few == many == packed
