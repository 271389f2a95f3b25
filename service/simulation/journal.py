"""Every edit that anybody made, as it was when it was made: what the office is held against in the end."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from sync.edits import Edit

RecordKey = tuple[str, str]
"""A team and a record of it."""


class Journal:
    """Keeps edits as bytes: there are hundreds of thousands."""

    def __init__(self) -> None:
        self._edits: dict[RecordKey, list[bytes]] = {}
        self.edits = 0

    def note(self, team: str, record_id: str, edit: Edit) -> None:
        """An edit was made."""
        self._edits.setdefault((team, record_id), []).append(orjson.dumps(edit))
        self.edits += 1

    def add(self, other: Journal) -> None:
        """Take in what somebody else noted."""
        for key, edits in other._edits.items():
            self._edits.setdefault(key, []).extend(edits)
        self.edits += other.edits

    def __len__(self) -> int:
        """How many records there are."""
        return len(self._edits)

    def records(self) -> Iterator[tuple[RecordKey, list[Edit]]]:
        """Every record with its edits, in the order in which they were made."""
        for key, edits in self._edits.items():
            yield key, [orjson.loads(edit) for edit in edits]
