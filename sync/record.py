"""One record: what its edits amount to under its form version, and how the next edit is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.answers import Judgement, judge
from schemas.form import Form
from sync import clock
from sync.edits import Edit
from sync.merge import Folded, fold, is_row
from sync.state import STATE, WITHDRAWN, everything_seen

NewId = Callable[[], str]
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Derived:
    """`f(edits, form version)`: what the edits amount to, and the verdict on it."""

    folded: Folded
    judgement: Judgement


def derive(edits: Sequence[Any], form: Form, *, excluded: Collection[str] = frozenset()) -> Derived:
    """Fold the edits and judge the outcome. `now` is the time of the last edit in force, so that the verdict depends on
    the edits and the form version alone."""
    folded = fold(edits, form, excluded=excluded)
    return Derived(folded, judge(form, folded.values, state=folded.state, now=time_of(folded)))


def time_of(folded: Folded) -> datetime:
    """The wall time of the last edit in force; the epoch where no time can be read."""
    try:
        return clock.parse(folded.at).wall
    except clock.ClockError:
        return _BEGINNING


def merged_body(winner: Mapping[str, Any], edits: list[Any], derived: Derived) -> dict[str, Any]:
    """The record that holds all these edits, without `_rev`. What is not derived comes from the winning leaf."""
    return body_of(winner, edits, derived.folded.version, derived.judgement.answers)


def body_of(winner: Mapping[str, Any], edits: list[Any], version: int, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The record that holds all these edits, of this version at least, with these answers."""
    kept = {name: value for name, value in winner.items() if not name.startswith("_") or name == "_id"}
    return {**kept, "version": max(version, _version(winner)), "edits": edits, "answers": dict(answers)}


def _version(body: Mapping[str, Any]) -> int:
    found = body.get("version")
    return found if isinstance(found, int) else 0


def new_edit(
    folded: Folded,
    *,
    new_id: str,
    at: str,
    by: str,
    device: str,
    app: str,
    version: int,
    set: Mapping[str, Any] | None = None,
    unset: Iterable[str] = (),
    note: str | None = None,
) -> Edit:
    """The next edit of a record, not yet signed; `seen` names every head that it replaces.

    Taking a row away replaces the heads of every path below it too (law 11); a withdrawal has seen the whole record.
    """
    set_, unset_ = dict(set or {}), sorted(unset)
    touched = [*set_, *unset_, *_below(unset_, folded)]
    seen = {path: ids for path in touched if (ids := [head.edit_id for head in folded.heads.get(path, ())])}
    if set_.get(STATE) == WITHDRAWN:
        seen[STATE] = everything_seen(folded.heads)
    return {
        "id": new_id,
        "at": at,
        "by": by,
        "device": device,
        "app": app,
        "version": version,
        "set": set_,
        "unset": unset_,
        "seen": seen,
        "note": note,
    }


def _below(unset: Iterable[str], folded: Folded) -> list[str]:
    rows = [f"{path}/" for path in unset if is_row(path)]
    return [path for path in folded.heads if any(path.startswith(row) for row in rows)]
