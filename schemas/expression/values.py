"""The values of expressions, and how XPath turns one kind into another.

A value is text, a number (IEEE double), a truth value, or a list of these (what a field inside a repeat is from
outside it). Empty text stands for no answer. `core/expression.js` holds the same rules for the tablet.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import rfc8785

from schemas.canonical import SAFE_INTEGER

Scalar = str | float | bool
Value = Scalar | list[Scalar]

_NUMBER = re.compile(r"\s*-?(\d+(\.\d*)?|\.\d+)\s*", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?", re.ASCII)
_DATETIME = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,3})\d*)?(Z|[+-]\d{2}:[0-5]\d)",
    re.ASCII,
)
_EPOCH = date(1970, 1, 1)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86_400


def from_answer(answer: Any) -> Value:
    """An answer in its normal form as a value: several choices joined by spaces, a position as `lat lon alt acc`."""
    if isinstance(answer, bool | str):
        return answer
    if isinstance(answer, int | float):
        return _float(answer)
    if isinstance(answer, list):
        between = "; " if answer and isinstance(answer[0], dict) and "lat" in answer[0] else " "
        return between.join(to_text(from_answer(item)) for item in answer)
    if isinstance(answer, dict):
        parts = ("lat", "lon", "altitude", "accuracy")
        return " ".join(_coordinate(answer.get(part)) for part in parts) if "lat" in answer else ""
    return ""


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _coordinate(value: Any) -> str:
    return value if isinstance(value, str) else "0"


def to_number(value: Value) -> float:
    """A number; NaN for what is none. Dates count in days since 1970, times as parts of a day, as ODK has it."""
    if isinstance(value, float | int):  # a truth value too
        return float(value)
    if isinstance(value, list):
        return to_number(value[0]) if value else math.nan
    if _NUMBER.fullmatch(value):
        return float(value)
    return _temporal(value)


def _temporal(text: str) -> float:
    try:
        if _DATE.fullmatch(text):
            return float((date.fromisoformat(text) - _EPOCH).days)
        if found := _TIME.fullmatch(text):
            hours, minutes, seconds = int(found[1]), int(found[2]), int(found[3] or 0)
            return (hours * 3600 + minutes * 60 + seconds) / _DAY
        if found := _DATETIME.fullmatch(text):
            seconds = (datetime.fromisoformat(found[1] + found[3]) - _BEGINNING) // timedelta(seconds=1)
            return (seconds * 1000 + int((found[2] or "").ljust(3, "0"))) / (_DAY * 1000)
    except ValueError:
        pass
    return math.nan


def to_text(value: Value) -> str:
    """Text; numbers as JavaScript writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return to_text(value[0]) if value else ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _written(value)


def _written(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if abs(number) <= SAFE_INTEGER and number == math.floor(number):
        return str(int(number))
    return rfc8785.dumps(number).decode()


def to_truth(value: Value) -> bool:
    """Whether a value counts as true: text that is not empty, a number other than 0, a list with something in it."""
    if isinstance(value, float):
        return value != 0 and not math.isnan(value)
    return bool(value)


def items(value: Value) -> list[Scalar]:
    """What is in a list; a single value is a list of one."""
    return value if isinstance(value, list) else [value]


def equal(left: Value, right: Value) -> bool:
    """XPath's `=`: of lists, whether any pair is equal."""
    if not isinstance(left, list) and not isinstance(right, list):
        return _equal(left, right)
    return any(_equal(a, b) for a in items(left) for b in items(right))


def unequal(left: Value, right: Value) -> bool:
    """XPath's `!=`: of lists, whether any pair differs."""
    return any(not _equal(a, b) for a in items(left) for b in items(right))


def _equal(a: Scalar, b: Scalar) -> bool:
    if isinstance(a, bool) or isinstance(b, bool):
        # XPath has '' = false(); but a question of yes or no that is not answered yet is neither.
        return "" not in (a, b) and to_truth(a) == to_truth(b)
    if isinstance(a, float) or isinstance(b, float):
        return to_number(a) == to_number(b)
    return a == b
