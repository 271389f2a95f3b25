"""How far a device's clock is off, in words."""

from __future__ import annotations

from collections.abc import Callable

MINUTE_MS = 60_000
HOUR, DAY = 60, 1440

Say = Callable[..., str]


def off_by(skew_ms: int, say: Say) -> str:
    """Such as "2 h ahead"; empty where the clock is right to the minute."""
    minutes = round(abs(skew_ms) / MINUTE_MS)
    if not minutes:
        return ""
    much = _much(minutes, say)
    return say("clock.ahead", much=much) if skew_ms > 0 else say("clock.behind", much=much)


def _much(minutes: int, say: Say) -> str:
    """One unit is enough, from two of it on."""
    if minutes < 2 * HOUR:
        return say("clock.minutes", count=minutes)
    if minutes < 2 * DAY:
        return say("clock.hours", count=round(minutes / HOUR))
    return say("clock.days", count=round(minutes / DAY))
