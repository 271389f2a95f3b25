"""How wrong a device's clock was when it made an edit, by what it measured itself at its syncs.

A device measures the difference between its clock and the service's at each sync, and says so in `report:<device>`.
Such a report is no part of any record: it changes what people are asked, never a value, a receipt or merged bytes
(law 20).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sync import clock

SKEW_MOST_MS = 4_102_444_800_000
"""130 years: no clock of a device is further away."""
DOUBTED_MS = 3_600_000
"""From one hour on a time is not believed (law 15)."""


def skew_at(report: Mapping[str, Any] | None, at: str) -> int | None:
    """Milliseconds that the device's clock was ahead (behind: negative) around the time of an edit, by that very clock.

    None where nothing was measured, or the time cannot be read.
    """
    measured = list(_measured(report.get("skews"))) if report else []
    if not measured or not clock.is_time(at):
        return None
    wall = clock.parse(at).wall
    return min(measured, key=lambda each: (abs(each[0] - wall), each[0]))[1]


def is_doubted(skew: int | None) -> bool:
    """Whether a clock that is wrong by this much is not to be believed."""
    return skew is not None and abs(skew) > DOUBTED_MS


def _measured(skews: object) -> Iterable[tuple[datetime, int]]:
    """Moments by the device's clock, and how much that was ahead; what cannot be read is passed over."""
    for each in skews if isinstance(skews, list) else ():
        at, ahead = (each.get("at"), each.get("ms")) if isinstance(each, dict) else (None, None)
        if isinstance(at, str) and type(ahead) is int and abs(ahead) <= SKEW_MOST_MS:
            try:
                yield datetime.fromisoformat(at).astimezone(UTC) + timedelta(milliseconds=ahead), ahead
            except (ValueError, OverflowError):
                continue
