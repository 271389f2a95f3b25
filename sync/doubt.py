"""Edits whose clock the edits themselves contradict: one has seen another that claims to be later.

A device that adopts what it hears never writes a time before one that it has seen, unless that one was more than an
hour ahead of its own clock (law 15). So one of the two clocks is wrong by an hour at least, and nobody can tell which:
neither is believed where times decide. This follows from the edits alone, so a receipt may depend on it (law 20). The
twin is `core/doubt.js`.
"""

from __future__ import annotations

from collections.abc import Sequence

from sync.edits import Edit


def contradicted(edits: Sequence[Edit]) -> frozenset[str]:
    """The ids of edits in force that have seen a later one, and of those that they have seen."""
    at = {edit["id"]: edit["at"] for edit in edits}
    found: set[str] = set()
    for edit in edits:
        later = {name for ids in edit["seen"].values() for name in ids if at.get(name, "") > edit["at"]}
        if later:
            found |= later | {edit["id"]}
    return frozenset(found)
