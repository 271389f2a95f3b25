"""The order of JSON values: null, false, true, numbers, text, lists, objects. Pure.

Source: CouchDB's view collation. Text is ordered by code point, where CouchDB asks ICU.
"""

from __future__ import annotations

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
