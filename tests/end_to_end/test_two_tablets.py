"""The whole job: two tablets meet, the service is killed meanwhile, the office answers for what came of it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, Live

EXAMPLE = ["node", "examples/two_tablets.mjs"]
SEED = int(os.environ["ROUNDS_TEST_SEED"])
ROUNDS_OF_KILLING = int(os.environ.get("ROUNDS_KILLS", "2"))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    service = Live(tmp_path / "data", "--demo").start().wait()
    yield service
    service.stop()


def run_example(live: Live) -> dict[str, Any]:
    done = subprocess.run(
        [*EXAMPLE, "--url", live.url, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n{live.tail()}"
    return dict(json.loads(done.stdout))


def api(live: Live, path: str, token: str = "", **body: str) -> dict[str, Any]:
    request = urllib.request.Request(f"{live.url}/api/v1/{path}", headers={"accept": "application/json"})
    if token:
        request.add_header("authorization", f"Bearer {token}")
    if body:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return dict(json.load(answer))


def office_view(live: Live) -> dict[str, Any]:
    """What the office holds, without anything that depends on when it was asked."""
    token = api(live, "session", name="office", password="demo-office-1")["token"]
    records = api(live, "records", token)["items"]
    cases = api(live, "cases?status=open", token)["items"]
    return {
        "records": sorted(records, key=lambda each: each["id"]),
        "cases": sorted(cases, key=lambda each: each["id"]),
        "edits": {each["id"]: api(live, f"records/{each['id']}/history", token) for each in records},
    }


def test_two_tablets_meet_and_the_office_answers(live: Live) -> None:
    told = run_example(live)
    view = office_view(live)
    assert {each["id"] for each in view["records"]} == {told["shared"], told["invalid"]}
    # What both changed is a conflict; what does not fit its form is to be mended.
    assert {each["record"] for each in view["cases"]} == {told["shared"], told["invalid"]}
    assert len(view["cases"]) == 2


class Killer(threading.Thread):
    """Kills the whole service at random moments and starts it again, until told to stop."""

    def __init__(self, live: Live, seed: int) -> None:
        super().__init__(daemon=True)
        self.live, self.random, self.done, self.kills = live, random.Random(seed), threading.Event(), 0

    def run(self) -> None:
        # Short lives at first, so that it dies at every stage; longer ones later, so that the whole comes to its end.
        while not self.done.wait(self.random.uniform(0.2, 1.5) + 0.5 * self.kills):
            self.live.kill()
            self.kills += 1
            self.live.start().wait()

    def finish(self) -> None:
        self.done.set()
        self.join(timeout=60)
        assert not self.is_alive()


@pytest.mark.parametrize("seed", [SEED + number for number in range(ROUNDS_OF_KILLING)])
def test_nothing_is_lost_or_counted_twice_when_the_service_is_killed(live: Live, seed: int) -> None:
    print(f"seed {seed}")
    killer = Killer(live, seed)
    killer.start()
    try:
        told = run_example(live)
    finally:
        killer.finish()
    print(f"killed {killer.kills} times")
    assert killer.kills > 0
    before = office_view(live)
    assert {each["id"] for each in before["records"]} == {told["shared"], told["invalid"]}
    assert len(before["cases"]) == 2
    # The read model made anew from the documents is the same: nothing was counted twice, nothing is missing.
    live.stop()
    subprocess.run(
        [*Live.command("rebuild"), "--data", str(live.data)], cwd=ROOT, check=True, capture_output=True, timeout=60
    )
    live.start().wait()
    assert office_view(live) == before
