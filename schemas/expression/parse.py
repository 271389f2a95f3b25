"""XLSForm expression text to the JSON tree that Python and JavaScript evaluate alike.

A tree is `{"lit": value}`, `{"ref": path}`, `{"last": path}` (the same field in the record that was sent last),
`{"self": true}`, `{"parent": true}`, `{"call": name, "args": [tree]}` (operators are calls), `{"item": property}` of
the choice or entity that is looked at, or `{"lookup": list, "take": property, "args": [condition]}`. Source: XLSForm's
reference of expressions, XPath 1.0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput
from lark.exceptions import VisitError

from schemas.canonical import SAFE_INTEGER
from schemas.expression.functions import FUNCTIONS, KNOWN_PROPERTIES, PATTERN_ARGUMENT
from schemas.expression.pattern import PatternError, pattern

Tree = dict[str, Any]

MAX_LENGTH = 4_000
MAX_NODES = 400
MAX_DEPTH = 100
"""A published form is JSON, whose readers and writers follow a tree so far and no farther."""
PULLED_ARGUMENTS = 4
LAST_SAVED = "last-saved#"


class ExpressionError(ValueError):
    """Text that is no expression. `code` is a slug, `column` counts from 1, `name` is what it is about."""

    def __init__(self, code: str, column: int = 1, name: str = "") -> None:
        super().__init__(f"{code} at column {column}: {name}")
        self.code = code
        self.column = column
        self.name = name


def parse(text: str, resolve: Callable[[str], str | None], *, items: bool = False) -> Tree:
    """The tree of an expression. `resolve` gives the schema path of the field that `${name}`, or `../name`, means.

    With `items` it may name properties of a choice by their bare names, as `choice_filter` does.

    Raises as `located` does.
    """
    return located(text, resolve, items=items)[0]


def located(text: str, resolve: Callable[[str], str | None], *, items: bool = False) -> tuple[Tree, Mapping[int, int]]:
    """The tree of an expression, and in which column the word of each node stands, by the node's `id()`.

    Raises `ExpressionError` with one of the codes `syntax`, `unknown_field`, `unknown_function`, `wrong_arguments`,
    `bad_pattern`, `too_long`.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError("too_long", MAX_LENGTH)
    try:
        builder = _Builder(resolve)
        tree: Tree = builder.transform(_grammar().parse(text))
    except UnexpectedInput as error:
        column = error.column if error.column > 0 else len(text) + 1
        raise ExpressionError("syntax", column, text[column - 1 : column + 10]) from None
    except VisitError as error:
        raise error.orig_exc from None
    except RecursionError:
        raise ExpressionError("too_long") from None
    if not items:
        builder.refuse_items(tree)
    if sum(1 for _ in walk(tree)) > MAX_NODES or not _is_shallow(tree):
        raise ExpressionError("too_long", MAX_LENGTH)
    return tree, builder.columns


def _is_shallow(tree: Tree) -> bool:
    level = [tree]
    for _ in range(MAX_DEPTH):
        level = [below for node in level for below in node.get("args", ())]
    return not level


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and every tree in it."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.get("args", ()))


def references(tree: Tree) -> frozenset[str]:
    """The schema paths of the fields that an expression reads."""
    return frozenset(node["ref"] for node in walk(tree) if "ref" in node)


@cache
def _grammar() -> Lark:
    text = files("schemas.expression").joinpath("grammar.lark").read_text("utf-8")
    return Lark(text, parser="lalr", propagate_positions=True)


