"""Deciding a case: an edit by the office's device that has seen every value; and taking a decision back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from service import language
from service.cases import entries, notes
from service.cases.kinds import CLOCK, CONFLICT
from service.cases.sitting import Pen, Standing, write
from service.errors import RoundsError, Texts
from service.parts import Parts
from service.readmodel.paging import Row
from sync.edits import Edit, same
from sync.merge import ASK, STATE, STATES, Collision, is_row
from sync.record import Derived
from sync.state import SUBMITTED, WITHDRAWN

DECIDABLE = frozenset({CONFLICT, CLOCK})


@dataclass(frozen=True)
class Choice:
    """What was decided: the edit whose value stands, or another value (None leaves the field empty); and why.

    `heads` are the edits whose values whoever decides has looked at; None where that is not known.
    """

    edit: str | None = None
    value: Any = None
    note: str | None = None
    heads: Collection[str] | None = None


@dataclass(frozen=True)
class Decided:
    """The edit that a decision made, and the record's revision that holds it."""

    edit_id: str
    rev: str


def decide(
    parts: Parts, person: str, case: Row, choice: Choice, *, edit_id: str | None = None, batch: str | None = None
) -> Decided:
    """Settle a case of the read model. `person` decides; the office's device signs.

    With an `edit_id` of the caller's, deciding again changes nothing. Raises `RoundsError`: `undecidable`,
    `case_closed`, `case_changed`, `choice_unknown`, `value_invalid`, or `busy` where others write all the time.
    """
    if case["kind"] not in DECIDABLE:
        raise RoundsError("undecidable")
    pen = Pen(parts, person)

    def make(standing: Standing) -> list[Edit]:
        if edit_id and standing.holds(edit_id):
            return []
        return [_deciding(pen, standing, case["path"], choice, edit_id)]

    edits, rev = write(parts, case["record_team"], case["record"], make)
    decided = edits[0]["id"] if edits else str(edit_id)
    said = entries.entry(person, notes.DECIDED, entry_id=decided, edit=decided, text=choice.note, batch=batch)
    entries.add(parts, case, said)
    return Decided(decided, rev)


def undo(
    parts: Parts, person: str, case: Row, note: str | None, *, batch: str | None = None, decision: str | None = None
) -> Decided:
    """Take back the decision that is in force, so that the values stand against each other again, everywhere.

    For each value that was decided about one edit sets it again, each having seen the decision and not the others: so
    they are heads, and collide by the same rule as any. With `decision`, only that one is taken back. Raises
    `RoundsError` `not_decided` or `decision_superseded`.
    """
    if case["kind"] not in DECIDABLE:
        raise RoundsError("undecidable")
    pen = Pen(parts, person)

    def make(standing: Standing) -> list[Edit]:
        found = decision_in_force(standing, case["path"], pen.device)
        if decision is not None and found["id"] != decision:
            raise RoundsError("decision_superseded")
        former = _former(standing, found, case["path"])
        restored: list[Edit] = []
        for edit in former:  # one after the other: the value that was in force before is so again
            after = [found["at"], *(each["at"] for each in restored)]
            restored.append(_restored(pen, standing, case["path"], found, edit, note, after))
        return [*restored, *_kept_open(pen, standing, case["path"], found, note)]

    edits, rev = write(parts, case["record_team"], case["record"], make)
    made = [edit["id"] for edit in edits]
    entries.add(parts, case, entries.entry(person, notes.UNDONE, entry_id=made[0], edits=made, text=note, batch=batch))
    return Decided(made[0], rev)


def collision_of(standing: Standing, path: str) -> Collision:
    """The values that stand against each other at a path. Raises `RoundsError` `case_closed` where none do."""
    for each in standing.folded.collisions:
        if each.path == path:
            return each
    heads = standing.folded.heads.get(path, ())
    if len(heads) < 2 or all(head.present == heads[0].present and same(head.value, heads[0].value) for head in heads):
        raise RoundsError("case_closed")
    return Collision(path, heads, heads[-1], ASK)  # settled by policy so far, such as by a clock that is doubted


