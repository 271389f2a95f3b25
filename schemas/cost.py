"""How much work a record's expressions are at most, known before any of them runs.

A form that asks in each of 5,000 rows for the sum over all rows asks for 25 million readings; one that compares rows
with rows asks for far more. What is beyond `LIMIT` is not begun. The measure depends on the form and on how many rows
there are, not on the way in which expressions are run, so that office and tablet come to the same. The twin is
`core/cost.js`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from schemas.definition import EXPRESSIONS
from schemas.expression.parse import Tree
from schemas.form import Expression, Field, Form

LIMIT = 20_000_000
"""Steps; a tenth of a microsecond to half a one each."""
COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">="})
PASSES_LISTS = frozenset({"if", "once", "coalesce"})

Term = tuple[str, ...]
"""The repeats whose numbers of rows are multiplied, by their paths."""
Work = Counter[Term]
Outline = tuple[tuple[str, str, bool, "Outline"], ...]
"""The groups and repeats in something: name, path, whether it is a repeat, what is in it."""
Size = frozenset[str]
"""The repeats whose rows make up a list; nothing for a single value."""


def cost(form: Form, answers: Mapping[str, Any]) -> int:
    """The steps that a record's expressions take at most. `answers` are in the form's shape."""
    terms = _terms(form)
    rows = _rows(form, answers) if any(term for term, _ in terms) else {}
    return sum(steps * _product(rows, term) for term, steps in terms)


def least_cost(form: Form) -> int:
    """The cost of a record with one row in each repeat."""
    return sum(steps for _, steps in _terms(form))


def _product(rows: Mapping[str, int], term: Term) -> int:
    found = 1
    for repeat in term:
        found *= rows[repeat]
    return found


def _rows(form: Form, answers: Mapping[str, Any]) -> dict[str, int]:
    """How many rows each repeat has in all."""
    found: dict[str, int] = {}
    _count(_outline(form), [answers], found)
    return found


def _count(outline: Outline, holders: Sequence[Mapping[str, Any]], found: dict[str, int]) -> None:
    for name, path, is_repeat, below in outline:
        inner = [holder[name] for holder in holders if name in holder]
        rows = [row for each in inner for row in each] if is_repeat else inner
        if is_repeat:
            found[path] = len(rows)
        _count(below, rows, found)


@lru_cache(maxsize=256)
def _outline(form: Form) -> Outline:
    return _containers(form.fields)


def _containers(fields: Sequence[Field]) -> Outline:
    return tuple(
        (each.name, each.path, each.type == "repeat", _containers(each.fields)) for each in fields if each.is_container
    )


@lru_cache(maxsize=256)
def _terms(form: Form) -> tuple[tuple[Term, int], ...]:
    total: Work = Counter()
    for field in form.walk():
        around = _around(field)
        for tree, times in _trees(field):
            for term, steps in _Measure(form, around).work(tree).items():
                total[_times(around[:1], term)] += steps * times
    return tuple(total.items())


def _trees(field: Field) -> Iterator[tuple[Tree, int]]:
    """The expressions of a field, each with how often it is run in one place."""
    for name in EXPRESSIONS:
        found = getattr(field, name)
        if isinstance(found, Expression):
            yield found.tree, max(1, len(field.choices)) if name == "choice_filter" else 1


def _around(field: Field) -> Term:
    """The repeats that a field stands in, innermost first."""
    above, found = field.parent, []
    while above is not None:
        found += [above.path] if above.type == "repeat" else []
        above = above.parent
    return tuple(found)


def _times(one: Sequence[str], other: Sequence[str]) -> Term:
    return tuple(sorted([*one, *other]))


class _Measure:
    """Measures the expressions of a field that stands in these repeats."""

    def __init__(self, form: Form, around: Term) -> None:
        self._form = form
        self._around = around

    def work(self, tree: Tree) -> Work:
        """The steps of running an expression once."""
        found: Work = Counter({(): 1})
        for arg in tree.get("args", ()):
            found.update(self.work(arg))
        if "lookup" in tree:
            rows = len(self._form.lists.get(tree["lookup"], ()))
            return Counter({term: steps * max(1, rows) for term, steps in found.items()})
        if tree.get("call") in COMPARISONS:
            found[_times(*(sorted(self._size(arg)) for arg in tree["args"]))] += 1
        elif "args" in tree or "ref" in tree:
            for part in tree.get("args", [tree]):
                found[tuple(sorted(self._size(part)))] += 1
        return found

    def _size(self, tree: Tree) -> Size:
        """What the value of an expression is a list of; several repeats where it may be one of several lists."""
        if "ref" in tree:
            field = self._form.by_path[tree["ref"]]
            repeats = (field.path,) if field.type == "repeat" else _around(field)
            return frozenset(repeats[:1]) - frozenset(self._around)
        if tree.get("call") in PASSES_LISTS:
            return frozenset().union(*map(self._size, tree["args"]))
        return frozenset()
