"""What people have added to a case: who sees to it, by when, what was said. Folded from the entries of its document.

A case itself is derived from the records; only what nobody could derive is kept, in `case:<id>` of the office database:
an append-only list of entries `{id, at, by, kind, …}`. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.cases.derived import CLOSED, Row

PREFIX = "case:"
ENTRIES_MOST = 1000
COMMENT, OWNER, DUE, SNOOZE, DISMISS, REOPEN = "comment", "owner", "due", "snooze", "dismiss", "reopen"
QUESTION, DECIDED, UNDONE, JOINED, UNJOINED = "question", "decided", "undone", "joined", "unjoined"
PUT_BACK, ADMITTED = "put_back", "admitted"


@dataclass(frozen=True)
class Notes:
    """What holds after all entries. `dismissed` is the fingerprint of what was waved through: other facts open anew."""

    assigned: str | None = None
    due: str | None = None
    snoozed: str | None = None
    dismissed: str | None = None
    dismissed_by: str | None = None
    asked: str | None = None


def notes_of(entries: Iterable[Any]) -> Notes:
    """Entries, the oldest first, summed up; what is no entry is passed over."""
    notes = Notes()
    for entry in entries:
        if isinstance(entry, Mapping):
            notes = _after(notes, entry)
    return notes


_PLAIN = {OWNER: ("assigned", "owner"), DUE: ("due", "due"), SNOOZE: ("snoozed", "until"), QUESTION: ("asked", "id")}


def _after(notes: Notes, entry: Mapping[str, Any]) -> Notes:
    kind = entry.get("kind")
    if kind in _PLAIN:
        name, member = _PLAIN[kind]
        return replace(notes, **{name: entry.get(member)})
    if kind == DISMISS:
        return replace(notes, dismissed=entry.get("fingerprint"), dismissed_by=entry.get("id"))
    if kind in (REOPEN, UNJOINED):
        return replace(notes, dismissed=None, dismissed_by=None)
    return replace(notes, asked=None) if kind == DECIDED else notes


def with_notes(row: Row, notes: Notes) -> Row:
    """A derived case with what people have added to it, as lists filter it."""
    waved = notes.dismissed is not None and notes.dismissed == row["fingerprint"]
    dismissed = row["rule_status"] != CLOSED and waved
    return row | {
        "status": CLOSED if dismissed else row["rule_status"],
        "closed_how": "dismissed" if dismissed else ("edit" if row["rule_status"] == CLOSED else None),
        "assigned": notes.assigned,
        "due": notes.due or row["rule_due"],
        "snoozed": notes.snoozed,
        "asked": notes.asked is not None and row["rule_status"] != CLOSED,
    }
