"""Pages of a list by key: each page costs the same, however far down the list it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from service.errors import RoundsError

Row = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Rows of a list, and the cursor of the next page; None at its end."""

    items: Sequence[Row]
    next: str | None


def encode(*key: str) -> str:
    """A cursor that stands for the row with this key."""
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def decode(cursor: str, parts: int) -> list[str]:
    """The key of a cursor. Raises `RoundsError` `bad_cursor` for one that was not made by `encode`."""
    try:
        key = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        raise RoundsError("bad_cursor") from None
    if not isinstance(key, list) or len(key) != parts or not all(map(_is_plain, key)):
        raise RoundsError("bad_cursor")
    return key


def _is_plain(part: object) -> bool:
    return isinstance(part, str) and "\0" not in part  # which PostgreSQL cannot hold
