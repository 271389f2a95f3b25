"""A judged record as rows of the read model's tables. Pure: the same record gives the same rows, at every rebuild."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schemas import canonical
from sync.edits import contested, edit_digest, edit_id, in_force, is_erased
from sync.intake import Judged
from sync.merge import Collision, Head
from sync.verdict import CONTESTED

Row = dict[str, Any]
LONGEST = 1000
"""Characters of a text that people typed or that a device claims."""


def case_id(record_id: str, path: str) -> str:
    """The id of the case about one path of one record."""
    return "conflict-" + hashlib.sha256(f"{record_id}\n{path}".encode()).hexdigest()[:20]


def record_row(team: str, judged: Judged) -> Row:
    """The row that lists show."""
    last = max(in_force(judged.edits, judged.invalid_edits), key=lambda edit: (edit["at"], edit["id"]), default={})
    return {
        "team": team,
        "id": judged.record_id,
        "mailbox": judged.mailbox,
        "form": judged.form,
        "version": judged.version,
        "rev": judged.rev,
        "state": _text(judged.state),
        "verdict": judged.verdict,
        "reason": judged.reason,
        "digest": judged.receipt["digest"],
        "answers": judged.answers,
        "receipt": judged.receipt,
        "label": dict(judged.label),
        "task": judged.task and _text(judged.task),
        "problem_count": len(judged.problems),
        "collision_count": len(judged.collisions),
        "edit_count": len(judged.edits),
        "updated": judged.at,
        "updated_by": _text(last.get("by")),
        "search": _search(judged),
    }


def problem_rows(team: str, judged: Judged) -> Iterator[Row]:
    """One row for each mistake, in the order of the form."""
    for position, problem in enumerate(judged.problems):
        yield {
            "team": team,
            "record": judged.record_id,
            "position": position,
            "path": problem.path,
            "code": problem.code,
            "problem": problem.as_json(),
        }


def edit_rows(team: str, judged: Judged) -> Iterator[Row]:
    """One row for each edit, in the order of the record."""
    doubtful = contested(judged.edits, judged.invalid_edits)
    for position, edit in enumerate(judged.edits):
        known = edit if isinstance(edit, dict) else {}
        digest = edit_digest(edit)
        fault = judged.invalid_edits.get(digest) or (CONTESTED if edit_id(edit) in doubtful else None)
        yield {
            "team": team,
            "record": judged.record_id,
            "position": position,
            "id": _text(edit_id(edit)),
            "digest": digest,
            "at": _text(known.get("at")),
            "by": _text(known.get("by")),
            "device": _text(known.get("device")),
            "erased": is_erased(edit),
            "fault": fault,
            "edit": edit,
        }


def case_rows(team: str, judged: Judged) -> Iterator[Row]:
    """Open cases for what collides now, closed ones for collisions that an edit has since settled."""
    common = {"team": team, "record": judged.record_id, "form": judged.form}
    for collision in judged.collisions:
        yield common | _open(judged.record_id, collision)
    open_paths = {collision.path for collision in judged.collisions}
    for path, (closing, seen) in _settled(judged).items():
        if path not in open_paths:
            yield common | _closed(judged.record_id, path, closing, seen)


def _open(record_id: str, collision: Collision) -> Row:
    return {
        "id": case_id(record_id, collision.path),
        "path": collision.path,
        "status": "open",
        "opened": max(head.at for head in collision.heads),
        "closed_by": None,
        "in_force": _text(collision.in_force.edit_id),
        "heads": [_head(head) for head in collision.heads],
    }


def _head(head: Head) -> Row:
    return {
        "edit": head.edit_id,
        "value": head.value,
        "present": head.present,
        "at": head.at,
        "by": head.by,
        "device": head.device,
        "version": head.version,
    }


def _closed(record_id: str, path: str, closing: Mapping[str, Any], seen: Sequence[Mapping[str, Any]]) -> Row:
    return {
        "id": case_id(record_id, path),
        "path": path,
        "status": "closed",
        "opened": max(edit["at"] for edit in seen),
        "closed_by": _text(closing["id"]),
        "in_force": _text(closing["id"]),
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
            if len({canonical.dumps(each["set"].get(path)) for each in seen}) > 1:
                settled[path] = (edit, seen)
    return settled


def _touches(edit: Mapping[str, Any], path: str) -> bool:
    return path in edit["set"] or path in edit["unset"]


def _search(judged: Judged) -> str:
    people = sorted({_text(edit.get("by")) for edit in judged.edits if isinstance(edit, dict)})
    return _text(" ".join([*dict.fromkeys(judged.label.values()), judged.record_id, *people]).lower())


def _text(value: object) -> str:
    """Text that every database can hold: PostgreSQL has no NUL, and no column needs a novel."""
    return value.replace("\0", "\ufffd")[:LONGEST] if isinstance(value, str) else ""
