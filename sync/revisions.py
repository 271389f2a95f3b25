"""Merging the leaves of one document in a database, by the laws 17 and 18: the same bytes whoever does it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sync.edits import edit_digest, edit_id, is_erased, stable, union
from sync.store import Document

Build = Callable[[Document, list[Any]], Document]
"""Makes the merged body from the winning leaf and all edits."""


def plan_merge(leaves: Sequence[Document], build: Build, *, known: Sequence[Any] = ()) -> list[Document]:
    """The revisions to write with `new_edits=false` so that one live leaf holds every edit; none where one does.

    `leaves` are all of a document's leaves with `_rev` and `_revisions`, deleted ones included; `known` are edits that
    were seen before and must not be missing (law 7).
    """
    live = sorted((leaf for leaf in leaves if not leaf.get("_deleted")), key=_rank, reverse=True)
    edits = union(*(_edits(leaf) for leaf in leaves), known)
    if not leaves or (not live and not edits):
        return []
    complete = _complete(live, edits)
    if complete:
        return [_tombstone(leaf) for leaf in live if leaf is not complete[0]]
    winner = live[0] if live else max(leaves, key=_rank)
    merge = _merge(winner, live, build(winner, edits))
    return [merge, *(_tombstone(leaf) for leaf in live[1:])]


def apart(leaf: Document, name: str) -> Document:
    """A leaf once more beside all other revisions: under another name (32 hex digits), and without ancestors.

    What somebody has put under the names of those is none of its history; no gate holds it against them either.
    """
    start = generation(leaf["_rev"]) + 1
    kept = {member: value for member, value in leaf.items() if member != "_deleted"}
    return {
        **kept,
        "answers": leaf.get("answers", {}),
        "_rev": f"{start}-{name}",
        "_revisions": {"start": start, "ids": [name]},
    }


def generation(rev: str) -> int:
    """The number before the hyphen."""
    return int(rev.partition("-")[0])


def _rank(leaf: Mapping[str, Any]) -> tuple[int, str]:
    """CouchDB's order of winners among leaves that are all live, or all deleted."""
    number, _, digest = leaf["_rev"].partition("-")
    return (int(number), digest)


def _edits(leaf: Mapping[str, Any]) -> list[Any]:
    found = leaf.get("edits")
    return found if isinstance(found, list) else []


def _complete(leaves: Sequence[Document], edits: Sequence[Any]) -> list[Document]:
    """The leaves that hold every edit. Where an id is missing already, nothing needs to be hashed."""
    ids = set(map(edit_id, edits))
    near = [leaf for leaf in leaves if len(_edits(leaf)) >= len(ids) and ids.issubset(map(edit_id, _edits(leaf)))]
    wanted = _keys(edits) if near else set()
    return [leaf for leaf in near if wanted <= _keys(_edits(leaf))]


def _keys(edits: Iterable[Any]) -> set[tuple[str, str]]:
    return {(edit_id(edit), edit_digest(edit)) for edit in edits} - _erased(edits)


def _erased(edits: Iterable[Any]) -> set[tuple[str, str]]:
    return {(edit_id(edit), edit["erased"]) for edit in edits if is_erased(edit)}


def _merge(winner: Document, live: Sequence[Document], body: Document) -> Document:
    content = {name: value for name, value in body.items() if name not in ("_rev", "_revisions", "_deleted")}
    digest = _md5([content, sorted(leaf["_rev"] for leaf in live)])
    return {**content, **_child(winner, digest)}


def _tombstone(leaf: Document) -> Document:
    kept: Document = {name: leaf[name] for name in ("_id", "type", "form", "version", "team", "edits") if name in leaf}
    return {**kept, "_deleted": True, **_child(leaf, _md5(["tomb", leaf["_rev"]]))}


def _child(parent: Document, digest: str) -> Document:
    depth = generation(parent["_rev"]) + 1
    ancestors = parent.get("_revisions", {"ids": [parent["_rev"].partition("-")[2]]})["ids"]
    return {"_rev": f"{depth}-{digest}", "_revisions": {"start": depth, "ids": [digest, *ancestors]}}


def _md5(value: Any) -> str:
    """32 hex digits, as every revision hash must have (law 2). Nothing is secured by it."""
    return hashlib.md5(stable(value), usedforsecurity=False).hexdigest()
