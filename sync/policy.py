"""What the merge policies `union`, `max` and `min` make of several values. The twin is `core/policy.js`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sync.edits import content
from sync.heads import Head

SortKey = tuple[int, int, str, str]

_NUMERIC = frozenset({"integer", "decimal", "calculate", "score"})
_PATTERNS = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?"),
}
_WRITTEN = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_COMPLEMENT = str.maketrans("0123456789", "9876543210")


def combined(policy: str, heads: Sequence[Head], kind: str) -> Any:
    """The combined value of heads, oldest first; None where the policy does not apply to values of this type."""
    values = [head.value for head in heads if head.present]
    if policy == "union" and all(isinstance(value, list) for value in values):
        return _joined(values)
    return _extreme(policy, values, kind) if policy in ("max", "min") else None


def _joined(values: Iterable[list[Any]]) -> list[Any]:
    """Every item once, in the order in which people added them."""
    found: dict[bytes, Any] = {}
    for value in values:
        for item in value:
            found.setdefault(content(item), item)
    return list(found.values())


def _extreme(policy: str, values: Sequence[Any], kind: str) -> Any:
    """The greatest or least value; of equal ones (1.0 and 1.00) the latest."""
    keys = [_sort_key(value, kind) for value in values]
    if not keys or any(key is None for key in keys):
        return None
    wanted = (max if policy == "max" else min)(key for key in keys if key is not None)
    return next(value for key, value in zip(reversed(keys), reversed(values), strict=True) if key == wanted)


def _sort_key(value: Any, kind: str) -> SortKey | None:
    """What values of a type are compared by, as text and exactly; None where the value is not one of that type."""
    if kind in _NUMERIC:
        return _number(value)
    pattern = _PATTERNS.get(kind)
    if pattern is None or not isinstance(value, str) or not pattern.fullmatch(value):
        return None
    return (0, 0, value, "")


def _number(value: Any) -> SortKey | None:
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not _WRITTEN.fullmatch(text):
        return None
    whole, _, part = text.lstrip("-").partition(".")
    whole, part = whole.lstrip("0"), part.rstrip("0")
    if not whole and not part:
        return (0, 0, "", "")
    if text[0] != "-":
        return (1, len(whole), whole, part)
    # A negative number is the less the more digits it has; past its last digit everything is greater.
    return (-1, -len(whole), whole.translate(_COMPLEMENT), part.translate(_COMPLEMENT) + "~")
