"""The order of JSON values: null, false, true, numbers, text, lists, objects. Pure.

Source: CouchDB's view collation. Text is ordered by code point, where CouchDB asks ICU.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import Any


def key(value: Any) -> tuple[Any, ...]:
    """What sorts as the value does."""
    if value is None:
        return (0,)
    if isinstance(value, bool):
        return (1, value)
    if isinstance(value, int | float):
        return (2, value)
    if isinstance(value, str):
        return (3, value)
    if isinstance(value, Mapping):
        return (5, *((name, key(each)) for name, each in sorted(value.items())))
    return (4, *map(key, value))


def kind(value: Any) -> str:
    """The name that `$type` gives a value's kind."""
    names = {0: "null", 1: "boolean", 2: "number", 3: "string", 4: "array", 5: "object"}
    return names[key(value)[0]]


def encoded(value: Any) -> bytes:
    """Bytes that sort as the value does, with nothing behind them or anything: none begins as another one goes on.

    Numbers are those of 64 bits with a point, as in JavaScript: whole ones beyond 2⁵³ may come out alike.
    """
    if value is None:
        return b"\x10"
    if isinstance(value, bool):
        return b"\x21" if value else b"\x20"
    if isinstance(value, int | float):
        return b"\x30" + _number(value)
    if isinstance(value, str):
        return b"\x40" + value.encode().replace(b"\0", b"\0\xff") + b"\0\0"
    if isinstance(value, Mapping):
        return b"\x60" + b"".join(encoded(name) + encoded(each) for name, each in sorted(value.items())) + b"\0"
    return b"\x50" + b"".join(map(encoded, value)) + b"\0"


def _number(value: float) -> bytes:
    """The bits of a number, turned so that they sort: of one below zero all, of others the sign."""
    try:
        near = float(value) + 0.0  # which makes -0.0 the same as 0
    except OverflowError:
        near = math.copysign(math.inf, value)
    [bits] = struct.unpack(">Q", struct.pack(">d", near))
    return struct.pack(">Q", bits ^ (2**64 - 1 if bits >> 63 else 2**63))
