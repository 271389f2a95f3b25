"""Joining records that are the same thing, and taking them apart again: both stay, and every step is an edit.

The record that stays gets the values that were chosen from the others. Each of the others is withdrawn and names the
one that it was joined into (`/_joined`). The record that stays is written first: where the machine stops in between,
the case is still open, and joining again goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.files import FILES
from service.cases import entries, notes
from service.cases.kinds import DUPLICATE
from service.cases.sitting import Pen, Standing, stand, write
from service.errors import RoundsError
from service.parts import Parts
from service.readmodel.paging import Row
from sync.edits import Edit, same
from sync.heads import Head
from sync.merge import OWN, is_row
from sync.state import DRAFT, JOINED, STATE, WITHDRAWN

Known = tuple[str, str]
"""A record, by team and id."""


@dataclass(frozen=True)
class Joint:
    """How records are to be joined: which one stays, which values it takes from which other, and why.

    `take` gives for a path the record that its value comes from; a row comes with all that is below it.
    """

    survivor: Known
    take: Mapping[str, Known] = field(default_factory=dict)
    note: str | None = None


def join(parts: Parts, person: str, case: Row, joint: Joint) -> list[str]:
    """Join the records of a case; the ids of the edits that did it.

    Raises `RoundsError`: `not_joinable` where the case is not open or is not about these, `record_undecided` where one
    of them has conflicts that were not decided, `files_across_teams`, `busy`. What was filled in
    wrongly is taken as it is: the judge says so, as it did before.
    """
    documents = _documents(case)
    others = [known for known in documents if known != joint.survivor]
    unknown = {joint.survivor, *joint.take.values()} - set(documents)
    if case["kind"] != DUPLICATE or case["status"] != "open" or not others or unknown:
        raise RoundsError("not_joinable")
    standings = {known: _settled(parts, known) for known in documents}
    pen = Pen(parts, person)
    taken = _take(parts, pen, joint, standings)
    made = [*taken]
    for other in others:
        made += _withdraw(parts, pen, case["id"], other, joint, taken)
    said = {"survivor": list(joint.survivor), "take": {path: list(known) for path, known in joint.take.items()}}
    new = entries.entry(person, notes.JOINED, entry_id=made[-1], edits=made, text=joint.note, **said)
    entries.add(parts, case, new)
    return made


def unjoin(parts: Parts, person: str, case: Row, note: str | None) -> list[str]:
    """Take the joined records of a case apart: each is what it was, and the one that stayed gives back what it took.

    What was set anew since stays. Raises `RoundsError` `not_joined`, `busy`.
    """
    pen = Pen(parts, person)
    made: list[str] = []
    for known in _documents(case):
        mark = _mark(parts, stand(parts, *known))
        if mark is None or mark.value["case"] != case["id"]:
            continue  # the one that stayed, or taken apart by an attempt that broke off
        survivor = (str(mark.value["team"]), str(mark.value["record"]))
        for taken in mark.value.get("edits", ()):
            made += _give_back(parts, pen, survivor, str(taken), note)
        made += _restore(parts, pen, known, note)
    if not made:
        raise RoundsError("not_joined")
    entries.add(parts, case, entries.entry(person, notes.UNJOINED, entry_id=made[-1], edits=made, text=note))
    return made


def _documents(case: Row) -> list[Known]:
    return [(each["team"], each["record"]) for each in case["detail"].get("documents", ())]


def _settled(parts: Parts, known: Known) -> Standing:
    """A record in which nothing is left to decide: otherwise joining would decide it unseen."""
    standing = stand(parts, *known)
    if standing.folded.collisions:
        raise RoundsError("record_undecided", record=known[1])
    return standing


def _take(parts: Parts, pen: Pen, joint: Joint, standings: Mapping[Known, Standing]) -> list[str]:
    """Let the record that stays have the chosen values; the edit's id, none where it has them all already."""
    values = {}
    for path, known in joint.take.items():
        values.update(_below(standings[known], path, across=known[0] != joint.survivor[0]))

    def make(standing: Standing) -> list[Edit]:
        heads = standing.folded.heads
        fresh = {
            path: value
            for path, value in values.items()
            if not (path in heads and heads[path][-1].present and same(heads[path][-1].value, value))
        }
        return [pen.edit(standing, set=fresh, note=_told(joint), after=[standing.folded.at])] if fresh else []

    return [edit["id"] for edit in write(parts, *joint.survivor, make)[0]] or _taken_before(pen, joint, standings)


