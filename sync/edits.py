"""Edits: the entries of a record's append-only log, as they are told apart, joined and ordered.

An edit is `{id, at, by, device, app, version, set, unset, seen, note, sig}`; an erased one leaves the stub
`{id, at, erased}`. Whatever else stands in a log is kept, since nothing is ever dropped, and never in force.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from schemas import canonical

Edit = dict[str, Any]


def edit_digest(edit: Any) -> str:
    """SHA-256 of the edit's canonical JSON; of its Python form where it has none (a float met in a foreign log)."""
    try:
        return canonical.digest(edit)
    except canonical.CanonicalError:
        return hashlib.sha256(repr(edit).encode("utf-8", "surrogatepass")).hexdigest()


def edit_id(edit: Any) -> str:
    """The edit's id; empty where it has none."""
    found = edit.get("id") if isinstance(edit, dict) else None
    return found if isinstance(found, str) else ""


def order(edit: Any) -> tuple[str, str]:
    """What edits are sorted by: time, then id."""
    at = edit.get("at") if isinstance(edit, dict) else None
    return (at if isinstance(at, str) else "", edit_id(edit))


def is_erased(edit: Any) -> bool:
    """Whether this is the stub that an erasure leaves."""
    return isinstance(edit, dict) and isinstance(edit.get("erased"), str)


def union(*logs: Iterable[Any]) -> list[Any]:
    """Every edit of every log once, sorted by time, id and digest.

    Two edits with one id and different content are both kept (law 6); an erased stub beats the edit that it stands
    for (law 7).
    """
    by_id: dict[str, list[Any]] = {}
    for log in logs:
        for edit in log:
            same = by_id.setdefault(edit_id(edit), [])
            if edit not in same:
                same.append(edit)
    kept = [edit for same in by_id.values() for edit in (same if len(same) == 1 else _without_erased(same))]
    return (
        sorted(kept, key=order) if len({order(edit) for edit in kept}) == len(kept) else sorted(kept, key=_full_order)
    )


def _full_order(edit: Any) -> tuple[str, str, str]:
    return (*order(edit), edit_digest(edit))


def _without_erased(same: Sequence[Any]) -> list[Any]:
    erased = {edit["erased"] for edit in same if is_erased(edit)}
    return [edit for edit in same if is_erased(edit) or edit_digest(edit) not in erased] if erased else list(same)


def edits_digest(edits: Iterable[Any]) -> str:
    """What a receipt is bound to: SHA-256 of the sorted list of `[id, digest]`."""
    return canonical.digest(sorted([edit_id(edit), edit_digest(edit)] for edit in edits))


def contested(edits: Sequence[Any]) -> frozenset[str]:
    """Ids that stand for more than one content; none of those is in force."""
    ids = Counter(map(edit_id, edits))
    return frozenset(found for found, times in ids.items() if times > 1)


def in_force(edits: Sequence[Any], excluded: Collection[str] = ()) -> list[Edit]:
    """The edits that count: well-formed, not erased, their id not contested, not among `excluded`."""
    doubtful = contested(edits)
    return [
        edit for edit in edits if edit_id(edit) not in doubtful and edit_id(edit) not in excluded and _well_formed(edit)
    ]


def _well_formed(edit: Any) -> bool:
    return (
        isinstance(edit, dict)
        and bool(edit_id(edit))
        and isinstance(edit.get("at"), str)
        and isinstance(edit.get("version"), int)
        and isinstance(edit.get("set"), dict)
        and _is_texts(edit.get("unset"))
        and isinstance(edit.get("seen"), dict)
        and all(_is_texts(ids) for ids in edit["seen"].values())
    )


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
