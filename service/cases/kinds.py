"""The kinds of cases: how long each may wait, and which of them a person may wave through. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.messages import LANGUAGES
from service import language

NEVER = "9999-12-31"
IDENTITY = re.compile(r"(?P<kind>[a-z]+)-[0-9a-f]{20}")


@dataclass(frozen=True)
class Kind:
    """`days` until a case of this kind is due; whether it ends when somebody says that nothing has to be done."""

    name: str
    days: int
    dismissible: bool = False

    @property
    def title(self) -> dict[str, str]:
        """What it is called, in each language."""
        return _texts(f"case.kind.{self.name}")

    @property
    def settles(self) -> dict[str, str]:
        """What would end it, in each language."""
        return _texts(f"case.settles.{self.name}")


CONFLICT, DUPLICATE, INVALID, HELD, CLOCK = "conflict", "duplicate", "invalid", "held", "clock"
MISMATCH, CONTESTED, SIGNATURE, LATE, QUARANTINE = "mismatch", "contested", "signature", "late", "quarantine"

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(CONFLICT, 3),
        Kind(DUPLICATE, 7, dismissible=True),
        Kind(INVALID, 5),
        Kind(HELD, 3),
        Kind(CLOCK, 7, dismissible=True),
        Kind(MISMATCH, 14, dismissible=True),
        Kind(CONTESTED, 3, dismissible=True),
        Kind(SIGNATURE, 3, dismissible=True),
        Kind(LATE, 3, dismissible=True),
        Kind(QUARANTINE, 1, dismissible=True),
    )
}
"""By name. The days are calendar days from the time of the edit that opened the case."""


def case_id(kind: str, *about: str) -> str:
    """The id of the case of this kind about these things. It hangs on nothing else, so every rebuild gives the same.

    The parts are hashed with their lengths: no record id, whoever made it up, runs into the next part.
    """
    text = "".join(f"{len(part)}:{part}" for part in (kind, *about))
    return f"{kind}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:20]}"


def kind_of(text: str) -> str | None:
    """The kind that a case's id names; None for what is no id of a case."""
    found = IDENTITY.fullmatch(text)
    return found["kind"] if found and found["kind"] in KINDS else None


def due_of(kind: str, opened: str) -> str:
    """The day by which a case of this kind has to be settled; the last of all days where its beginning has no date."""
    try:
        return (date.fromisoformat(opened[:10]) + timedelta(days=KINDS[kind].days)).isoformat()
    except (ValueError, OverflowError):
        return NEVER


def _texts(key: str) -> dict[str, str]:
    return {each: language.translate(key, each) for each in LANGUAGES}
