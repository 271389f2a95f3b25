"""Deciding a case: an edit by the office's device that has seen every value, and a page in the audit trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.canonical import CanonicalError
from schemas.form import Form
from service import language
from service.auth.devices import device_id
from service.campaign import mailbox_of
from service.errors import RoundsError, Texts
from service.identifiers import ulid
from service.parts import Parts
from service.readmodel.paging import Row
from service.version import VERSION
from sync.clock import Clock, ClockError
from sync.edits import Edit, union
from sync.merge import STATE, STATES, Collision, Head, is_row
from sync.record import Derived, derive, merged_body, new_edit
from sync.signature import sign_edit
from sync.store import Conflict, Database, Document
from sync.verdict import Judge

TRIES = 8


@dataclass(frozen=True)
class Choice:
    """What was decided: the edit whose value stands, or another value (None leaves the field empty); and why."""

    edit: str | None = None
    value: Any = None
    note: str | None = None


@dataclass(frozen=True)
class Decided:
    """The edit that a decision made, and the record's revision that holds it."""

    edit_id: str
    rev: str


@dataclass(frozen=True)
class _Situation:
    """A record as it stands in the mailbox at the moment of deciding."""

    winner: Document
    edits: list[Any]
    faults: Mapping[str, str]
    form: Form
    derived: Derived
    collision: Collision


def decide(parts: Parts, person: str, case: Row, choice: Choice) -> Decided:
    """Settle a case of the read model. `person` decides; the office's device signs.

    Raises `RoundsError`: `case_closed`, `choice_unknown`, `value_invalid`, or `busy` where the record is being changed
    all the time.
    """
    mailbox = parts.store.database(mailbox_of(case["record_team"]))
    for _ in range(TRIES):
        situation = _look(parts, mailbox, case)
        edit = _edit(parts, person, situation, choice)
        after = _after(situation, edit)
        if choice.edit is None:
            _check_value(situation.collision.path, choice.value, after)
        with suppress(Conflict):
            rev = mailbox.put(_body(parts, case, situation, edit, after))
            _note_in_audit(parts, person, case, edit, rev)
            return Decided(edit["id"], rev)
    raise RoundsError("busy", retry_after=1)


def _look(parts: Parts, mailbox: Database, case: Row) -> _Situation:
    """Read every leaf: two tablets' edits may not have been merged yet."""
    leaves = [leaf for leaf in mailbox.leaves(case["record"]) if isinstance(leaf.get("edits"), list)]
    live = [leaf for leaf in leaves if not leaf.get("_deleted")]
    if not live:
        raise RoundsError("case_closed")
    winner, edits, judge = mailbox.get(case["record"]), union(*(leaf["edits"] for leaf in leaves)), _judge(parts)
    faults, form = judge.faults(case["record"], edits), judge.form_of(winner, edits)
    if form is None:
        raise RoundsError("form_unknown")
    derived = derive(edits, form, excluded=faults)
    found = [each for each in derived.folded.collisions if each.path == case["path"]]
    if not found:
        raise RoundsError("case_closed")
    return _Situation(winner, edits, faults, form, derived, found[0])


def _judge(parts: Parts) -> Judge:
    return Judge(parts.library, "office")


def _edit(parts: Parts, person: str, situation: _Situation, choice: Choice) -> Edit:
    """The deciding edit, not yet signed."""
    path = situation.collision.path
    there, value = _wanted(situation.collision, choice)
    device = device_id(parts.keys.office_device.public_key())
    return new_edit(
        situation.derived.folded,
        new_id=ulid(),
        at=_time(device, situation.collision.heads),
        by=person,
        device=device,
        app=f"office/{VERSION}",
        version=situation.derived.folded.version,
        set={path: value} if there else {},
        unset=[] if there else [path],
        note=choice.note,
    )


def _wanted(collision: Collision, choice: Choice) -> tuple[bool, Any]:
    """Whether there shall be a value, and which."""
    if choice.edit is None:
        return choice.value is not None, choice.value
    for head in collision.heads:
        if head.edit_id == choice.edit:
            return head.present, head.value
    raise RoundsError("choice_unknown")


def _time(device: str, heads: Sequence[Head]) -> str:
    """Now by the office's clock, and after every value that is decided about where their clocks can be believed."""
    clock = Clock(device, wall=lambda: datetime.now(UTC))
    for head in heads:
        with suppress(ClockError):
            clock.observe(head.at)
    return clock.tick()


def _after(situation: _Situation, edit: Edit) -> Derived:
    """What the record amounts to with the decision in it."""
    return derive([*situation.edits, edit], situation.form, excluded=situation.faults)


def _check_value(path: str, value: Any, after: Derived) -> None:
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


def _body(parts: Parts, case: Row, situation: _Situation, edit: Edit, after: Derived) -> Document:
    try:
        signed = sign_edit(case["record"], edit, parts.keys.office_device)
    except CanonicalError:
        raise RoundsError("value_invalid", label=case["path"], problem="") from None
    body = merged_body(situation.winner, union(situation.edits, [signed]), after)
    return body | {"_rev": situation.winner["_rev"]}


def _note_in_audit(parts: Parts, person: str, case: Row, edit: Edit, rev: str) -> None:
    """Say in the audit trail who decided what. The record itself proves it; this is where one looks first."""
    doc = {
        "_id": f"decision:{edit['id']}",
        "type": "decision",
        "case": case["id"],
        "team": case["team"],
        "record": case["record"],
        "path": case["path"],
        "rev": rev,
        "by": person,
        "at": edit["at"],
        "edit": edit,
    }
    with suppress(Conflict):
        parts.store.database("audit").put(doc)
