"""A judged record as rows of the read model's tables. Pure: the same record gives the same rows, at every rebuild."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from service.cases.derived import text
from sync.edits import contested, edit_digest, edit_id, is_erased
from sync.intake import Judged
from sync.verdict import CONTESTED

Row = dict[str, Any]
UNIT_MOST = 200
"""Characters of an entity's id."""


def record_row(team: str, judged: Judged) -> Row:
    """The row that lists show."""
    last = max(judged.read, key=lambda edit: (edit["at"], edit["id"]), default={})
    return {
        "team": team,
        "id": judged.record_id,
        "mailbox": judged.mailbox,
        "form": judged.form,
        "version": judged.version,
        "rev": judged.rev,
        "state": text(judged.state),
        "verdict": judged.verdict,
        "reason": judged.reason,
        "digest": judged.receipt["digest"],
        "answers": judged.answers,
        "receipt": judged.receipt,
        "label": dict(judged.label),
        "task": judged.task and text(judged.task),
        "problem_count": len(judged.problems),
        "collision_count": len(judged.collisions),
        "edit_count": len(judged.edits),
        "updated": judged.at,
        "updated_by": text(last.get("by")),
        "identity": [list(part) for part in judged.identity] or None,
        "unit": _unit(judged),
        "last_edit": text(last.get("id")),
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
            "id": text(edit_id(edit)),
            "digest": digest,
            "at": text(known.get("at")),
            "by": text(known.get("by")),
            "device": text(known.get("device")),
            "erased": is_erased(edit),
            "fault": fault,
            "edit": edit,
        }


def _unit(judged: Judged) -> str | None:
    """The unit that a record is about, where its form asks for one."""
    unit = judged.answers.get("unit")
    return unit if isinstance(unit, str) and "\0" not in unit and len(unit) <= UNIT_MOST else None


def media_rows(team: str, judged: Judged) -> Iterator[Row]:
    """One row for each file that the answers name."""
    told = judged.receipt.get("media", {"arrived": ()})
    here = set(told["arrived"])
    named_by = _first_named(judged)
    for digest in judged.media:
        yield {
            "team": team,
            "record": judged.record_id,
            "digest": digest,
            "device": named_by.get(digest, ""),
            "arrived": digest in here,
        }


def _first_named(judged: Judged) -> dict[str, str]:
    """The device of the first edit that names each file."""
    wanted, found = set(judged.media), dict[str, str]()
    for edit in sorted(judged.read, key=lambda each: (each["at"], each["id"])) if wanted else ():
        for value in edit["set"].values():
            for each in value if isinstance(value, list) else [value]:
                if isinstance(each, str) and each in wanted:
                    found.setdefault(each, text(edit["device"]))
    return found


def _search(judged: Judged) -> str:
    people = sorted({text(edit.get("by")) for edit in judged.edits if isinstance(edit, dict)})
    return text(" ".join([*dict.fromkeys(judged.label.values()), judged.record_id, *people]).lower())
