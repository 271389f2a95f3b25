"""Letting in edits of a revoked device that came after it was revoked: its owner's work, or of whoever has it now."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby

from service.auth.devices import Devices
from service.cases import entries, notes
from service.cases.kinds import LATE
from service.errors import RoundsError
from service.parts import Parts
from service.readmodel.lists import Lists
from service.readmodel.paging import Row
from sync.verdict import REVOKED_DEVICE


def admit(parts: Parts, person: str, case: Row, digests: Collection[str], why: str | None) -> None:
    """Let these of the case's edits count, here and on every hub; intake then judges the record anew.

    It is said in the case before it is done, so that nothing ever counts of which nobody can tell why. Raises
    `RoundsError`: `undecidable` for another kind of case, `case_closed`, `choice_unknown`, `busy`.
    """
    if case["kind"] != LATE:
        raise RoundsError("undecidable")
    if case["status"] != "open":
        raise RoundsError("case_closed")
    rows = Lists(parts.readmodel).history(case["record"], case["record_team"])
    chosen = [row for row in rows if row["fault"] == REVOKED_DEVICE and row["digest"] in digests]
    if not chosen or len({row["digest"] for row in chosen}) != len(set(digests)):
        raise RoundsError("choice_unknown")
    ids, exactly = [row["id"] for row in chosen], [row["digest"] for row in chosen]
    entries.add(parts, case, entries.entry(person, notes.ADMITTED, text=why or "", edits=ids, digests=exactly))
    for device, rows_of_it in groupby(sorted(chosen, key=_device), key=_device):
        Devices(parts.directory).admit(device, [row["digest"] for row in rows_of_it])


def _device(row: Row) -> str:
    return str(row["device"])
