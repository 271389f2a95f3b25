"""Two databases to replicate between, and databases that go wrong where a test wants it."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sync.checkpoints import endpoint
from sync.embedded import EmbeddedStore
from sync.replicate import Replication
from sync.store import Database, Document, Forbidden, Store, UserContext

PHOTO = random.Random(5).randbytes(1_500_001)


class Pair:
    """Two stores with a database of the same name in each, and a third for what is kept."""

    def __init__(self, left: Store, right: Store, keeper: Store, name: str) -> None:
        self.source, self.target = left.create(f"{name}-a"), right.create(f"{name}-b")
        self.keeper = keeper.create(f"{name}-keeper")
        self.ends = endpoint(left, f"{name}-a"), endpoint(right, f"{name}-b")

    def replicate(self, **options: Any) -> Replication:
        return Replication(*self.ends, **options)


class Standing:
    """A database that stands in front of a real one and goes wrong where it is told to."""

    def __init__(self, real: Database, **instead: Callable[..., Any]) -> None:
        self._real = real
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return self._instead.get(name) or getattr(self._real, name)


def everything(database: Database) -> dict[str, list[Document]]:
    """Every leaf of every document, whole."""
    changes = database.changes(all_leaves=True).results
    return {each.id: sorted(database.leaves(each.id), key=lambda leaf: leaf["_rev"]) for each in changes}


def photo_entry() -> dict[str, str]:
    """The attachment of a document, whose content is `PHOTO`."""
    return {"content_type": "image/jpeg", "data": base64.b64encode(PHOTO).decode()}


def gate(
    doc: Document, old: Document | None, user: UserContext, security: Mapping[str, Any], *, at_most: int | None = None
) -> None:
    if doc.get("bad"):
        raise Forbidden("This is bad.")


def gated(tmp_path: Path) -> Pair:
    return Pair(
        EmbeddedStore(tmp_path / "a"), EmbeddedStore(tmp_path / "b", gate=gate), EmbeddedStore(tmp_path / "k"), "gated"
    )
