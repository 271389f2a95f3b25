"""What a record's edits amount to: heads, values, collisions. Pure; the laws are in docs/merging.md.

`fold` does not replay anything. Each path has a small graph of the edits that touch it; its heads are those that no
other has seen. One head is the value; several that differ are a collision, whatever the clocks say.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from schemas.form import Field, Form
from sync.edits import Edit, edits_digest, in_force, union

__all__ = ["STATE", "Collision", "Folded", "Head", "edits_digest", "fold", "is_row", "union"]

STATE = "/_state"
DRAFT = "draft"
ASK = "ask"

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_NUMERIC = {"integer", "decimal", "calculate", "score"}


@dataclass(frozen=True)
class Head:
    """One value of a path that no edit has replaced. `present` is false where the edit took the value away."""

    edit_id: str
    value: Any
    present: bool
    at: str
    by: str
    device: str
    version: int

    @property
    def rank(self) -> tuple[str, str]:
        """The greatest is in force meanwhile (law 8)."""
        return (self.at, self.edit_id)


@dataclass(frozen=True)
class Collision:
    """A path whose heads differ, oldest first, the one in force meanwhile, and the policy that left it open."""

    path: str
    heads: tuple[Head, ...]
    in_force: Head
    policy: str


@dataclass(frozen=True)
class Folded:
    """A record's edits, summed up. `values` is nested as answers are; `heads` has every path ever touched."""

    values: dict[str, Any]
    state: str
    version: int
    heads: Mapping[str, tuple[Head, ...]]
    collisions: tuple[Collision, ...]
    at: str


def is_row(path: str) -> bool:
    """Whether a path names a row of a repeat: its last segment is a ULID, which no field name can be."""
    return _ULID.fullmatch(path.rpartition("/")[2]) is not None


def fold(
    edits: Sequence[Any],
    form: Form | None,
    *,
    excluded: Collection[str] = frozenset(),
    distrusted: Collection[str] = frozenset(),
) -> Folded:
    """Heads, values and collisions of a record.

    `form` gives the merge policy of each field (without it, every field asks). Edits whose id is in `excluded` do not
    count; of those in `distrusted` the clock is not believed, so that `latest` asks too.
    """
    counted = in_force(edits, excluded)
    graph = _Graph(counted)
    heads = {path: graph.heads(path) for path in graph.paths()}
    disputed = _disputed_rows(heads, graph)
    values: dict[str, Any] = {}
    collisions = []
    for path, found in heads.items():
        settled = _settle(path, found, form, distrusted)
        collisions += [settled.collision] if settled.collision else []
        if any(path == row or path.startswith(row + "/") for row in disputed):
            settled = _settle(path, graph.heads(path, without=disputed), form, distrusted)
        if settled.present:
            values[path] = settled.value
    state = values.pop(STATE, DRAFT)
    return Folded(
        values=_nested(values, disputed),
        state=state if isinstance(state, str) else DRAFT,
        version=max((edit["version"] for edit in counted), default=0),
        heads=heads,
        collisions=tuple(sorted(collisions, key=lambda collision: collision.path)),
        at=max((edit["at"] for edit in counted), default=""),
    )


class _Graph:
    """Which edit touches and which has seen what, path by path."""

    def __init__(self, edits: Sequence[Edit]) -> None:
        self._by_id = {edit["id"]: edit for edit in edits}
        self._touches: dict[str, dict[str, bool]] = {}
        self._removals: dict[str, list[str]] = {}
        for edit in edits:
            for path in edit["set"]:
                self._touches.setdefault(path, {})[edit["id"]] = True
            for path in edit["unset"]:
                self._touches.setdefault(path, {})[edit["id"]] = False
                if is_row(path):
                    self._removals.setdefault(path, []).append(edit["id"])
        self._touch_below_removed_rows()

    def paths(self) -> list[str]:
        return sorted(self._touches)

    def removals(self, row: str) -> list[str]:
        """The edits that took this row away."""
        return self._removals.get(row, [])

    def rows_removed(self) -> Iterable[str]:
        return self._removals

    def heads(self, path: str, *, without: Collection[str] = ()) -> tuple[Head, ...]:
        """The edits that touch a path and that none of the others has seen, oldest first.

        Removals of the rows in `without` are left out of the count, on the row and below it.
        """
        touching = {
            edit: present
            for edit, present in self._touches[path].items()
            if present or not any(edit in self._removals[row] for row in without if _within(path, row))
        }
        if len(touching) > 1:
            seen = self._seen(path, touching)
            touching = {edit: present for edit, present in touching.items() if edit not in seen}
        return tuple(sorted((self._head(path, *touch) for touch in touching.items()), key=lambda head: head.rank))

    def _head(self, path: str, edit_id: str, present: bool) -> Head:
        edit = self._by_id[edit_id]
        value = edit["set"].get(path) if present else None
        by, device = str(edit.get("by", "")), str(edit.get("device", ""))
        return Head(edit_id, value, present, edit["at"], by, device, edit["version"])

    def _touch_below_removed_rows(self) -> None:
        """Taking a row away takes away every value below it, also one that the remover never saw (law 11)."""
        for row, removers in self._removals.items():
            for path, touches in self._touches.items():
                if path.startswith(row + "/"):
                    for edit in removers:
                        touches.setdefault(edit, False)

    def _seen(self, path: str, touching: Collection[str]) -> set[str]:
        """Those of the touching edits that another one has replaced; edits in a cycle have not seen each other."""
        edges = {
            edit: {seen for seen in self._by_id[edit]["seen"].get(path, ()) if seen in touching and seen != edit}
            for edit in touching
        }
        if any(self._rank(seen) > self._rank(edit) for edit, seens in edges.items() for seen in seens):
            group = _components(edges)
            edges = {edit: {seen for seen in seens if group[seen] != group[edit]} for edit, seens in edges.items()}
        return {seen for seens in edges.values() for seen in seens}

    def _rank(self, edit_id: str) -> tuple[str, str]:
        return (self._by_id[edit_id]["at"], edit_id)