def _taken_before(pen: Pen, joint: Joint, standings: Mapping[Known, Standing]) -> list[str]:
    """The edit of an attempt that broke off before the others were withdrawn."""
    told = _told(joint)
    mine = [each for each in standings[joint.survivor].folded.edits if each["device"] == pen.device]
    return [edit["id"] for edit in mine if joint.take and edit.get("note") == told][-1:]


def _told(joint: Joint) -> str:
    """The reason, and from which records the values came: it travels with the edit."""
    lines = [f"← {record}: {', '.join(paths)}" for record, paths in _by_record(joint.take).items()]
    return "\n".join([*([joint.note] if joint.note else []), *lines])


def _by_record(take: Mapping[str, Known]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, (_, record) in sorted(take.items()):
        found.setdefault(record, []).append(path)
    return found


def _below(standing: Standing, path: str, *, across: bool) -> dict[str, Any]:
    """The value of a path, or of a row with all that is in it. Raises `RoundsError` `choice_unknown`."""
    heads = standing.folded.heads
    found = {
        each: head[-1].value
        for each, head in heads.items()
        if each not in OWN and head[-1].present and (each == path or (is_row(path) and each.startswith(f"{path}/")))
    }
    if path not in found:
        raise RoundsError("choice_unknown")
    fields = [standing.form.field(each) for each in found]
    if across and any(each is not None and each.type in FILES for each in fields):
        raise RoundsError("files_across_teams")
    return found


def _withdraw(parts: Parts, pen: Pen, case: str, other: Known, joint: Joint, taken: Sequence[str]) -> list[str]:
    team, record = joint.survivor
    mark = {"case": case, "team": team, "record": record, "edits": list(taken)}

    def make(standing: Standing) -> list[Edit]:
        changes = {STATE: WITHDRAWN, JOINED: mark}
        return [pen.edit(standing, set=changes, note=joint.note, after=[standing.folded.at])]

    return [edit["id"] for edit in write(parts, *other, make)[0]]


def _mark(parts: Parts, standing: Standing) -> Head | None:
    """Where the office says that it has joined a record into another.

    A tablet's word is none: it could name any record of any team, and the office would write into that.
    """
    head = standing.folded.joined
    device = parts.library.device(head.device) if head else None
    return head if device is not None and device.speaks_for_all else None


def _give_back(parts: Parts, pen: Pen, survivor: Known, taken: str, note: str | None) -> list[str]:
    """Set what the joining edit set to what was there before, wherever it is still what stands."""

    def make(standing: Standing) -> list[Edit]:
        edit = standing.by_id.get(taken)
        if edit is None:
            return []
        heads = standing.folded.heads
        own = [path for path in edit["set"] if [head.edit_id for head in heads.get(path, ())] == [taken]]
        former = {path: _former(standing, edit, path) for path in own}
        back = {path: value for path, value in former.items() if value is not None}
        gone = [path for path, value in former.items() if value is None]
        return [pen.edit(standing, set=back, unset=gone, note=note, after=[edit["at"]])] if own else []

    return [edit["id"] for edit in write(parts, *survivor, make)[0]]


def _restore(parts: Parts, pen: Pen, known: Known, note: str | None) -> list[str]:
    """Let a withdrawn record be what it was."""

    def make(standing: Standing) -> list[Edit]:
        mark = _mark(parts, standing)
        if mark is None:
            return []
        state = _former(standing, standing.by_id[mark.edit_id], STATE) or DRAFT
        return [pen.edit(standing, set={STATE: state}, unset=[JOINED], note=note, after=[mark.at])]

    return [edit["id"] for edit in write(parts, *known, make)[0]]


def _former(standing: Standing, edit: Edit, path: str) -> Any:
    """The value that an edit replaced at a path; None where there was none."""
    seen = [standing.by_id[name] for name in edit["seen"].get(path, ()) if name in standing.by_id]
    touching = [each for each in seen if path in each["set"] or path in each["unset"]]
    last = max(touching, key=lambda each: (each["at"], each["id"]), default=None)
    return last["set"].get(path) if last else None
