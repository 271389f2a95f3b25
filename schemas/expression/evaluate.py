"""Evaluates the tree of an expression. Pure: the answers and the time are handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.expression.functions import FUNCTIONS
from schemas.expression.values import Value, to_truth

Tree = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """What an expression may read.

    `resolve` gives the value of the field at a schema path, as seen from where the expression stands; `self_value` is
    what `.` means; `position` the number of the row that it stands in, from 1, or 0 outside any; `now` an RFC 3339
    time and `today` its date in the form's zone.
    """

    resolve: Callable[[str], Value]
    self_value: Value = ""
    position: int = 0
    now: str = ""
    today: str = ""


def evaluate(tree: Tree, context: Context) -> Value:
    """The value of an expression. Never raises for a tree that `parse` made."""
    if "lit" in tree:
        literal = tree["lit"]
        return float(literal) if isinstance(literal, int) and not isinstance(literal, bool) else literal
    if "ref" in tree:
        return context.resolve(tree["ref"])
    if "self" in tree:
        return context.self_value
    if "parent" in tree:
        return ""
    return _call(tree["call"], tree["args"], context)


def _call(name: str, args: list[Tree], context: Context) -> Value:
    run = FUNCTIONS[name].run
    if run is not None:
        return run(*(evaluate(arg, context) for arg in args))
    if name == "if":
        return evaluate(args[1] if holds(args[0], context) else args[2], context)
    if name == "and":
        return holds(args[0], context) and holds(args[1], context)
    if name == "or":
        return holds(args[0], context) or holds(args[1], context)
    if name == "position":
        return float(context.position)
    return context.today if name == "today" else context.now


def holds(tree: Tree, context: Context) -> bool:
    """Whether an expression comes out true."""
    return to_truth(evaluate(tree, context))
