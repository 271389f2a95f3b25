"""Asking the team: the record goes back to it with a question, and its answer settles the case."""

from __future__ import annotations

from service.cases import entries, notes
from service.cases.decisions import Decided
from service.cases.kinds import QUARANTINE
from service.cases.sitting import Pen, Standing, write
from service.errors import RoundsError
from service.parts import Parts
from service.readmodel.paging import Row
from sync.edits import Edit
from sync.merge import STATE

RETURNED = "returned"


def ask(parts: Parts, person: str, case: Row, question: str) -> Decided:
    """Send the record of a case back to its team. The question is the note of the edit that says so.

    The values go on standing against each other: whoever answers sets the field anew, having seen them. Raises
    `RoundsError`: `case_closed`, `undecidable` for a case that is about no record, `record_unknown`, `busy`.
    """
    if case["status"] != "open":
        raise RoundsError("case_closed")
    if case["kind"] == QUARANTINE:
        raise RoundsError("undecidable")
    pen = Pen(parts, person)

    def make(standing: Standing) -> list[Edit]:
        after = [head.at for head in standing.folded.heads.get(STATE, ())]
        return [pen.edit(standing, set={STATE: RETURNED}, note=question, after=after)]

    edits, rev = write(parts, case["record_team"], case["record"], make)
    asked = edits[0]["id"]
    entries.add(parts, case, entries.entry(person, notes.QUESTION, entry_id=asked, edit=asked, text=question))
    return Decided(asked, rev)
