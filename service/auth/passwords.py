"""Passwords: argon2id, and the same work whether or not the name exists."""

from __future__ import annotations

import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

LEAST, MOST = 8, 256
"""Characters of a password."""

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("a password that nobody has")
# Each check takes 64 MiB: a flood of sign-ins must queue, not fill the memory.
_at_once = threading.BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """The argon2id hash to keep. Raises `ValueError` for a password that is too short or too long."""
    if not LEAST <= len(password) <= MOST:
        raise ValueError(f"a password has {LEAST} to {MOST} characters")
    return _hasher.hash(_normal(password))


def verify_password(kept: str | None, password: str) -> bool:
    """Whether the password is the one that `kept` was made from; None (no such user) costs the same time."""
    with _at_once:
        try:
            matches = _hasher.verify(kept or _NOBODY, _normal(password[:MOST]))
        except (Argon2Error, InvalidHashError):
            return False
    return matches and bool(kept)


def _normal(password: str) -> bytes:
    # The same characters reach us composed or decomposed, depending on the keyboard.
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
