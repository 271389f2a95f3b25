"""Heads: for each path the edits in force that no other has seen (laws 4 and 8). The twin is `core/heads.js`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from sync.edits import Edit

SEGMENTS = 64
"""Paths with more are passed over: no form nests as deep."""

ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
_BEFORE_LAST = ("/", "")
_ROW_WITHIN = re.compile(r"/[0-9A-HJKMNP-TV-Z]{26}(?=/)")

Seen = Mapping[str, Collection[str]]
Author = tuple[str, str, str, int]
"""When an edit was made, by whom, on which device, with which form version."""


class Head(NamedTuple):
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


def is_row(path: str) -> bool:
    """Whether a path names a row of a repeat: its last segment is a ULID, which no field name can be."""
    return len(path) > 25 and path[-27:-26] in _BEFORE_LAST and ULID.fullmatch(path, len(path) - 26) is not None


def rows_above(path: str) -> list[str]:
    """The rows that a path stands in, outermost first; a row does not stand in itself."""
    return [path[: found.end()] for found in _ROW_WITHIN.finditer(path)] if len(path) > 27 else []


def heads_of(edits: Sequence[Edit]) -> dict[str, tuple[Head, ...]]:
    """The heads of every path that one of these edits touches, oldest first. Their ids must differ."""
    touching: dict[str, list[Edit]] = {}
    for edit in edits:
        for path in dict.fromkeys([*edit["set"], *edit["unset"]]) if edit["unset"] else edit["set"]:
            touching.setdefault(path, []).append(edit)
    authors = {edit["id"]: _author(edit) for edit in edits}
    return {path: _heads(path, touching[path], authors) for path in sorted(touching) if _is_path(path)}


def _author(edit: Edit) -> Author:
    by, device = edit.get("by"), edit.get("device")
    return (edit["at"], by if isinstance(by, str) else "", device if isinstance(device, str) else "", edit["version"])


def _is_path(path: str) -> bool:
    return path.startswith("/") and path.count("/") <= SEGMENTS


def _heads(path: str, touching: Sequence[Edit], authors: Mapping[str, Author]) -> tuple[Head, ...]:
    if len(touching) == 1:
        return (_head(path, touching[0], authors),)
    replaced = _replaced(path, {edit["id"]: edit for edit in touching})
    found = [_head(path, edit, authors) for edit in touching if edit["id"] not in replaced]
    return tuple(sorted(found, key=attrgetter("rank")) if len(found) > 1 else found)


def _head(path: str, edit: Edit, authors: Mapping[str, Author]) -> Head:
    value = edit["set"].get(path)
    if value is not None and is_row(path):
        value = {}  # a row is there or it is not; its values have paths of their own
    return Head(edit["id"], value, value is not None, *authors[edit["id"]])


def _replaced(path: str, touching: Mapping[str, Edit]) -> set[str]:
    """Those of the edits that another has seen; edits that see each other in a cycle have not (law 4)."""
    edges = {
        name: {seen for seen in edit["seen"].get(path, ()) if seen in touching and seen != name}
        for name, edit in touching.items()
    }
    # A cycle has an edit that saw one which is not older than itself, and which saw one too.
    links = ((name, seen) for name, seens in edges.items() for seen in seens if edges[seen])
    if any(touching[seen]["at"] >= touching[name]["at"] for name, seen in links):
        group = components(edges)
        edges = {name: {seen for seen in seens if group[seen] != group[name]} for name, seens in edges.items()}
    return {seen for seens in edges.values() for seen in seens}


def components(edges: Seen) -> dict[str, int]:
    """A number for each node's strongly connected component, in linear time and without recursion.

    Source: Kosaraju's algorithm, as in Aho, Hopcroft and Ullman, "Data Structures and Algorithms", 1983.
    """
    backwards: dict[str, list[str]] = {name: [] for name in edges}
    for name, targets in edges.items():
        for target in targets:
            backwards[target].append(name)
    found: dict[str, int] = {}
    for number, root in enumerate(reversed(_finished(edges))):
        todo = [root]
        while todo:
            name = todo.pop()
            if name not in found:
                found[name] = number
                todo += backwards[name]
    return found


def _finished(edges: Seen) -> list[str]:
    """The nodes in the order in which a depth-first search leaves them."""
    done: list[str] = []
    entered: set[str] = set()
    for root in edges:
        todo = [(root, False)]
        while todo:
            name, leaving = todo.pop()
            if leaving:
                done.append(name)
            elif name not in entered:
                entered.add(name)
                todo.append((name, True))
                todo += [(target, False) for target in edges[name] if target not in entered]
    return done


def seen_in_row(removal: Edit, row: str, paths: Iterable[str]) -> dict[str, Collection[str]]:
    """For each path below a row, the edits whose values its removal has replaced.

    The removal may list them under each path or all under the row's own.
    """
    whole = frozenset([removal["id"], *removal["seen"].get(row, ())])
    here = ((path, removal["seen"].get(path)) for path in paths)
    return {path: whole | frozenset(ids) if ids else whole for path, ids in here}
