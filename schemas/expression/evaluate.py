"""Makes the tree of an expression a program, once, and runs it. Pure: the answers and the time are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from schemas.expression.functions import FUNCTIONS, VOLATILE
from schemas.expression.values import Value, from_answer, to_number, to_text, to_truth

Tree = dict[str, Any]
Row = Mapping[str, Any]
NO_ROW: Row = {}


class Standing(Protocol):
    """Where an expression stands when it runs.

    `position` is the number of the row that it stands in, from 1, or 0 outside any; `now` an RFC 3339 time and `today`
    its date in the form's zone.
    """

    @property
    def position(self) -> int: ...
    @property
    def now(self) -> str: ...
    @property
    def today(self) -> str: ...


S = TypeVar("S", bound=Standing)
S_contra = TypeVar("S_contra", bound=Standing, contravariant=True)
Read = Callable[[S], Value]
Program = Callable[[S, Row], Value]
"""What an expression comes to, at a place, for the choice or row that is looked at (what bare names mean)."""
Condition = Callable[[S, Row], bool]


class Reading(Protocol[S_contra]):
    """The ways from an expression to what it reads: they depend on where it stands in the form, not on the answers."""

    def ref(self, path: str) -> Read[S_contra]:
        """To the field at a schema path."""

    def own(self) -> Read[S_contra]:
        """To what `.` means."""

    def indexed(self, path: str, repeats: Sequence[str]) -> Callable[[S_contra, Sequence[float]], Value]:
        """To a field in the rows of given numbers, of the repeats at these paths."""

    def rows(self, name: str) -> Callable[[S_contra], Sequence[Row]]:
        """To the rows of a named list."""


def program(tree: Tree, reading: Reading[S]) -> Program[S]:
    """The tree as a function of where it stands. The function never raises for a tree that `parse` made."""
    if "call" in tree:
        return _call(tree["call"], tree["args"], reading)
    if "ref" in tree:
        return _reader(reading.ref(tree["ref"]))
    if "lit" in tree:
        return _constant(_literal(tree["lit"]))
    if "self" in tree:
        return _reader(reading.own())
    return _looked_at(tree, reading)


def condition(tree: Tree, reading: Reading[S]) -> Condition[S]:
    """Whether the tree comes out true, as a function of where it stands."""
    run = program(tree, reading)
    return lambda at, item: to_truth(run(at, item))


def _literal(literal: Any) -> Value:
    is_number = isinstance(literal, int) and not isinstance(literal, bool)
    found: Value = float(literal) if is_number else literal
    return found


def _constant(value: Value) -> Program[S]:
    return lambda _at, _item: value


def _reader(read: Read[S]) -> Program[S]:
    return lambda at, _item: read(at)


def _looked_at(tree: Tree, reading: Reading[S]) -> Program[S]:
    if "item" in tree:
        name = tree["item"]
        return lambda _at, item: from_answer(item.get(name))
    return _lookup(tree, reading) if "lookup" in tree else _constant("")


def _lookup(tree: Tree, reading: Reading[S]) -> Program[S]:
    """A property of the first row of a list that meets the condition; empty where none does."""
    rows, meets, taken = reading.rows(tree["lookup"]), condition(tree["args"][0], reading), tree["take"]

    def run(at: S, _item: Row) -> Value:
        return next((from_answer(row.get(taken)) for row in rows(at) if meets(at, row)), "")

    return run


def _call(name: str, args: list[Tree], reading: Reading[S]) -> Program[S]:
    run = FUNCTIONS[name].run
    return _LAZY[name](args, reading) if run is None else _applied(run, [program(arg, reading) for arg in args])


def _applied(run: Callable[..., Value], args: list[Program[S]]) -> Program[S]:
    if len(args) == 1:
        (only,) = args
        return lambda at, item: run(only(at, item))
    if len(args) == 2:
        left, right = args
        return lambda at, item: run(left(at, item), right(at, item))
    return lambda at, item: run(*[arg(at, item) for arg in args])


def _if(args: list[Tree], reading: Reading[Any]) -> Program[Any]:
    asked, then, otherwise = condition(args[0], reading), program(args[1], reading), program(args[2], reading)
    return lambda at, item: then(at, item) if asked(at, item) else otherwise(at, item)


def _and(args: list[Tree], reading: Reading[Any]) -> Program[Any]:
    left, right = (condition(arg, reading) for arg in args)
    return lambda at, item: left(at, item) and right(at, item)


def _or(args: list[Tree], reading: Reading[Any]) -> Program[Any]:
    left, right = (condition(arg, reading) for arg in args)
    return lambda at, item: left(at, item) or right(at, item)


def _once(args: list[Tree], reading: Reading[Any]) -> Program[Any]:
    own, first = reading.own(), program(args[0], reading)

    def run(at: Any, item: Row) -> Value:
        standing = own(at)
        return first(at, item) if to_text(standing) == "" else standing

    return run


def _indexed(args: list[Tree], reading: Reading[Any]) -> Program[Any]:
    pairs = list(zip(args[1::2], args[2::2], strict=False))
    read = reading.indexed(str(args[0].get("ref")), [str(repeat.get("ref")) for repeat, _ in pairs])
    numbers = [program(number, reading) for _, number in pairs]
    return lambda at, item: read(at, [to_number(number(at, item)) for number in numbers])


_LAZY: dict[str, Callable[[list[Tree], Reading[Any]], Program[Any]]] = {
    "if": _if,
    "and": _and,
    "or": _or,
    "position": lambda _args, _reading: lambda at, _item: float(at.position),
    "today": lambda _args, _reading: lambda at, _item: str(at.today),
    "now": lambda _args, _reading: lambda at, _item: str(at.now),
    "once": _once,
    "indexed-repeat": _indexed,
    # What a tablet made of it stands in the record.
    **dict.fromkeys(VOLATILE, lambda _args, _reading: _constant("")),
}


@dataclass(frozen=True)
class Context:
    """All that an expression by itself may read, outside of any form.

    `resolve` gives the value of the field at a schema path; `at` the one in the rows of these numbers, by the paths of
    their repeats; `self_value` is what `.` means; `item` the choice or row that is looked at; `rows` gives the rows of
    a named list.
    """

    resolve: Callable[[str], Value]
    at: Callable[[str, Mapping[str, float]], Value] = lambda _path, _rows: ""
    self_value: Value = ""
    position: int = 0
    now: str = ""
    today: str = ""
    item: Row = field(default_factory=dict)
    rows: Callable[[str], Sequence[Row]] = lambda _list: ()


class _Asking:
    """The ways to what a context has."""

    def ref(self, path: str) -> Read[Context]:
        return lambda context: context.resolve(path)

    def own(self) -> Read[Context]:
        return lambda context: context.self_value

    def indexed(self, path: str, repeats: Sequence[str]) -> Callable[[Context, Sequence[float]], Value]:
        return lambda context, numbers: context.at(path, dict(zip(repeats, numbers, strict=True)))

    def rows(self, name: str) -> Callable[[Context], Sequence[Row]]:
        return lambda context: context.rows(name)


def evaluate(tree: Tree, context: Context) -> Value:
    """The value of an expression by itself."""
    return program(tree, _Asking())(context, context.item)


def holds(tree: Tree, context: Context) -> bool:
    """Whether an expression by itself comes out true."""
    return to_truth(evaluate(tree, context))
