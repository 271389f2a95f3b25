"""Hybrid logical clocks: times that order edits even where a device's own clock is wrong.

A time is text, `2026-11-23T06:10:42.120Z/0003/7f3a0c19d2e4`: milliseconds of UTC, a counter of four hex digits, the
device. Compared as plain text it sorts by time, then counter, then device.
Source: Kulkarni et al., "Logical Physical Clocks", 2014.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

PATTERN = r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z/[0-9a-f]{4}/[0-9a-z]{1,32}"
TRUSTED_LEAD = timedelta(hours=1)
COUNTER_MAX = 0xFFFF

_PATTERN = re.compile(PATTERN)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class ClockError(ValueError):
    """Text that is not a time of a hybrid clock."""


@dataclass(frozen=True)
class At:
    """A parsed time: `wall` in UTC to the millisecond, `counter` 0 to 65,535, and the device that made it."""

    wall: datetime
    counter: int
    device: str

    def __str__(self) -> str:
        wall = self.wall.strftime("%Y-%m-%dT%H:%M:%S.") + f"{self.wall.microsecond // 1000:03d}Z"
        return f"{wall}/{self.counter:04x}/{self.device}"


def parse(at: str) -> At:
    """The parts of a time. Raises `ClockError`."""
    if not is_time(at):
        raise ClockError(f"not a time of a hybrid clock: {at!r}")
    wall, counter, device = at.split("/")
    return At(datetime.fromisoformat(wall), int(counter, 16), device)


def is_time(at: object) -> bool:
    """Whether something is a time of a hybrid clock, its date one that exists, in every zone: so before 9999."""
    return isinstance(at, str) and _PATTERN.fullmatch(at) is not None and at[11:13] < "24" and _is_day(at[:10])


@lru_cache(maxsize=4096)
def _is_day(day: str) -> bool:
    try:
        return date.fromisoformat(day).isoformat() == day and "1970" <= day < "9999"
    except ValueError:
        return False


class Clock:
    """One device's clock. `wall` gives the present in UTC; times never repeat and never go back."""

    def __init__(self, device: str, *, wall: Callable[[], datetime]) -> None:
        self._device = device
        self._wall = wall
        self._last = _EPOCH
        self._counter = 0

    def tick(self) -> str:
        """A time later than every one made or observed before."""
        wall = self._truncated()
        if wall > self._last:
            self._last, self._counter = wall, 0
        else:
            self._bump()
        return str(At(self._last, self._counter, self._device))

    def observe(self, at: str) -> bool:
        """Learn of another device's time; false where it is too far ahead to be adopted (law 15)."""
        seen = parse(at)
        if seen.wall > self._truncated() + TRUSTED_LEAD:
            return False
        self._last, self._counter = max((self._last, self._counter), (seen.wall, seen.counter))
        return True

    def _truncated(self) -> datetime:
        now = self._wall()
        return now - timedelta(microseconds=now.microsecond % 1000)

    def _bump(self) -> None:
        if self._counter < COUNTER_MAX:
            self._counter += 1
        else:
            self._last, self._counter = self._last + _MILLISECOND, 0
