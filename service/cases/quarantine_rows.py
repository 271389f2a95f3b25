"""The case of a device that takes edits out of records, as it follows from what was put back. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from service.cases.derived import Row, case_row
from service.cases.kinds import QUARANTINE
from service.cases.notes import PUT_BACK

THIRD = 3


def most_put_back(said: Sequence[Any]) -> int:
    """How often the edit was put back that was put back most."""
    named = [edit for entry in said if entry.get("kind") == PUT_BACK for edit in entry.get("edits", ())]
    return max(Counter(named).values(), default=0)


def quarantine_rows(notes: Mapping[str, Any]) -> Iterator[Row]:
    """The case that a device's document speaks for: none before the third time."""
    most = most_put_back(notes["entries"])
    if most >= THIRD:
        row = case_row(QUARANTINE, notes["id"], notes["team"], notes["record"], notes["form"], notes["opened"])
        about = {"record_team": notes["record_team"], "path": notes["path"], "fingerprint": str(most // THIRD)}
        yield row | about | {"detail": {"device": notes["path"], "times": most}}
