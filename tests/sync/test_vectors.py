"""The cases of tests/vectors/ that sync has to meet; tests/js/vectors.test.mjs runs the same ones."""

from __future__ import annotations

from datetime import datetime

import pytest

from sync import clock
from tests.vectors import Case, cases


@pytest.mark.parametrize("case", cases("clock"))
def test_clock(case: Case) -> None:
    if "steps" not in case:
        assert clock.is_time(case["at"]) is case["expect"]
        return
    wall = ""
    ours = clock.Clock(case["device"], wall=lambda: datetime.fromisoformat(wall))
    found: list[str | bool] = []
    for step in case["steps"]:
        wall = step.get("tick") or step["wall"]
        found.append(ours.tick() if "tick" in step else ours.observe(step["observe"]))
    assert found == case["expect"]
