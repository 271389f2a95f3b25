"""What the audit trail says of a form that was published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from schemas.changes import Change
from sync.store import Conflict, Store


def note(store: Store, published: Mapping[str, Any], changes: Sequence[Change], *, by: str, at: str) -> None:
    """Say who published what and when (RFC 3339), and what they were told that it changes; once of each version."""
    doc = {
        "_id": f"form:{published['form']}:{published['version']}",
        "type": "publication",
        "form": published["form"],
        "version": published["version"],
        "by": by,
        "at": at,
        "changes": [[change.path, change.code, change.severity.value] for change in changes],
    }
    with suppress(Conflict):
        store.database("audit").put(doc)
