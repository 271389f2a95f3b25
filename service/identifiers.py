"""ULIDs: names that are minted without asking anybody and sort by time (https://github.com/ulid/spec)."""

from __future__ import annotations

import secrets
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 26


def ulid() -> str:
    """A new one: 48 bits of milliseconds, 80 bits at random."""
    number = (time.time_ns() // 1_000_000) << 80 | secrets.randbits(80)
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range((LENGTH - 1) * 5, -1, -5))
