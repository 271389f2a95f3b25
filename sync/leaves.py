"""The leaves of records, as they stand in a mailbox; those that were read once are remembered (law 19)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.store import Change, Database, Document

MOST = 2_000
"""Records whose leaves are kept: those that were in conflict lately."""


@dataclass(frozen=True)
class Found:
    """A record as it stands in a mailbox: its leaves, deleted ones included."""

    record_id: str
    winner: Document
    leaves: list[Document]

    @property
    def live(self) -> list[Document]:
        """The leaves that are not deleted."""
        return [leaf for leaf in self.leaves if not leaf.get("_deleted")]

    @property
    def logs(self) -> list[list[Any]]:
        """The edits of each leaf."""
        return [edits for leaf in self.leaves if isinstance(edits := leaf.get("edits"), list)]


class LeafCache:
    """Reads the leaves of records, each of them once."""

    def __init__(self) -> None:
        self._leaves: OrderedDict[tuple[str, str], dict[str, Document]] = OrderedDict()

    def found(self, database: Database, change: Change) -> Found:
        """The record that a change is about, whose winner stands in it."""
        winner = change.doc or {"_id": change.id, "_rev": change.revs[0], "_deleted": change.deleted}
        if len(change.revs) == 1:
            return Found(change.id, winner, [winner])
        return Found(change.id, winner, self._all(database, change.id, change.revs))

    def read(self, database: Database, record_id: str, revs: Sequence[str]) -> Found | None:
        """A record as it stands now, of whose leaves these may be known; None where there is none."""
        leaves = self._all(database, record_id, revs)
        return Found(record_id, max(leaves, key=_winning), leaves) if leaves else None

    def _all(self, database: Database, record_id: str, revs: Sequence[str]) -> list[Document]:
        name = (database.name, record_id)
        cached = self._leaves.pop(name, {})
        kept = {rev: cached[rev] for rev in revs if rev in cached}
        fresh = {leaf["_rev"]: leaf for leaf in database.leaves(record_id, known=list(kept))}
        self._leaves[name] = {**kept, **fresh}
        if len(self._leaves) > MOST:
            self._leaves.popitem(last=False)
        return list(self._leaves[name].values())


def _winning(leaf: Mapping[str, Any]) -> tuple[bool, int, str]:
    number, _, digest = leaf["_rev"].partition("-")
    return (not leaf.get("_deleted"), int(number), digest)
