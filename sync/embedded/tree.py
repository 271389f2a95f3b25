"""Revision trees: what CouchDB keeps of a document's history, and how it picks the winner. Pure.

A tree maps each revision to its parent (None: a root, or an ancestor that was stemmed away). Its leaves are what can be
read and replicated; a deleted leaf is a tombstone. As in CouchDB, the tree says where each revision's body is kept;
those of ancestors are kept until compaction. Source: CouchDB's replication and conflict model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise

from sync.store import BadRequest

REV = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{32})")
LOOSE_REV = re.compile(r"([1-9][0-9]{0,8})-([^\s\"'/]{1,64})")


def generation(rev: str) -> int:
    """The number before the hyphen."""
    return int(rev.partition("-")[0])


def checked(rev: object) -> str:
    """The revision, if it has the form that every store orders alike (law 2). Raises `BadRequest`."""
    if not isinstance(rev, str) or not REV.fullmatch(rev):
        raise BadRequest(
            "A revision is a number, a hyphen and 32 lower-case hex digits.", details={"rev": str(rev)[:80]}
        )
    return rev


def path_of(rev: object, revisions: object) -> list[str]:
    """A revision and its ancestors, newest first, from its `_revisions`. Raises `BadRequest` where they contradict."""
    if revisions is None:
        return [checked(rev)]
    if not isinstance(revisions, dict):
        raise BadRequest("_revisions must be an object with start and ids.")
    start, ids = revisions.get("start"), revisions.get("ids")
    if not isinstance(start, int) or not isinstance(ids, list) or not ids or len(ids) > start:
        raise BadRequest("_revisions must have a start and as many ids at most.")
    if f"{start}-{ids[0]}" != rev:
        raise BadRequest("_revisions does not begin with _rev.")
    path = [checked(rev)]
    if len(ids) > 1:
        path += [checked(f"{start - index}-{ids[index]}") for index in range(1, len(ids))]
    return path


@dataclass(slots=True)
class Tree:
    """One document's revisions. `leaves` says of each leaf whether it is a tombstone, `bodies` where bodies are."""

    parents: dict[str, str | None] = field(default_factory=dict)
    leaves: dict[str, bool] = field(default_factory=dict)
    bodies: dict[str, int] = field(default_factory=dict)

    @classmethod
    def begun(cls, path: Sequence[str], body: int, *, deleted: bool) -> Tree:
        """A document's first revision, with its ancestors, newest first, and where its body is."""
        return cls(_joined(path), {path[0]: deleted}, {path[0]: body})

    def insert(self, path: Sequence[str], *, deleted: bool) -> bool:
        """Add a revision with its ancestors, newest first; false where all of it was known already.

        A history may come in pieces: a known revision that comes again with more ancestors joins them.
        """
        newest = path[0]
        if not self.parents:
            self.parents = _joined(path)
            self.leaves = {newest: deleted}
            return True
        before = len(self.parents), len(self.leaves)
        if newest not in self.parents:
            self.leaves[newest] = deleted
        joined = False
        for child, parent in zip(path, [*path[1:], None], strict=True):
            if self.parents.get(child) is None:
                joined = joined or (parent is not None and child in self.parents)
                self.parents[child] = parent
            if parent is not None and self.parents[child] == parent:
                self.leaves.pop(parent, None)
        return joined or before != (len(self.parents), len(self.leaves))

    def winner(self) -> str:
        """Live before deleted, then the longest history, then the greatest hash."""
        return self.ranked()[0]

    def ranked(self) -> list[str]:
        """Every leaf, the winner first."""
        if len(self.leaves) == 1:
            return list(self.leaves)
        return sorted(self.leaves, key=self._rank, reverse=True)

    def _rank(self, leaf: str) -> tuple[bool, int, str]:
        number, _, digest = leaf.partition("-")
        return (not self.leaves[leaf], int(number), digest)

    def ancestry(self, rev: str) -> list[str]:
        """A revision and its known ancestors, newest first."""
        return list(self._upwards(rev))

    def _upwards(self, rev: str | None) -> Iterator[str]:
        while rev is not None:
            yield rev
            rev = self.parents[rev]

    def nearest(self, older: Sequence[str]) -> int | None:
        """Where the body of a revision's nearest ancestor is, of those whose bodies are here.

        `older` are its ancestors, newest first, as far as they are named; those of the last one are looked at as well.
        """
        if not older or not self.bodies:
            return None
        further = self._upwards(self.parents.get(older[-1]))
        return next((self.bodies[rev] for rev in chain(older, further) if rev in self.bodies), None)

    def cut(self, leaf: str) -> list[int]:
        """Take out a leaf with those ancestors that lead to no other leaf; returns where their bodies are."""
        del self.leaves[leaf]
        kept = {rev for other in self.leaves for rev in self._upwards(other)}
        gone = [rev for rev in self._upwards(leaf) if rev not in kept]
        for rev in gone:
            del self.parents[rev]
        return [self.bodies.pop(rev) for rev in gone if rev in self.bodies]

    def stem(self, limit: int) -> None:
        """Forget ancestors that are more than `limit` revisions away from every leaf."""
        if len(self.parents) <= limit:
            return
        kept: set[str] = set()
        for leaf in self.leaves:
            kept.update(rev for _, rev in zip(range(limit), self._upwards(leaf), strict=False))
        self.parents = {rev: parent if parent in kept else None for rev, parent in self.parents.items() if rev in kept}
        self.bodies = {rev: number for rev, number in self.bodies.items() if rev in kept}


def _joined(path: Sequence[str]) -> dict[str, str | None]:
    """Each revision's parent."""
    return {**dict(pairwise(path)), path[-1]: None} if len(path) > 1 else {path[0]: None}
