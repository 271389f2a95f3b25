"""ULIDs: names that are minted without asking anybody and sort by time (https://github.com/ulid/spec)."""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from datetime import UTC, datetime, timedelta

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = 253_370_764_800_000
"""Milliseconds until the year 9999: later ones exist in no zone."""


def ulid() -> str:
    """A new one: 48 bits of milliseconds, 80 bits at random."""
    return _written((time.time_ns() // 1_000_000) << 80 | secrets.randbits(80))


def stable_ulid(name: str, milliseconds: int = 0) -> str:
    """The one that is always the same for a name, as if it had been minted at that time."""
    chance = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10], "big")
    return _written(milliseconds << 80 | chance)


def minted_at(text: str) -> str:
    """When a ULID was minted by its maker's clock, as a hybrid time; the beginning of time for what claims nonsense."""
    number = 0
    for character in text[:10]:
        number = number * 32 + max(0, ALPHABET.find(character))
    moment = EPOCH + timedelta(milliseconds=min(number, LATEST))
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{number % 1000 if number <= LATEST else 0:03d}Z/0000/0"


def _written(number: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range((LENGTH - 1) * 5, -1, -5))
