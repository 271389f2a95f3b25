"""Why a path of a record has its value: every edit that gave it one, and what it is worked out from. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from schemas.expression.parse import references
from schemas.form import Expression, Field, Form
from sync.edits import Edit
from sync.heads import Head, is_row, rows_above
from sync.merge import STATE, Folded
from sync.origin import origin_of

ANSWERED, COMPUTED, ABSENT = "answered", "computed", "absent"


@dataclass(frozen=True)
class Step:
    """One edit of a path, as the form version reads it. `present` is false where it took the value away.

    `replaced` are the edits whose values it had seen, of those that are known; `first` is the edit that gave this value
    before anybody repeated it; `stands` says that no edit has replaced it.
    """

    edit: Edit
    value: Any
    present: bool
    replaced: tuple[str, ...]
    first: str
    stands: bool


@dataclass(frozen=True)
class Provenance:
    """How one path came by its value. `kind` is `answered`, `computed` or `absent`; `steps` the oldest first.

    `policy` is the field's where several values stand; `reads` are the paths that a computed value is worked out from.
    """

    path: str
    kind: str
    value: Any
    policy: str | None
    steps: tuple[Step, ...]
    reads: tuple[str, ...]


def provenance(path: str, folded: Folded, form: Form | None, answers: Any) -> Provenance:
    """Where the value of a path comes from. `answers` are the judge's, nested; an unknown path has no steps."""
    field = form.field(path) if form is not None and path != STATE else None
    value = folded.state if path == STATE else value_at(path, answers)
    computed = field is not None and field.is_computed
    heads = folded.heads.get(path, ())
    return Provenance(
        path=path,
        kind=COMPUTED if computed else ABSENT if value is None else ANSWERED,
        value=value,
        policy=field.merge if field is not None and len(heads) > 1 else None,
        steps=tuple(_steps(path, folded, heads)),
        reads=_reads(path, field, form) if field is not None and form is not None else (),
    )


def value_at(path: str, answers: Any) -> Any:
    """What stands at a path of nested answers; None where nothing does."""
    here = answers
    for part in path.strip("/").split("/"):
        if isinstance(here, list):
            here = next((row for row in here if isinstance(row, dict) and row.get("_row") == part), None)
        else:
            here = here.get(part) if isinstance(here, dict) else None
    return here


def _steps(path: str, folded: Folded, heads: Iterable[Head]) -> Iterable[Step]:
    standing = {head.edit_id for head in heads}
    known = {edit["id"] for edit in folded.edits}
    for edit in sorted(folded.edits, key=lambda edit: (edit["at"], edit["id"])):
        if path not in edit["set"] and path not in edit["unset"]:
            continue
        head = Head(
            edit["id"],
            {} if is_row(path) else edit["set"].get(path),
            edit["set"].get(path) is not None,
            edit["at"],
            str(edit.get("by", "")),
            str(edit.get("device", "")),
            edit["version"],
        )
        yield Step(
            edit=edit,
            value=head.value if head.present else None,
            present=head.present,
            replaced=tuple(name for name in edit["seen"].get(path, ()) if name in known),
            first=origin_of(path, head, folded.edits).edit_id,
            stands=edit["id"] in standing,
        )


def _reads(path: str, field: Field, form: Form) -> tuple[str, ...]:
    """The fields that a computed value reads, in the order of the form; those of the same row by the row's path."""
    if not isinstance(field.calculate, Expression):
        return ()
    wanted = references(field.calculate.tree)
    return tuple(_in_rows_of(path, each.path, form) for each in form.walk() if each.path in wanted)


def _in_rows_of(path: str, read: str, form: Form) -> str:
    """A field's path, within the rows that both stand in."""
    for row in reversed(rows_above(path)):
        repeat = form.field(row.rpartition("/")[0])
        if repeat is not None and read.startswith(f"{repeat.path}/"):
            return row + read.removeprefix(repeat.path)
    return read
