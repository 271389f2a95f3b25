"""The part of Mango's selectors that replication filters use. Source: CouchDB's `_find` reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sync.store import BadRequest

MAX_DEPTH = 20
_ABSENT = object()


def matches(selector: Mapping[str, Any], doc: Mapping[str, Any]) -> bool:
    """Whether a document is selected. Raises `BadRequest` for an operator that is not known here."""
    return _holds(selector, doc, 0)


def check(selector: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for a selector that `matches` would refuse, whichever document it met."""
    matches(selector, {})


def _holds(condition: Any, value: Any, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise BadRequest("The selector is nested too deeply.")
    if not isinstance(condition, Mapping):
        return _same(value, condition)
    # Not cut short at the first that fails: what is wrong with a selector is so for every document.
    results = [_member(name, argument, value, depth + 1) for name, argument in condition.items()]
    return all(results)


def _member(name: str, argument: Any, value: Any, depth: int) -> bool:
    if name in ("$and", "$or", "$nor"):
        if not isinstance(argument, list):
            raise BadRequest(f"{name} takes a list.")
        results = [_holds(each, value, depth) for each in argument]
        return all(results) if name == "$and" else any(results) is (name == "$or")
    if name == "$not":
        return not _holds(argument, value, depth)
    if name.startswith("$"):
        operator = _OPERATORS.get(name)
        if operator is None:
            raise BadRequest(f"The selector's operator {name[:40]} is not known here.")
        return operator(value, argument)
    return _holds(argument, _at(value, name), depth)


def _at(value: Any, path: str) -> Any:
    for name in path.split("."):
        value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
    return value


def _same(value: Any, argument: Any) -> bool:
    return value is not _ABSENT and type(value) is type(argument) and bool(value == argument)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def run(value: Any, argument: Any) -> bool:
        numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in (value, argument))
        texts = isinstance(value, str) and isinstance(argument, str)
        return (numbers or texts) and compare(value, argument)

    return run


def _one_of(value: Any, argument: Any) -> bool:
    if not isinstance(argument, list):
        raise BadRequest("$in and $nin take a list.")
    return any(_same(value, each) for each in argument)


def _begins(value: Any, argument: Any) -> bool:
    if not isinstance(argument, str):
        raise BadRequest("$beginsWith takes text.")
    return isinstance(value, str) and value.startswith(argument)


def _matches_pattern(value: Any, argument: Any) -> bool:
    """Only a fixed beginning, so that no pattern can run away: `^record:`."""
    if not isinstance(argument, str) or not re.fullmatch(r"\^[\w:/-]*", argument):
        raise BadRequest("$regex takes '^' and a plain beginning here.")
    return isinstance(value, str) and value.startswith(argument[1:])


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": _same,
    "$ne": lambda value, argument: value is not _ABSENT and not _same(value, argument),
    "$lt": _ordered(lambda a, b: a < b),
    "$lte": _ordered(lambda a, b: a <= b),
    "$gt": _ordered(lambda a, b: a > b),
    "$gte": _ordered(lambda a, b: a >= b),
    "$in": _one_of,
    "$nin": lambda value, argument: not _one_of(value, argument) and value is not _ABSENT,
    "$exists": lambda value, argument: (value is not _ABSENT) is bool(argument),
    "$beginsWith": _begins,
    "$regex": _matches_pattern,
}