def _deciding(pen: Pen, standing: Standing, path: str, choice: Choice, edit_id: str | None) -> Edit:
    """The deciding edit, not yet signed."""
    collision = collision_of(standing, path)
    if choice.heads is not None and {head.edit_id for head in collision.heads} != set(choice.heads):
        raise RoundsError("case_changed")
    there, value = _wanted(collision, choice)
    edit = pen.edit(
        standing,
        set={path: value} if there else {},
        unset=[] if there else [path],
        note=choice.note,
        edit_id=edit_id,
        after=[head.at for head in collision.heads],
    )
    if choice.edit is None:
        check_value(path, value, standing.after([edit]))
    return edit


def _wanted(collision: Collision, choice: Choice) -> tuple[bool, Any]:
    """Whether there shall be a value, and which."""
    if choice.edit is None:
        return choice.value is not None, choice.value
    for head in collision.heads:
        if head.edit_id == choice.edit:
            return head.present, head.value
    raise RoundsError("choice_unknown")


def check_value(path: str, value: Any, after: Derived) -> None:
    """Refuse a value that the form does not take at this path. Raises `RoundsError` `value_invalid`."""
    for problem in after.judgement.problems:
        if problem.path == path:
            shown = problem.as_json()
            raise RoundsError(
                "value_invalid",
                details={"problem": shown},
                label=Texts(shown["label"]),
                problem=Texts(shown["message"]),
            )
    fits = {STATE: value in STATES}.get(path, not is_row(path) or value in (None, {}))
    if not fits:
        raise RoundsError("value_invalid", label=path, problem=language.shown_value(value))


def decision_in_force(standing: Standing, path: str, device: str) -> Edit:
    """The office's edit that settled this path. Raises `RoundsError` `not_decided` or `decision_superseded`."""
    decided = [edit for edit in standing.folded.edits if edit["device"] == device and _settled(standing, edit, path)]
    heads = [head.edit_id for head in standing.folded.heads.get(path, ())]
    found = [edit for edit in decided if heads == [edit["id"]]]
    if not found:
        raise RoundsError("decision_superseded" if decided and len(heads) == 1 else "not_decided")
    return found[0]


def _settled(standing: Standing, edit: Edit, path: str) -> bool:
    """Whether an edit replaced values that stood against each other. Of a row only its removals have its own path."""
    former = _former(standing, edit, path) if _touches(edit, path) else []
    return len(former) > 1 or (len(former) == 1 and (is_row(path) or _withdraws(former[0], path)))


def _former(standing: Standing, decision: Edit, path: str) -> list[Edit]:
    """The edits that a decision replaced at a path, the oldest first. Those below a row still stand by themselves."""
    by_id = standing.by_id
    former = [
        by_id[name] for name in {*decision["seen"].get(path, ())} if name in by_id and _touches(by_id[name], path)
    ]
    return sorted(former, key=lambda edit: (edit["at"], edit["id"]))


def _withdraws(edit: Edit, path: str) -> bool:
    return path == STATE and edit["set"].get(STATE) == WITHDRAWN


def _kept_open(pen: Pen, standing: Standing, path: str, decision: Edit, note: str | None) -> list[Edit]:
    """A decision for withdrawing has seen every change; the changes it overruled speak again through one edit."""
    if not _withdraws(decision, path) or any(not _withdraws(edit, path) for edit in _former(standing, decision, path)):
        return []
    edit = pen.edit(standing, set={STATE: SUBMITTED}, note=note, after=[decision["at"]])
    return [edit | {"seen": {STATE: [decision["id"]]}}]


def _touches(edit: Edit, path: str) -> bool:
    return path in edit["set"] or path in edit["unset"]


def _restored(
    pen: Pen, standing: Standing, path: str, decision: Edit, former: Edit, note: str | None, after: Sequence[str]
) -> Edit:
    there = path in former["set"]
    edit = pen.edit(
        standing,
        set={path: former["set"][path]} if there else {},
        unset=[] if there else [path],
        note=note,
        after=after,
    )
    return edit | {"seen": {path: [decision["id"], former["id"]]}}
