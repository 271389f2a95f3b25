"""Cases as they follow from a judged record alone. Pure: the same record gives the same cases, at every rebuild."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import islice
from typing import Any

from schemas import canonical
from service.cases.kinds import (
    CLOCK,
    CONFLICT,
    CONTESTED,
    HELD,
    INVALID,
    LATE,
    MISMATCH,
    SIGNATURE,
    case_id,
    due_of,
)
from sync.doubt import contradicted
from sync.edits import contested, edit_digest, well_formed
from sync.intake import Judged
from sync.merge import Collision, Head
from sync.origin import origin_of
from sync.state import APPROVED, RETURNED, STATE, WITHDRAWN
from sync.verdict import BAD_SIGNATURE, EDIT_FAULTS, REVOKED_DEVICE, WRONG_AUTHOR

Row = dict[str, Any]
OPEN, CLOSED = "open", "closed"
LONGEST = 1000
"""Characters of a text that people typed or that a device claims."""
MOST_CONFLICTS = 200
"""Open cases about one record's paths: the next come up as these are settled."""
MOST_SHOWN = 20
"""Mistakes, edits or fields that a case names; it tells how many there are in all."""


def case_rows(team: str, judged: Judged) -> Iterator[Row]:
    """Open cases for what waits now, closed ones for collisions that an edit has since settled."""
    yield from _conflicts(team, judged)
    alone = (_invalid, _held, _mismatch, _signature, _late, _contested)
    for found in (find(judged) for find in alone):
        if found is not None:
            yield base(team, judged, found.pop("kind")) | found


def base(team: str, judged: Judged, kind: str, path: str = "") -> Row:
    """An open case about one record, or one path of it."""
    return case_row(
        kind, case_id(kind, team, judged.record_id, path), team, judged.record_id, judged.form, judged.at
    ) | {"path": path}


def case_row(kind: str, name: str, team: str, record: str, form: str, opened: str) -> Row:
    """An open case that nobody has said anything about yet."""
    return {
        "id": name,
        "team": team,
        "kind": kind,
        "record_team": team,
        "record": record,
        "form": form,
        "path": "",
        "rule_status": OPEN,
        "opened": opened,
        "rule_due": due_of(kind, opened),
        "closed_by": None,
        "in_force": None,
        "heads": [],
        "detail": {},
        "fingerprint": "",
    }


def text(value: object) -> str:
    """Text that every database can hold: PostgreSQL has no NUL, and no column needs a novel."""
    return value.replace("\0", "\ufffd")[:LONGEST] if isinstance(value, str) else ""


def _conflicts(team: str, judged: Judged) -> Iterator[Row]:
    doubtful = contradicted(judged.read) if judged.collisions else frozenset()
    for collision in islice(judged.collisions, MOST_CONFLICTS):
        row = base(team, judged, CONFLICT, collision.path) | _open(collision, judged)
        row["heads"] = [head | {"contradicted": head["edit"] in doubtful} for head in row["heads"]]
        row["rule_due"] = due_of(CONFLICT, row["opened"])
        left = len(judged.collisions) - MOST_CONFLICTS
        yield row | ({"detail": {"more": left}} if left > 0 else {})
    open_paths = {collision.path for collision in judged.collisions}
    for path, (closing, seen) in _settled(judged).items():
        if path not in open_paths:
            yield base(team, judged, CONFLICT, path) | _closed(path, closing, seen)


def _open(collision: Collision, judged: Judged) -> Row:
    return {
        "opened": max(head.at for head in collision.heads),
        "in_force": text(collision.in_force.edit_id),
        "heads": [_with_origin(head, collision.path, judged) for head in collision.heads],
    }


def head_row(head: Head) -> Row:
    """One value that stands, as a case shows it."""
    return {
        "edit": head.edit_id,
        "value": head.value,
        "present": head.present,
        "at": head.at,
        "by": head.by,
        "device": head.device,
        "version": head.version,
    }


def clock_row(team: str, judged: Judged, settled: Collision) -> Row:
    """An open case about a value that the clocks have settled; whether it is one, the devices' reports say."""
    return base(team, judged, CLOCK, settled.path) | _open(settled, judged)


def _with_origin(head: Head, path: str, judged: Judged) -> Row:
    """A head, and who first gave its value: a decision that was taken back has set it again."""
    first = origin_of(path, head, judged.read)
    told = {"edit": first.edit_id, "at": first.at, "by": first.by, "device": first.device, "version": first.version}
    return head_row(head) | {"origin": told}


def _closed(path: str, closing: Mapping[str, Any], seen: Sequence[Mapping[str, Any]]) -> Row:
    opened = max(edit["at"] for edit in seen)
    return {
        "rule_status": CLOSED,
        "opened": opened,
        "rule_due": due_of(CONFLICT, opened),
        "closed_by": text(closing["id"]),
        "in_force": text(closing["id"]),
        "heads": [_seen_head(edit, path) for edit in seen],
    }


