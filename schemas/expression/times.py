"""Functions of dates and times. A time is read as it was written, in its own zone. The twin is `core/times.js`."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta

from schemas.expression.values import Value, to_number, to_text

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WRITTEN = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3})\d*)?(Z|[+-]\d{2}:[0-5]\d)?)?", re.ASCII
)
_FARTHEST = 2_900_000
_EPOCH = date(1970, 1, 1)


def as_date(value: Value) -> str:
    """The date of a date, of a time, or of a number of days since 1970; empty text where there is none."""
    found = _WRITTEN.fullmatch(to_text(value))
    if found:
        return found[1] if _exists(found[1]) else ""
    days = value if isinstance(value, float) and not isinstance(value, bool) else math.nan
    if math.isnan(days) or abs(days) > _FARTHEST:
        return ""
    try:
        return (_EPOCH + timedelta(days=math.floor(days))).isoformat()
    except OverflowError:
        return ""


def as_date_time(value: Value) -> str:
    """A time as it was written, or the beginning of a date or day number, in UTC."""
    text = to_text(value)
    found = _WRITTEN.fullmatch(text)
    if found and found[2] and found[6] and _exists(found[1]):
        return text
    day = as_date(value)
    return f"{day}T00:00:00Z" if day else ""


def decimal_date_time(value: Value) -> float:
    """Days since 1970, with fractions."""
    return to_number(as_date_time(value)) if to_text(value) else math.nan


def decimal_time(value: Value) -> float:
    """The part of the day that has passed at a time of day, or at a time."""
    text = to_text(value)
    clock = re.fullmatch(r"\d{4}-\d{2}-\d{2}T(\d{2}:\d{2}:\d{2})(?:\.\d+)?(?:Z|[+-]\d{2}:[0-5]\d)", text, re.ASCII)
    return to_number(clock[1] if clock else text) if ":" in text else math.nan


def format_date(value: Value, pattern: Value) -> str:
    """A date or time by a pattern: `%Y %y %m %n %b %d %e %H %h %M %S %3 %a`. Names are English, as in ODK.

    Source: ODK's reference of form operators, format-date-time.
    """
    found = _WRITTEN.fullmatch(to_text(value))
    written = found if found else _WRITTEN.fullmatch(as_date(value))
    if written is None or not _exists(written[1]):
        return ""
    day = date.fromisoformat(written[1])
    hour, minute, second = (int(written[place] or 0) for place in (2, 3, 4))
    parts = {
        "Y": f"{day.year:04}",
        "y": f"{day.year % 100:02}",
        "m": f"{day.month:02}",
        "n": str(day.month),
        "b": MONTHS[day.month - 1],
        "d": f"{day.day:02}",
        "e": str(day.day),
        "H": f"{hour:02}",
        "h": str(hour),
        "M": f"{minute:02}",
        "S": f"{second:02}",
        "3": (written[5] or "").ljust(3, "0"),
        "a": WEEKDAYS[day.weekday()],
        "%": "%",
    }
    return re.sub(r"%(.)", lambda mark: parts.get(mark[1], mark[0]), to_text(pattern), flags=re.DOTALL)


def _exists(day: str) -> bool:
    try:
        return date.fromisoformat(day).year > 0
    except ValueError:
        return False
