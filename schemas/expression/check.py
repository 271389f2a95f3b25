"""What can be said of an expression without any answers: what it reads wrongly, and whether it can ever be true."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from schemas.expression.evaluate import Context, Tree, holds
from schemas.expression.parse import walk

FILES = frozenset({"photo", "audio", "video", "file", "signature"})
PLACES = frozenset({"geopoint", "geotrace", "geoshape"})
SELECTS = frozenset({"select_one", "select_many", "rank", "entity"})
CONTAINERS = frozenset({"group", "note"})
NUMBERLESS = FILES | PLACES | CONTAINERS | {"boolean", "select_many", "rank", "entity", "repeat"}

_NUMERIC = frozenset(
    [
        "+",
        "-",
        "*",
        "div",
        "mod",
        "neg",
        "<",
        "<=",
        ">",
        ">=",
        "sum",
        "min",
        "max",
        "abs",
        "int",
        "round",
        "pow",
        "sqrt",
        "exp",
        "exp10",
        "log",
        "log10",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "atan2",
    ]
)
_OF_SELECTS = frozenset({"selected", "selected-at", "count-selected"})
_OF_PLACES = frozenset({"distance", "area", "geofence"})
_STEADY = frozenset(["today", "now", "position", "once", "indexed-repeat", "uuid", "random", "property"])


class Asked(Protocol):
    """What a check needs to know of a field."""

    @property
    def type(self) -> str: ...

    @property
    def entity(self) -> str: ...

    @property
    def choice_names(self) -> Collection[str]: ...


@dataclass(frozen=True)
class Doubt:
    """One thing that is wrong with an expression: a slug, the name or text that it is about, the node that says it."""

    code: str
    name: str
    node: Tree


def doubts(tree: Tree, field: Callable[[str], Asked | None]) -> Iterator[Doubt]:
    """Operands that can never be what is asked of them, and choices that there are not.

    `field` gives the field at a schema path. Codes: `wrong_type`, `unknown_choice`.
    """
    for node in walk(tree):
        name, args = node.get("call", ""), node.get("args", [])
        for arg in args:
            asked = field(arg["ref"]) if "ref" in arg else None
            if asked is not None and not _fits(name, asked.type):
                yield Doubt("wrong_type", arg["ref"], arg)
        if name in ("=", "!=", "selected"):
            yield from _choices(args, field)


def _fits(name: str, kind: str) -> bool:
    if name in _NUMERIC:
        return kind not in NUMBERLESS
    if name in _OF_SELECTS:
        return kind in SELECTS or kind in ("text", "calculate", "barcode")
    if name in _OF_PLACES:
        return kind in PLACES or kind in ("text", "calculate")
    return kind not in CONTAINERS or name in ("count", "indexed-repeat")


def _choices(args: list[Tree], field: Callable[[str], Asked | None]) -> Iterator[Doubt]:
    for one, other in ((args[0], args[1]), (args[1], args[0])):
        asked = field(one["ref"]) if "ref" in one else None
        text = other.get("lit")
        if asked is None or asked.type not in SELECTS or not isinstance(text, str) or text == "":
            continue
        if asked.choice_names and not asked.entity and text not in asked.choice_names:
            yield Doubt("unknown_choice", text, other)


def never_true(tree: Tree, field: Callable[[str], Asked | None]) -> Tree | None:
    """The node by which no answers can make a condition true: what is always false, or the second thing that one select
    is to be. None where some answers can."""
    if not any("ref" in node or "self" in node or "item" in node or node.get("call") in _STEADY for node in walk(tree)):
        return None if holds(tree, Context(resolve=lambda _: "")) else tree
    if tree.get("call") == "or":
        found = [never_true(arg, field) for arg in tree["args"]]
        return found[0] if all(each is not None for each in found) else None
    conditions = list(_conjuncts(tree))
    alone = (never_true(each, field) for each in conditions if len(conditions) > 1)
    return next((each for each in alone if each is not None), None) or _contradiction(conditions, field)


def _contradiction(conditions: list[Tree], field: Callable[[str], Asked | None]) -> Tree | None:
    """What a select is to equal beside something else."""
    wanted: dict[str, Any] = {}
    for condition in conditions:
        found = _equality(condition, field)
        if found and wanted.setdefault(found[0], found[1]["lit"]) != found[1]["lit"]:
            return found[1]
    return None


def _conjuncts(tree: Tree) -> Iterator[Tree]:
    if tree.get("call") == "and":
        for arg in tree["args"]:
            yield from _conjuncts(arg)
    else:
        yield tree


def _equality(tree: Tree, field: Callable[[str], Asked | None]) -> tuple[str, Tree] | None:
    """The select and the text that it is to equal, as a node."""
    if tree.get("call") != "=":
        return None
    one, other = sorted(tree["args"], key=lambda arg: "ref" not in arg)
    asked = field(one["ref"]) if "ref" in one else None
    chosen = asked is not None and asked.type in ("select_one", "entity")
    return (one["ref"], other) if chosen and isinstance(other.get("lit"), str) else None
