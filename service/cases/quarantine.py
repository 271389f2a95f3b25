"""Devices that keep taking edits out of records: intake puts them back; the third time the office is asked (law 7).

No honest program writes a revision that lacks an edit that was there. Each time it happens is an entry of the case of
the device that signed what was new in it (`case:<id>` of the office database), since nothing else remembers it. Who
signed is not who delivered, so a person looks into it and revokes the device or does not (decision 014).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import structlog

from service.cases import entries
from service.cases.derived import MOST_SHOWN, Row, case_row
from service.cases.kinds import QUARANTINE, case_id
from service.cases.notes import PUT_BACK
from service.errors import RoundsError
from service.parts import Parts
from sync.edits import in_force
from sync.intake import Judged
from sync.verdict import REVOKED_DEVICE

log = structlog.get_logger(__name__)

ACROSS = ""
"""A device is the office's matter, whatever team it is in."""


def note_put_back(parts: Parts, judged: Sequence[Judged], own: str) -> None:
    """Remember what was put back, device by device. Idempotent."""
    for each in judged:
        for device in sorted(_devices(each) - {own}):
            try:
                entries.add(parts, _case(each, device), _entry(each, device))
            except RoundsError as error:  # of a thousand times enough is known; intake must go on
                log.warning("not noted that edits were put back", device=device, reason=error.code)


def _devices(judged: Judged) -> set[str]:
    """Whose edits came with the revisions that lacked others; one that only claims to be somebody's tells nothing."""
    faults = {digest for digest, fault in judged.invalid_edits.items() if fault != REVOKED_DEVICE}
    sound = in_force(judged.fresh, faults)
    return {str(edit["device"]) for edit in sound} if judged.lost else set()


def _case(judged: Judged, device: str) -> Row:
    name = case_id(QUARANTINE, device)
    about = case_row(QUARANTINE, name, ACROSS, judged.record_id, judged.form, judged.at)
    return about | {"record_team": judged.team, "path": device}


def _entry(judged: Judged, device: str) -> entries.Entry:
    """The same for the same revision, however often it is read."""
    told = f"{judged.team} {judged.record_id} {judged.rev} {device}"
    name = f"{PUT_BACK} {hashlib.sha256(told.encode()).hexdigest()[:20]}"
    about = {
        "record": judged.record_id,
        "team": judged.team,
        "rev": judged.rev,
        "edits": sorted(judged.lost)[:MOST_SHOWN],
    }
    return entries.entry("office", PUT_BACK, entry_id=name, **about)