def _within(path: str, row: str) -> bool:
    return path == row or path.startswith(row + "/")


def _components(edges: Mapping[str, Collection[str]]) -> dict[str, str]:
    """A name for each edit's strongly connected component: the least id in it."""
    reach = {edit: _reachable(edit, edges) for edit in edges}
    return {
        edit: min(other for other in reach[edit] | {edit} if edit == other or edit in reach[other]) for edit in edges
    }


def _reachable(start: str, edges: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    open_ = [start]
    while open_:
        fresh = set(edges[open_.pop()]) - found
        found |= fresh
        open_ += fresh
    return found


def _disputed_rows(heads: Mapping[str, tuple[Head, ...]], graph: _Graph) -> frozenset[str]:
    """Rows that somebody took away while somebody else, who had not seen that, changed something in them."""
    return frozenset(
        row
        for row in graph.rows_removed()
        if any(_is_disputed(found, graph.removals(row)) for path, found in heads.items() if path.startswith(row + "/"))
    )


def _is_disputed(heads: Sequence[Head], removers: Collection[str]) -> bool:
    return any(head.present for head in heads) and any(head.edit_id in removers for head in heads)


@dataclass(frozen=True)
class _Settled:
    present: bool
    value: Any
    collision: Collision | None = None


def _settle(path: str, heads: tuple[Head, ...], form: Form | None, distrusted: Collection[str]) -> _Settled:
    """One path's value by its policy (law 10), and the collision that remains."""
    if not heads:
        return _Settled(False, None)
    greatest = heads[-1]
    first = heads[0]
    if all(head.present == first.present and head.value == first.value for head in heads):
        return _Settled(greatest.present, greatest.value)
    field = form.field(path) if form is not None and path != STATE and not is_row(path) else None
    policy = field.merge if field is not None else ASK
    combined = _combined(policy, heads, field)
    if combined is not None:
        return _Settled(True, combined)
    if policy == "latest" and not any(head.edit_id in distrusted for head in heads):
        return _Settled(greatest.present, greatest.value)
    return _Settled(greatest.present, greatest.value, Collision(path, heads, greatest, policy))


def _combined(policy: str, heads: Sequence[Head], field: Field | None) -> Any:
    """What `union`, `max` or `min` makes of the heads; nothing where it does not apply to such values."""
    values = [head.value for head in heads if head.present]
    if field is None or not values:
        return None
    if policy == "union" and all(isinstance(value, list) for value in values):
        return _joined(values)
    if policy in ("max", "min"):
        return _extreme(policy, values, field)
    return None


def _joined(values: Iterable[list[Any]]) -> Any:
    """Every item once. Sorted, so that the order in which replicas met leaves no trace."""
    items = {repr(item): item for value in values for item in value}
    return sorted(items.values(), key=lambda item: (str(item), repr(item)))


def _extreme(policy: str, values: Sequence[Any], field: Field) -> Any:
    keyed = [(key, value) for value in values if (key := _comparable(value, field)) is not None]
    if len(keyed) != len(values):
        return None
    choose = max if policy == "max" else min
    return choose(keyed, key=lambda pair: (pair[0], str(pair[1])))[1]


def _comparable(value: Any, field: Field) -> Any:
    if field.type not in _NUMERIC:
        return value if isinstance(value, str) else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


class _Branch(dict[str, Any]):
    """A group, a repeat or a row while answers are put together; tells them from values that are objects."""


def _nested(values: Mapping[str, Any], disputed: Collection[str]) -> dict[str, Any]:
    """Flat paths to nested answers; rows become arrays in the order of their ULIDs."""
    root = _Branch()
    gone = {row for row in disputed if row not in values}
    for path in sorted(values):
        _place(root, path, values[path])
    for row in gone:
        _place(root, row, {})
    plain = _plain(root)
    return plain if isinstance(plain, dict) else {}


def _place(root: _Branch, path: str, value: Any) -> None:
    *way, last = path.split("/")[1:]
    branch = root
    for segment in way:
        below = branch.setdefault(segment, _Branch())
        if not isinstance(below, _Branch):
            return
        branch = below
    if is_row(path):
        branch.setdefault(last, _Branch())
    else:
        branch.setdefault(last, value)


def _plain(node: Any) -> Any:
    if not isinstance(node, _Branch):
        return node
    if node and all(_ULID.fullmatch(key) for key in node):
        return [{"_row": row, **_plain_row(node[row])} for row in sorted(node)]
    return {key: _plain(below) for key, below in node.items()}


def _plain_row(node: Any) -> dict[str, Any]:
    return {key: _plain(below) for key, below in node.items()} if isinstance(node, _Branch) else {}
