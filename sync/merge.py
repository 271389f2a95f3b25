"""What a record's edits amount to: values, state, collisions. Pure; the laws are in docs/merging.md.

`fold` does not replay anything. Each path has a small graph of the edits that touch it; its heads are those that no
other has seen. One head is the value; several that differ are a collision, whatever the clocks say.
The twin for the tablet is `core/merge.js`; `tests/vectors/merge.json` holds both to the same outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from schemas.form import Field, Form
from sync.doubt import contradicted
from sync.edits import Edit, edits_digest, in_force, same, union
from sync.heads import ULID, Head, heads_of, is_row, rows_above, seen_in_row
from sync.policy import combined
from sync.reading import read_by
from sync.state import DRAFT, JOINED, STATE, STATES, state_of, value_of

__all__ = ["DRAFT", "STATE", "STATES", "Collision", "Folded", "Head", "edits_digest", "fold", "is_row", "union"]

ASK, LATEST = "ask", "latest"

OWN = frozenset({STATE, JOINED})
"""Paths that no form has: they are about the record itself."""

Heads = Mapping[str, tuple[Head, ...]]


@dataclass(frozen=True)
class Collision:
    """A path whose heads differ, oldest first; the one in force meanwhile; and the policy that leaves it to a person.

    A row that one removed and another changed collides at the row's own path, where every head's value is `{}`.
    """

    path: str
    heads: tuple[Head, ...]
    in_force: Head
    policy: str


@dataclass(frozen=True)
class Folded:
    """A record's edits, summed up. `values` is nested as answers are; `heads` has every path ever touched.

    `edits` are those in force, as the form version reads them; `by_time` the collisions that `latest` has settled.
    """

    values: dict[str, Any]
    state: str
    version: int
    heads: Heads
    collisions: tuple[Collision, ...]
    at: str
    edits: tuple[Edit, ...] = ()
    by_time: tuple[Collision, ...] = ()

    @property
    def joined(self) -> Head | None:
        """Names the record that this one was joined into; the greatest head's say, where there is one."""
        heads = self.heads.get(JOINED, ())
        return heads[-1] if heads and heads[-1].present else None


def fold(
    edits: Sequence[Any],
    form: Form | None,
    *,
    excluded: Collection[str] = frozenset(),
    distrusted: Collection[str] = frozenset(),
) -> Folded:
    """Heads, values and collisions of a record. Total: it answers for whatever stands in the log.

    `form` gives the merge policy of each field (without it, every field asks), and how it reads older edits. Edits
    whose id or digest is in `excluded` do not count; of those in `distrusted` the clock is not believed, so that
    `latest` asks too.
    """
    counted = read_by(in_force(edits, excluded), form)
    heads, by_id = heads_of(counted), {edit["id"]: edit for edit in counted}
    policy = _policies(form, distrusted, counted)
    rows = _removed_rows(heads, by_id, policy)
    state, differing = state_of(heads, by_id)
    values: dict[str, Any] = {}
    by_time: list[Collision] = []
    collisions = [row.collision for row in rows.values() if row.collision]
    collisions += [_of_state(state, differing)] if differing else []
    for path, found in heads.items():
        if path in OWN or (rows and _is_gone(path, rows)):
            continue
        value, collision = found[0].value, None
        if path in rows:
            value = {}
        elif len(found) > 1:
            value, collision = _settle(path, found, policy)
        if collision:
            (by_time if collision.policy == LATEST else collisions).append(collision)
        if value is not None:
            values[path] = value
    return Folded(
        values=_nested(values),
        state=state,
        version=max((edit["version"] for edit in counted), default=0),
        heads=heads,
        collisions=tuple(sorted(collisions, key=attrgetter("path"))),
        at=max((edit["at"] for edit in counted), default=""),
        edits=tuple(counted),
        by_time=tuple(sorted(by_time, key=attrgetter("path"))),
    )


Policy = Callable[[str, Sequence[Head]], tuple[str, Field | None]]


def _policies(form: Form | None, distrusted: Collection[str], edits: Sequence[Edit]) -> Policy:
    """The policy that applies to these heads of a path, and the field."""

    @cache
    def doubted() -> Collection[str]:
        return contradicted(edits).union(distrusted)

    def policy(path: str, heads: Sequence[Head]) -> tuple[str, Field | None]:
        field = form.field(path) if form is not None else None
        if field is None or (field.merge == LATEST and any(head.edit_id in doubted() for head in heads)):
            return ASK, field
        return field.merge, field

    return policy


def _of_state(state: str, heads: tuple[Head, ...]) -> Collision:
    """The collision of states; of those that the state in force is made of, the greatest head stands for it."""
    return Collision(
        STATE, heads, max((head for head in heads if value_of(head) == state), key=attrgetter("rank")), ASK
    )


