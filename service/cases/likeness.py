"""Which records may be the same thing: by equal identity, or by one that differs in one place as slips do. Pure.

Two records are *the same* where all identity fields are equal, texts without regard to width, case, spaces and
punctuation. They are *near* where one field alone differs: a date by one day, or a text by one slip of typing (a
character too many, too few, another, or two swapped) that touches no digit, since other numbers name other things.

So that the work for a record does not grow with the number of records, each has a few keys, and only records that share
a key are compared: one key for what is the same; for each date, one for each pair of neighbouring days that it stands
in; for each text, two beginnings and two ends, one of which any single slip leaves as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from schemas import canonical
from schemas.identity import Part
from service.cases.kinds import DUPLICATE, case_id

DAY, TYPING = "day", "typing"
SHORTEST = 3
"""Characters of a text below which one slip makes another word."""
LONGEST = 200
_PLAIN = re.compile(r"[\W_]+")
_DIGITS = re.compile(r"\d")


def plain(text: Any) -> str:
    """A text without regard to width, case, spaces and punctuation; itself where nothing else is in it."""
    normal = unicodedata.normalize("NFKC", str(text)).casefold()
    return _PLAIN.sub("", normal)[:LONGEST] or normal[:LONGEST]


def same_key(form: str, identity: Sequence[Part]) -> str:
    """The id of the case about all records of this identity."""
    return case_id(DUPLICATE, form, _digest(_normal(identity)))


def near_keys(form: str, identity: Sequence[Part]) -> Iterator[str]:
    """The keys by which near records find each other."""
    for place, (_, kind, value) in enumerate(identity):
        rest = [form, place, *_normal([*identity[:place], *identity[place + 1 :]])]
        if kind == "date" and (day := _day(value)) is not None:
            yield from (_digest(["day", *rest, each.isoformat()]) for each in (day, day + timedelta(days=1)))
        elif kind == "text" and len(text := plain(value)) >= SHORTEST:
            yield from (_digest(["text", *rest, *piece]) for piece in _pieces(text))


def near(one: Sequence[Part], other: Sequence[Part]) -> str | None:
    """In which way two identities are near: `day`, `typing`, or None where they are the same or differ by more."""
    if [part[:2] for part in one] != [part[:2] for part in other]:
        return None
    pairs = zip(_normal(one), _normal(other), one, other, strict=True)
    differing = [(mine, theirs) for a, b, mine, theirs in pairs if a != b]
    if len(differing) != 1:
        return None
    (_, kind, value), (_, _, against) = differing[0]
    if kind == "date":
        return DAY if _are_neighbours(value, against) else None
    return TYPING if kind == "text" and is_slip(plain(value), plain(against)) else None


def is_slip(one: str, other: str) -> bool:
    """Whether two different texts differ by one slip of typing that touches no digit."""
    short, long = sorted((one, other), key=len)
    if len(short) < SHORTEST or len(long) - len(short) > 1 or _DIGITS.findall(one) != _DIGITS.findall(other):
        return False
    start = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    rest = short[start + 1 :], long[start + 1 :]
    swapped = short[start : start + 2] == long[start : start + 2][::-1] and short[start + 2 :] == long[start + 2 :]
    return rest[0] == rest[1] or swapped


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """Beginnings and ends of about half the text, with its digits."""
    digits, half = "".join(_DIGITS.findall(text)), len(text) // 2
    for length in {half, max(1, half - 1)}:
        yield ("begins", text[:length], digits)
    for length in {len(text) - half, len(text) - half - 1}:
        yield ("ends", text[len(text) - length :], digits)


def _normal(identity: Sequence[Part]) -> list[Any]:
    return [[path, kind, plain(value) if kind == "text" else value] for path, kind, value in identity]


def _are_neighbours(one: object, other: object) -> bool:
    days = _day(one), _day(other)
    return None not in days and abs((days[0] - days[1]).days) == 1  # type: ignore[operator]


def _day(value: object) -> date | None:
    try:
        found = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is None or found < date.max else None


def _digest(value: Any) -> str:
    return canonical.digest(value)[:32]
