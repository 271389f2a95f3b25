"""What stood at a path before people set it apart: the last edit that all of them had seen, directly or not. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sync.edits import Edit


def base_of(path: str, heads: Iterable[str], edits: Iterable[Edit]) -> Edit | None:
    """The latest edit of the path that every head (by id) goes back to; None where they have none in common."""
    by_id = {edit["id"]: edit for edit in edits}
    ancestors = [_before(path, head, by_id) for head in heads if head in by_id]
    common = set.intersection(*ancestors) if ancestors else set()
    found = [by_id[each] for each in common]
    return max(found, key=lambda edit: (edit["at"], edit["id"]), default=None)


def _before(path: str, head: str, by_id: Mapping[str, Edit]) -> set[str]:
    reached: set[str] = set()
    todo = [head]
    while todo:
        for name in by_id[todo.pop()]["seen"].get(path, ()):
            if name in by_id and name not in reached:
                reached.add(name)
                todo.append(name)
    return reached
