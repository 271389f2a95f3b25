"""ULIDs: names that are minted without asking anybody and sort by time (https://github.com/ulid/spec)."""

from __future__ import annotations

import hashlib
import re
import secrets
import time

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26


def ulid() -> str:
    """A new one: 48 bits of milliseconds, 80 bits at random."""
    return _written((time.time_ns() // 1_000_000) << 80 | secrets.randbits(80))


def stable_ulid(name: str, milliseconds: int = 0) -> str:
    """The one that is always the same for a name, as if it had been minted at that time."""
    chance = int.from_bytes(hashlib.sha256(name.encode()).digest()[:10], "big")
    return _written(milliseconds << 80 | chance)


def _written(number: int) -> str:
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range((LENGTH - 1) * 5, -1, -5))
