"""Pages of the audit trail: one for each edit of the office's device, made of that edit alone.

A decision is two writes, the record and its page. Where the program dies in between, intake finds the edit without a
page and writes it: the same bytes, since a page says nothing that the edit does not prove.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.auth.devices import device_id
from service.cases.kinds import CONFLICT, case_id
from service.cases.quarantine import note_put_back
from service.parts import Parts
from service.readmodel.projection import SqlProjection
from sync.edits import Edit, in_force
from sync.intake import Judged
from sync.store import Document, Place

AUDIT = "audit"
CHUNK = 500


def page(team: str, record: str, edit: Edit) -> Document:
    """What the trail says of an edit of the office."""
    paths = sorted({*edit["set"], *edit["unset"]})
    return {
        "_id": f"decision:{edit['id']}",
        "type": "decision",
        "case": case_id(CONFLICT, team, record, paths[0]),
        "team": team,
        "record": record,
        "path": paths[0],
        "paths": paths,
        "by": edit["by"],
        "at": edit["at"],
        "edit": edit,
    }


def note(parts: Parts, pages: Sequence[Document]) -> None:
    """Write the pages that are not there yet."""
    trail = parts.store.database(AUDIT)
    for start in range(0, len(pages), CHUNK):
        some = pages[start : start + CHUNK]
        there = {row.id for row in trail.all(keys=[each["_id"] for each in some])}
        missing = [each for each in some if each["_id"] not in there]
        if missing:
            trail.put_many(missing)  # one that somebody else wrote meanwhile says the same


class AuditedProjection(SqlProjection):
    """The office's read model; what is projected has its page in the audit trail before."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.readmodel)
        self._parts = parts
        self._device = device_id(parts.keys.office_device.public_key())

    def apply(self, mailbox: str, judged: Sequence[Judged], place: Place, reports: Sequence[Document] = ()) -> None:
        """Write the pages that a crash has left out and remember what was put back, then write the rows."""
        note_put_back(self._parts, [each for each in judged if each.lost], self._device)
        note(self._parts, [page(each.team, each.record_id, edit) for each in judged for edit in self._own(each)])
        super().apply(mailbox, judged, place, reports)

    def _own(self, judged: Judged) -> list[Edit]:
        """The office's edits in a record; one that only claims to be is none of them."""
        mine = [edit for edit in judged.edits if isinstance(edit, dict) and edit.get("device") == self._device]
        found = in_force(mine, judged.invalid_edits) if mine else ()
        return [edit for edit in found if edit["set"] or edit["unset"]]
