"""Evaluates the tree of an expression. Pure: the answers and the time are handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from schemas.expression.functions import FUNCTIONS, VOLATILE
from schemas.expression.values import Value, from_answer, to_number, to_text, to_truth

Tree = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What an expression may read.

    `resolve` gives the value of the field at a schema path, as seen from where the expression stands; `at` the one in
    the rows of these numbers, by the paths of their repeats; `self_value` is what `.` means; `position` the number of
    the row that it stands in, from 1, or 0 outside any; `now` an RFC 3339 time and `today` its date in the form's zone.
    `item` is the choice or row that is looked at; `rows` gives the rows of a named list.
    """

    resolve: Callable[[str], Value]
    at: Callable[[str, Mapping[str, float]], Value] = lambda _path, _rows: ""
    self_value: Value = ""
    position: int = 0
    now: str = ""
    today: str = ""
    item: Mapping[str, Any] = field(default_factory=dict)
    rows: Callable[[str], Sequence[Mapping[str, Any]]] = lambda _list: ()


def evaluate(tree: Tree, context: Context) -> Value:
    """The value of an expression. Never raises for a tree that `parse` made."""
    if "call" in tree:
        return _call(tree["call"], tree["args"], context)
    if "ref" in tree:
        return context.resolve(tree["ref"])
    if "lit" in tree:
        literal = tree["lit"]
        return float(literal) if isinstance(literal, int) and not isinstance(literal, bool) else literal
    if "self" in tree:
        return context.self_value
    return _looked_at(tree, context)


def _looked_at(tree: Tree, context: Context) -> Value:
    if "item" in tree:
        return from_answer(context.item.get(tree["item"]))
    return _looked_up(tree, context) if "lookup" in tree else ""


def _call(name: str, args: list[Tree], context: Context) -> Value:
    run = FUNCTIONS[name].run
    if run is None:
        return _LAZY[name](args, context)
    return run(*(evaluate(arg, context) for arg in args))


def _looked_up(tree: Tree, context: Context) -> Value:
    """A property of the first row of a list that meets the condition; empty where none does."""
    for row in context.rows(tree["lookup"]):
        if holds(tree["args"][0], replace(context, item=row)):
            return from_answer(row.get(tree["take"]))
    return ""


def holds(tree: Tree, context: Context) -> bool:
    """Whether an expression comes out true."""
    return to_truth(evaluate(tree, context))


def _once(args: list[Tree], context: Context) -> Value:
    return evaluate(args[0], context) if to_text(context.self_value) == "" else context.self_value


def _indexed(args: list[Tree], context: Context) -> Value:
    pairs = zip(args[1::2], args[2::2], strict=False)
    rows = {str(repeat.get("ref")): to_number(evaluate(number, context)) for repeat, number in pairs}
    return context.at(str(args[0].get("ref")), rows)


_LAZY: dict[str, Callable[[list[Tree], Context], Value]] = {
    "if": lambda args, context: evaluate(args[1] if holds(args[0], context) else args[2], context),
    "and": lambda args, context: holds(args[0], context) and holds(args[1], context),
    "or": lambda args, context: holds(args[0], context) or holds(args[1], context),
    "position": lambda _, context: float(context.position),
    "today": lambda _, context: context.today,
    "now": lambda _, context: context.now,
    "once": _once,
    "indexed-repeat": _indexed,
    **dict.fromkeys(VOLATILE, lambda _args, _context: ""),  # what a tablet made of it stands in the record
}