class _Builder(Transformer[Token, Tree]):
    def __init__(self, resolve: Callable[[str], str | None]) -> None:
        super().__init__()
        self._resolve = resolve
        self._items: list[tuple[Tree, int]] = []
        self.columns: dict[int, int] = {}

    def _at(self, token: Token, node: Tree) -> Tree:
        self.columns[id(node)] = token.column or 1
        return node

    def refuse_items(self, tree: Tree) -> None:
        """Bare names mean something in a choice filter and within the brackets of a lookup alone."""
        within = {id(node) for look in walk(tree) if "lookup" in look for node in walk(look)}
        for node, column in self._items:
            if id(node) not in within:
                raise ExpressionError("unknown_field", column, node["item"])

    def item(self, found: list[Token]) -> Tree:
        node = {"item": str(found[0])}
        self._items.append((node, found[0].column or 1))
        return node

    def lookup(self, found: list[Any]) -> Tree:
        _, source, _, condition, taken = found
        return {"lookup": str(source)[1:-1], "take": str(taken), "args": [condition]}

    def number(self, found: list[Token]) -> Tree:
        value = float(found[0])
        if math.isinf(value):
            raise ExpressionError("syntax", found[0].column or 1, str(found[0])[:11])
        return self._at(found[0], {"lit": int(value) if value.is_integer() and abs(value) <= SAFE_INTEGER else value})

    def string(self, found: list[Token]) -> Tree:
        return self._at(found[0], {"lit": str(found[0])[1:-1]})

    def field(self, found: list[Token]) -> Tree:
        name = str(found[0])[2:-1].strip()
        path = self._resolve(name.removeprefix(LAST_SAVED))
        if path is None:
            raise ExpressionError("unknown_field", found[0].column or 1, name)
        return self._at(found[0], {"last" if name.startswith(LAST_SAVED) else "ref": path})

    def relative(self, found: list[Token]) -> Tree:
        """`../x`: another field, by the way to it from the one that the expression belongs to."""
        way = str(found[0])
        path = self._resolve(way[way.index("..") :])
        if path is None:
            raise ExpressionError("unknown_field", found[0].column or 1, way)
        return self._at(found[0], {"ref": path})

    def self(self, _found: list[Token]) -> Tree:
        return {"self": True}

    def parent(self, _found: list[Token]) -> Tree:
        return {"parent": True}

    def negation(self, found: list[Any]) -> Tree:
        return {"call": "neg", "args": [found[1]]}

    def binary(self, found: list[Any]) -> Tree:
        left, operator, right = found
        return self._at(operator, {"call": str(operator), "args": [left, right]})

    def call(self, found: list[Any]) -> Tree:
        name, *args = found
        args = [arg for arg in args if arg is not None]
        column = name.column or 1
        if name == "pulldata":
            return _pulled(args, column)
        function = FUNCTIONS.get(str(name))
        if function is None or not str(name)[0].isalpha():
            raise ExpressionError("unknown_function", column, str(name))
        if not function.least <= len(args) <= function.most:
            raise ExpressionError("wrong_arguments", column, str(name))
        if name == "indexed-repeat" and (len(args) % 2 == 0 or any("ref" not in arg for arg in (args[0], *args[1::2]))):
            raise ExpressionError("wrong_arguments", column, str(name))
        if name == "regex":
            _check_pattern(args[PATTERN_ARGUMENT], column)
        if name == "property" and args[0].get("lit") not in KNOWN_PROPERTIES:
            raise ExpressionError("wrong_arguments", column, str(name))
        return self._at(name, {"call": str(name), "args": args})


def _check_pattern(arg: Tree, column: int) -> None:
    try:
        if isinstance(arg.get("lit"), str):
            pattern(arg["lit"])
            return
    except PatternError:
        pass
    raise ExpressionError("bad_pattern", column, str(arg.get("lit", "")))


def _pulled(args: list[Tree], column: int) -> Tree:
    """`pulldata(list, property, key, value)` is a lookup written otherwise."""
    texts = [arg.get("lit") for arg in args[:3]]
    if len(args) != PULLED_ARGUMENTS or not all(isinstance(text, str) for text in texts):
        raise ExpressionError("wrong_arguments", column, "pulldata")
    return {"lookup": texts[0], "take": texts[1], "args": [{"call": "=", "args": [{"item": texts[2]}, args[3]]}]}