def _seen_head(edit: Mapping[str, Any], path: str) -> Row:
    same = {name: edit.get(name) for name in ("at", "by", "device", "version")}
    return same | {"edit": edit["id"], "value": edit["set"].get(path), "present": path in edit["set"]}


def _settled(judged: Judged) -> dict[str, tuple[Row, list[Row]]]:
    """For each path the last edit that had seen several values there, and the edits whose values it saw."""
    if len(judged.edits) < 2:
        return {}  # one edit alone has not seen two values
    sound = sorted(judged.read, key=lambda edit: (edit["at"], edit["id"]))
    by_id = {edit["id"]: edit for edit in sound}
    settled: dict[str, tuple[Row, list[Row]]] = {}
    for edit in sound:
        for path, ids in edit["seen"].items():
            seen = [by_id[each] for each in ids if each in by_id and _touches(by_id[each], path)]
            if _stood_against_each_other(path, [each["set"].get(path) for each in seen]):
                settled[path] = (edit, seen)
    return settled


def _stood_against_each_other(path: str, values: Sequence[Any]) -> bool:
    """Whether somebody had to decide. Of states most are progress (law 5)."""
    if path == STATE:
        return {RETURNED, APPROVED} <= {*map(str, values)} or (WITHDRAWN in values and {*values} != {WITHDRAWN})
    return len({canonical.dumps(value) for value in values}) > 1


def _touches(edit: Mapping[str, Any], path: str) -> bool:
    return path in edit["set"] or path in edit["unset"]


def _invalid(judged: Judged) -> Row | None:
    """The record came back to its team to be mended."""
    wrong = [problem for problem in judged.problems if problem.code not in EDIT_FAULTS]
    if judged.verdict != "returned" or not wrong:
        return None
    first = [problem.as_json() for problem in wrong[:MOST_SHOWN]]
    return {"kind": INVALID, "detail": {"count": len(wrong), "problems": first}}


def _held(judged: Judged) -> Row | None:
    """The judge cannot say anything about it yet."""
    if judged.verdict != "held" or judged.reason == REVOKED_DEVICE:
        return None  # of late edits there is a case of their own
    return {"kind": HELD, "detail": {"reason": judged.reason, "version": judged.version}}


def _mismatch(judged: Judged) -> Row | None:
    """The tablet worked out other answers from the same edits (law 14)."""
    if not judged.differing:
        return None
    fields = [text(name) for name in judged.differing]
    detail = {"count": len(fields), "fields": fields[:MOST_SHOWN]}
    return {"kind": MISMATCH, "detail": detail, "fingerprint": canonical.digest(fields)}


def _signature(judged: Judged) -> Row | None:
    """Edits whose signature fails or is not their author's: kept, and they count for nothing (law 6)."""
    return _faulty(judged, SIGNATURE, {BAD_SIGNATURE, WRONG_AUTHOR})


def _late(judged: Judged) -> Row | None:
    """Edits of a revoked device that came after it was revoked: somebody decides whether they count."""
    return _faulty(judged, LATE, {REVOKED_DEVICE})


def _faulty(judged: Judged, kind: str, faults: AbstractSet[str]) -> Row | None:
    wrong = {digest: fault for digest, fault in judged.invalid_edits.items() if fault in faults}
    found = [edit for edit in well_formed(judged.edits) if edit_digest(edit) in wrong] if wrong else []
    return _about_edits(kind, found, wrong) if found else None


def _contested(judged: Judged) -> Row | None:
    """Several edits go by one id: none of them counts (law 6)."""
    doubtful = contested(judged.edits, judged.invalid_edits)
    sound = well_formed(judged.edits, judged.invalid_edits) if doubtful else ()
    found = [edit for edit in sound if edit["id"] in doubtful]
    return _about_edits(CONTESTED, found, {}) if found else None


def _about_edits(kind: str, found: Sequence[Mapping[str, Any]], faults: Mapping[str, str]) -> Row:
    opened = max(edit["at"] for edit in found)
    digests = sorted(edit_digest(edit) for edit in found)
    named = [_named(edit, faults) for edit in found[:MOST_SHOWN]]
    return {
        "kind": kind,
        "opened": opened,
        "rule_due": due_of(kind, opened),
        "detail": {"count": len(found), "edits": named},
        "fingerprint": canonical.digest(digests),
    }


def _named(edit: Mapping[str, Any], faults: Mapping[str, str]) -> Row:
    digest = edit_digest(edit)
    shown = {name: text(edit.get(name)) for name in ("id", "at", "by", "device")}
    return shown | {"digest": digest, "fault": faults.get(digest)}
