"""Devices that keep taking edits out of records (law 7): intake puts them back; the third time the device is shut out.

No honest program writes a revision that lacks an edit that was there. Each time it happens is an entry of the device's
case (`case:<id>` of the office database), since nothing else remembers it. A device whose revisions have lacked one
edit three times is revoked; whoever has looked into it waves the case through, which lets the device in again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from service.auth.devices import Devices
from service.cases import entries
from service.cases.derived import MOST_SHOWN, Row, case_row
from service.cases.kinds import QUARANTINE, case_id
from service.cases.notes import PUT_BACK
from service.cases.quarantine_rows import THIRD, most_put_back
from service.errors import RoundsError
from service.parts import Parts
from sync.edits import edit_digest, in_force
from sync.intake import Judged

log = structlog.get_logger(__name__)

ACROSS = ""
"""A device is the office's matter, whatever team it is in."""


def note_put_back(parts: Parts, judged: Sequence[Judged], own: str) -> None:
    """Remember what was put back, device by device; shut out those that did it for the third time. Idempotent."""
    for each in judged:
        for device in sorted(_devices(each) - {own}):
            try:
                doc = entries.add(parts, _case(each, device), _entry(each, device))
            except RoundsError as error:  # of a thousand times enough is known; intake must go on
                log.warning("not noted that edits were put back", device=device, reason=error.code)
                continue
            if is_due(doc["entries"]):
                Devices(parts.directory).revoke(device)


def release(parts: Parts, case: Mapping[str, Any]) -> None:
    """Let the device of a case in again."""
    Devices(parts.directory).revoke(str(case["path"]), revoked=False)


def is_due(said: Sequence[Any]) -> bool:
    """Whether some edit was put back three times since the case was waved through last."""
    return most_put_back(said) % THIRD == 0


def _devices(judged: Judged) -> set[str]:
    """Whose edits came with the revisions that lacked others; one that only claims to be somebody's tells nothing."""
    sound = in_force([edit for edit in judged.fresh if edit_digest(edit) not in judged.invalid_edits])
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
