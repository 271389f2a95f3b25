"""Mango selectors: which documents a replication or a query is about. Pure. Source: CouchDB's `_find` reference."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.embedded import collation
from sync.store import BadRequest

MAX_DEPTH = 20
DEEPEST = 240
"""Levels of a value that is looked for: no document that is kept has many more."""
LAST, BEFORE_SURROGATES, SURROGATES = "\U0010ffff", 0xD7FF, 0x800
"""The last character that there is, and those that stand for none by themselves."""
ABSENT: Any = object()
"""What `value_at` may be told to give where there is nothing."""

Operator = Callable[[Any, Any], bool]


def matches(selector: Mapping[str, Any], doc: Mapping[str, Any]) -> bool:
    """Whether a document is selected. Raises `BadRequest` for an operator that is not known here."""
    return _holds(selector, doc, 0)


def check(selector: Mapping[str, Any]) -> None:
    """Raise `BadRequest` for a selector that `matches` would refuse, whichever document it met."""
    check_value(selector)
    _check(selector, 0)


def check_value(value: Any, levels: int = DEEPEST) -> None:
    """Raise `BadRequest` for a value that is nested too deeply to be compared or written."""
    if not levels:
        raise BadRequest("The query is nested too deeply.")
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for each in inner:
        check_value(each, levels - 1)


def names_of(path: str) -> list[str]:
    """The members that a field's path goes through: split at dots, unless a backslash stands before."""
    return [name.replace("\\.", ".") for name in re.split(r"(?<!\\)\.", path)]


def value_at(value: Any, path: str, default: Any = None) -> Any:
    """What stands at a path such as `address.city`."""
    found = _at(value, path)
    return default if found is ABSENT else found


def _at(value: Any, path: str) -> Any:
    for name in names_of(path):
        if isinstance(value, Mapping):
            value = value.get(name, ABSENT)
        elif isinstance(value, list) and name.isascii() and name.isdigit() and len(name) < 7 and int(name) < len(value):
            value = value[int(name)]
        else:
            return ABSENT
    return value


