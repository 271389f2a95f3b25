"""Revisions as a replicator hands them over."""

from __future__ import annotations

from typing import Any

from sync.store import Database, Document

A, B, C, D = (letter * 32 for letter in "abcd")


def revision(doc_id: str, *hashes: str, start: int | None = None, **members: Any) -> Document:
    """A revision of `doc_id` whose hash and ancestors are `hashes`, newest first."""
    generation = len(hashes) if start is None else start
    rev = f"{generation}-{hashes[0]}"
    return {"_id": doc_id, "_rev": rev, "_revisions": {"start": generation, "ids": list(hashes)}, **members}


def revs(database: Database, doc_id: str) -> list[str]:
    """Every leaf's revision, sorted."""
    return sorted(leaf["_rev"] for leaf in database.leaves(doc_id))
