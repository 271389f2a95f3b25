"""A campaign that never was: an office, hubs and tablets with all that goes wrong in the field, and whether it held."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from service.simulation.campaign import Campaign, begun
from service.simulation.check import Outcome, check_office, check_one_leaf
from service.simulation.fleet import Events, teams_of
from service.simulation.plan import Plan

__all__ = ["Plan", "Report", "simulate"]

ROUNDS = 6
"""Meetings of everybody with everybody after the last day; if something is still being written then, it never ends."""


@dataclass(frozen=True)
class Report:
    """What a simulated campaign came to. `seconds` of its days, of settling after them, and of the checks."""

    plan: Plan
    events: Events
    outcome: Outcome
    decided: int
    rounds_to_settle: int
    seconds: dict[str, float]

    @property
    def held(self) -> bool:
        """Whether everything is as it must be."""
        return not self.outcome.faults

    def as_json(self) -> dict[str, Any]:
        """For people and scripts."""
        return {
            "plan": asdict(self.plan),
            "events": asdict(self.events),
            **asdict(self.outcome),
            "decided": self.decided,
            "rounds_to_settle": self.rounds_to_settle,
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "held": self.held,
        }


def simulate(plan: Plan, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Live through a campaign in `folder`, let everybody meet in the end, and hold the office against the journal."""
    watch = _Watch()
    with begun(plan, folder) as campaign:
        watch.lap("setting up")
        campaign.live_through(tell)
        watch.lap("days")
        tell("everybody meets")
        rounds = campaign.settle(ROUNDS)
        watch.lap("settling")
        tell("checking")
        outcome = _check(campaign, rounds)
        watch.lap("checks")
        return Report(plan, campaign.events, outcome, campaign.office.decided, rounds, watch.seconds)


class _Watch:
    """How long each part took, in seconds."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name], self._last = now - self._last, now


def _check(campaign: Campaign, rounds: int) -> Outcome:
    differences = campaign.close_books()
    outcome = check_office(campaign.office, campaign.journal)
    outcome.faults += check_one_leaf(campaign.office, teams_of(campaign.plan))
    outcome.faults += differences
    if rounds == ROUNDS:
        outcome.faults.append(f"after {ROUNDS} meetings of everybody something is still being written")
    return outcome