def _check(condition: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BadRequest("The selector is nested too deeply.")
    if not isinstance(condition, Mapping):
        return
    for name, argument in condition.items():
        if name in _COMBINED:
            if not isinstance(argument, list):
                raise BadRequest(f"{name} takes a list.")
            for each in argument:
                _check(each, depth + 1)
        elif name in _NESTED or not name.startswith("$"):
            _check(argument, depth + 1)
        elif name not in _OPERATORS:
            raise BadRequest(f"The selector's operator {name[:40]} is not known here.")
        else:
            _OPERATORS[name](ABSENT, argument)  # each looks at its argument before the value


def _holds(condition: Any, value: Any, depth: int) -> bool:
    if depth > MAX_DEPTH:
        raise BadRequest("The selector is nested too deeply.")
    if not isinstance(condition, Mapping):
        return _same(value, condition)
    return all(_member(name, argument, value, depth + 1) for name, argument in condition.items())


def _member(name: str, argument: Any, value: Any, depth: int) -> bool:
    if name in _COMBINED:
        if not isinstance(argument, list):
            raise BadRequest(f"{name} takes a list.")
        return _COMBINED[name](_holds(each, value, depth) for each in argument)
    if name in _NESTED:
        return _NESTED[name](argument, value, depth)
    if name.startswith("$"):
        operator = _OPERATORS.get(name)
        if operator is None:
            raise BadRequest(f"The selector's operator {name[:40]} is not known here.")
        return operator(value, argument)
    return _holds(argument, _at(value, name), depth)


def _same(value: Any, argument: Any) -> bool:
    return value is not ABSENT and collation.key(value) == collation.key(argument)


def _ordered(compare: Operator) -> Operator:
    return lambda value, argument: value is not ABSENT and compare(collation.key(value), collation.key(argument))


def _list(argument: Any, name: str) -> list[Any]:
    if not isinstance(argument, list):
        raise BadRequest(f"{name} takes a list.")
    return argument


def _one_of(value: Any, argument: Any) -> bool:
    """A list is one of them too if one of its elements is."""
    given = _list(argument, "$in or $nin")
    return any(_same(each, wanted) for each in [value, *(value if isinstance(value, list) else ())] for wanted in given)


def _all_of(value: Any, argument: Any) -> bool:
    given = _list(argument, "$all")
    if not isinstance(value, list) or not given:
        return False
    return given == [value] or all(any(_same(each, wanted) for each in value) for wanted in given)


def _size(value: Any, argument: Any) -> bool:
    if not isinstance(argument, int) or isinstance(argument, bool):
        raise BadRequest("$size takes a whole number.")
    return isinstance(value, list) and len(value) == argument


def _mod(value: Any, argument: Any) -> bool:
    sound = isinstance(argument, list) and len(argument) == 2 and all(type(each) is int for each in argument)
    if not sound or argument[0] == 0:
        raise BadRequest("$mod takes a divisor other than 0 and a remainder, both whole numbers.")
    return type(value) is int and value % argument[0] == argument[1]


def _of_type(value: Any, argument: Any) -> bool:
    if argument not in ("null", "boolean", "number", "string", "array", "object"):
        raise BadRequest("$type takes null, boolean, number, string, array or object.")
    return value is not ABSENT and collation.kind(value) == argument


def _exists(value: Any, argument: Any) -> bool:
    if not isinstance(argument, bool):
        raise BadRequest("$exists takes true or false.")
    return (value is not ABSENT) is argument


def _begins(value: Any, argument: Any) -> bool:
    if not isinstance(argument, str):
        raise BadRequest("$beginsWith takes text.")
    return isinstance(value, str) and value.startswith(argument)


def _matches_pattern(value: Any, argument: Any) -> bool:
    """Only a fixed beginning, so that no pattern can run away: `^record:`."""
    if not isinstance(argument, str) or not re.fullmatch(r"\^[\w:/-]*", argument):
        raise BadRequest("$regex takes '^' and a plain beginning here.")
    return isinstance(value, str) and value.startswith(argument[1:])


def _an_element(condition: Any, value: Any, depth: int) -> bool:
    return isinstance(value, list) and any(_holds(condition, each, depth) for each in value)


def _every_element(condition: Any, value: Any, depth: int) -> bool:
    return isinstance(value, list) and bool(value) and all(_holds(condition, each, depth) for each in value)


def _a_name(condition: Any, value: Any, depth: int) -> bool:
    return isinstance(value, Mapping) and any(_holds(condition, each, depth) for each in value)


_COMBINED: Mapping[str, Callable[[Any], bool]] = {"$and": all, "$or": any, "$nor": lambda found: not any(found)}
_NESTED: Mapping[str, Callable[[Any, Any, int], bool]] = {
    "$not": lambda condition, value, depth: not _holds(condition, value, depth),
    "$elemMatch": _an_element,
    "$allMatch": _every_element,
    "$keyMapMatch": _a_name,
}
_OPERATORS: Mapping[str, Operator] = {
    "$eq": _same,
    "$ne": lambda value, argument: value is not ABSENT and not _same(value, argument),
    "$lt": _ordered(lambda a, b: bool(a < b)),
    "$lte": _ordered(lambda a, b: bool(a <= b)),
    "$gt": _ordered(lambda a, b: bool(a > b)),
    "$gte": _ordered(lambda a, b: bool(a >= b)),
    "$in": _one_of,
    "$nin": lambda value, argument: not _one_of(value, argument) and value is not ABSENT,
    "$all": _all_of,
    "$size": _size,
    "$mod": _mod,
    "$type": _of_type,
    "$exists": _exists,
    "$beginsWith": _begins,
    "$regex": _matches_pattern,
}

_PRESENT = _OPERATORS.keys() - {"$exists"}
"""Operators that hold for no document without the field."""


@dataclass(frozen=True)
class Span:
    """What a selector says of a field in every document that it selects.

    `is_present` where they all have it, `least` and `most` (lists of one value, or empty) where its value must lie.
    """

    is_present: bool
    least: Sequence[Any]
    most: Sequence[Any]

    @property
    def is_one(self) -> bool:
        """Whether a single value is left."""
        return bool(self.least) and bool(self.most) and _same(self.least[0], self.most[0])


def span(selector: Mapping[str, Any], field: str) -> Span:
    """What is said of a field at the top of a selector, or in an `$and` there."""
    least: list[Any] = []
    most: list[Any] = []
    is_present = False
    for condition in _conditions(selector, field):
        for name, argument in condition.items():
            is_present |= name in _PRESENT or (name == "$exists" and argument is True)
            low, high = _limits(field, name, argument)
            least += low
            most += high
    return Span(is_present, _only(max, least), _only(min, most))


def _only(choose: Callable[..., Any], values: Sequence[Any]) -> Sequence[Any]:
    return [choose(values, key=collation.key)] if values else ()


def _limits(field: str, name: str, argument: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """The least and the greatest value that an operator lets through, each where there is one."""
    if name in ("$beginsWith", "$regex"):
        begin = argument.removeprefix("^") if name == "$regex" else argument
        return [begin], _behind(begin)
    if name == "$in":  # of other fields it takes lists too, which lie elsewhere
        texts = [each for each in argument if isinstance(each, str)] if field == "_id" else []
        return [min(texts, default="")] * bool(texts), [max(texts, default="")] * bool(texts)
    if field == "_id" and not isinstance(argument, str):  # ids are texts: that they are more than null leaves all
        return [], []
    return [argument] * (name in ("$eq", "$gt", "$gte")), [argument] * (name in ("$eq", "$lt", "$lte"))


def _behind(begin: str) -> Sequence[str]:
    """The first text behind all that begin so; none where nothing is behind them."""
    stem = begin.rstrip(LAST)
    if not stem:
        return []
    code = ord(stem[-1])
    return [stem[:-1] + chr(code + 1 + SURROGATES * (code == BEFORE_SURROGATES))]


def _conditions(selector: Mapping[str, Any], field: str) -> Sequence[Mapping[str, Any]]:
    """What is said of a field in every case."""
    found: list[Mapping[str, Any]] = []
    if field in selector:
        given = selector[field]
        operators = isinstance(given, Mapping) and bool(given) and all(name.startswith("$") for name in given)
        if operators or not isinstance(given, Mapping):
            found.append(given if operators else {"$eq": given})
    for each in selector.get("$and", ()):
        if isinstance(each, Mapping):
            found.extend(_conditions(each, field))
    return found
