"""What is simulated: how much of it, and how often each thing goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
"""The first day; a Monday, as campaigns begin on one."""


@dataclass(frozen=True)
class Plan:
    """How large the campaign is. The same plan gives the same campaign, whatever the machine."""

    teams: int
    tablets: int
    days: int
    records: int
    seed: int


@dataclass(frozen=True)
class Chances:
    """How likely each thing is, from 0 to 1: on a day for a tablet, unless said otherwise."""

    own_again: float = 0.35
    """For a record just made: it is changed once more before it is sent."""
    changed: float = 0.6
    """For each of up to four changes a day: a record is changed, one's own or a colleague's."""
    withdrawn: float = 0.02
    """A record of one's own is withdrawn."""
    twice: float = 0.02
    """For a record: a colleague fills one of the same thing."""
    network: float = 0.5
    """There is a way to the office."""
    hub: float = 0.5
    """Where there is none: the team's hub is near, if the team has one."""
    partition: float = 0.02
    """A partition begins: neither office nor hub for several days."""
    cut: float = 0.15
    """For a meeting: it breaks off midway."""
    repeated: float = 0.1
    """For a meeting: everything is sent again as if its checkpoint were lost."""
    stick: float = 0.3
    """In a partition: what is unsent reaches the office as a file."""
    wrong_clock: float = 0.1
    """For a tablet: its clock is off by up to a year; the others' by up to two minutes."""
    hub_relays: float = 0.4
    """For a hub: it reaches the office."""
    decided: float = 0.5
    """For an open case: the office decides it."""
    undone: float = 0.1
    """For a decision: the office takes it back."""


PARTITION_DAYS = (3, 9)
TEAMS_WITH_HUB = 3
"""One team in so many has a hub."""
