"""Defaults as text, to answers in their normal form."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from marshmallow import ValidationError

from schemas.form import Choice, Field
from schemas.values import ANSWERS

_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def static(kind: str, text: str, choices: Sequence[str] = (), entity: str = "") -> Any:
    """The answer that a default means, or None where it is no answer to a question of this type.

    `choices` are the names of those that the question offers, `entity` the kind of the entities that it does.
    """
    read = _READ.get(kind)
    if read is None:
        return None
    field = Field("", kind, "", {}, choices=tuple(Choice(name, {}) for name in choices), entity=entity)
    try:
        value = read(text)
        ANSWERS[kind](field).check(value)
    except (ValueError, ValidationError):
        return None
    return value


def _time(text: str) -> str:
    found = _TIME.match(text)
    if found is None:
        raise ValueError(text)
    hours, minutes, seconds = found.groups()
    return f"{hours:0>2}:{minutes}" + (f":{seconds}" if seconds not in (None, "00") else "")


def _truth(text: str) -> bool:
    if text.lower() in ("ok", "true", "yes", "1", "true()"):
        return True
    if text.lower() in ("false", "no", "0", "false()"):
        return False
    raise ValueError(text)


def _point(text: str) -> dict[str, str]:
    return dict(zip(("lat", "lon", "altitude", "accuracy"), text.split(), strict=False))


def _points(text: str) -> list[dict[str, str]]:
    return [_point(part) for part in text.split(";") if part.strip()]


_READ: dict[str, Callable[[str], Any]] = {
    "text": str,
    "barcode": str,
    "integer": lambda text: int(float(text)) if float(text).is_integer() else text,
    "decimal": str,
    "date": lambda text: text[:10],
    "time": _time,
    "datetime": lambda text: text.replace(" ", "T", 1),
    "boolean": _truth,
    "select_one": str,
    "select_many": str.split,
    "rank": str.split,
    "entity": str,
    "geopoint": _point,
    "geotrace": _points,
    "geoshape": _points,
}