def _settle(path: str, heads: tuple[Head, ...], policy: Policy) -> tuple[Any, Collision | None]:
    """One path's value by its policy where it has several heads (laws 8 to 10), None where it has none; and what time
    or a person settles."""
    greatest = heads[-1]
    if all(head.present == greatest.present and same(head.value, greatest.value) for head in heads[:-1]):
        return greatest.value, None
    name, field = policy(path, heads)
    if name == LATEST:
        return greatest.value, Collision(path, heads, greatest, LATEST)
    together = None if is_row(path) or field is None else combined(name, heads, field.type)
    if together is not None:
        return together, None
    return greatest.value, Collision(path, heads, greatest, ASK)


@dataclass(frozen=True)
class _Row:
    """A row that somebody removed: whether it is gone, and the collision where others still want it."""

    gone: bool
    collision: Collision | None = None


def _removed_rows(heads: Heads, edits: Mapping[str, Edit], policy: Policy) -> dict[str, _Row]:
    """The rows that somebody removed, and what becomes of each (law 11)."""
    removed = {path for path in _taken(edits.values()) if is_row(path) and _is_doubted(heads.get(path, ()))}
    below: dict[str, list[str]] = {row: [] for row in removed}
    for path in heads if removed else ():
        for row in rows_above(path):
            if row in removed:
                below[row].append(path)
    return {row: _removed_row(row, heads, below[row], edits, policy) for row in removed}


def _taken(edits: Iterable[Edit]) -> Iterator[str]:
    """The paths whose value some edit took away."""
    for edit in edits:
        yield from edit["unset"]
        if None in edit["set"].values():
            yield from (path for path, value in edit["set"].items() if value is None)


def _is_doubted(heads: Sequence[Head]) -> bool:
    return not all(head.present for head in heads)


def _removed_row(row: str, heads: Heads, below: Sequence[str], edits: Mapping[str, Edit], policy: Policy) -> _Row:
    removals = [head for head in heads[row] if not head.present]
    wanting = _wanting(row, heads, below, [edits[head.edit_id] for head in removals])
    if not wanting:
        return _Row(gone=True)
    both = tuple(sorted([*removals, *wanting], key=attrgetter("rank")))
    if policy(row, both)[0] == LATEST:
        return _Row(gone=not both[-1].present)
    return _Row(False, Collision(row, both, max(wanting, key=attrgetter("rank")), ASK))


def _wanting(row: str, heads: Heads, below: Sequence[str], removals: Sequence[Edit]) -> list[Head]:
    """The heads that want a row: those that added it, and those below it that no removal of it has seen."""
    wanting = {head.edit_id: head for head in heads[row] if head.present}
    covered = [seen_in_row(removal, row, below) for removal in removals]
    for path in below:
        for head in heads[path]:
            if head.edit_id not in wanting and not any(head.edit_id in seen[path] for seen in covered):
                wanting[head.edit_id] = head._replace(value={}, present=True)
    return list(wanting.values())


def _is_gone(path: str, rows: Mapping[str, _Row]) -> bool:
    return any(row in rows and rows[row].gone for row in (path, *rows_above(path)))


_Branch = dict[str, Any]
"""A group, a repeat or a row, while answers are put together."""


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Flat paths, sorted, to nested answers; rows become arrays in the order of their ULIDs."""
    root: _Branch = {}
    branches: dict[str, _Branch | None] = {"": root}
    for path, value in values.items():
        way, _, last = path.rpartition("/")
        branch = branches[way] if way in branches else _branch(branches, way)
        if branch is None or last in branch:
            continue
        if is_row(path):
            branch[last] = branches[path] = {}
        else:
            branch[last] = value
    for repeat in sorted({path.rpartition("/")[0] for path in branches if is_row(path)}, reverse=True):
        _into_array(branches, repeat)
    return root


def _branch(branches: dict[str, _Branch | None], path: str) -> _Branch | None:
    """The branch at a path, made where there is none yet; None where a value stands in its way.

    Such a path is the form's mistake to report.
    """
    if path not in branches:
        way, _, last = path.rpartition("/")
        above = _branch(branches, way)
        if above is None or last in above:
            branches[path] = None
        else:
            above[last] = branches[path] = {}
    return branches[path]


def _into_array(branches: Mapping[str, _Branch | None], repeat: str) -> None:
    """Make an array of a branch that has nothing but rows; those within it come before."""
    rows, (way, _, last) = branches[repeat], repeat.rpartition("/")
    above = branches[way] if repeat else None
    if rows and above is not None and all(map(ULID.fullmatch, rows)):
        # Of a row within a row, which no form has, an array was made already: its branch is what it was.
        above[last] = [{"_row": row, **(branches[f"{repeat}/{row}"] or {})} for row in sorted(rows)]
