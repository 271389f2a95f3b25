"""Many conflicts decided at once by a rule: looked at first, then applied, each by an edit of its own, and undone.

What will be done is written down (`batch:<id>` of the office database) before anything is, with the id of every edit
to come: a batch that breaks off is finished by asking for it again, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from schemas import canonical
from service.cases import entries, rules
from service.cases.decisions import Choice, collision_of, decide, undo
from service.cases.kinds import CONFLICT
from service.cases.rules import Context, Outcome, Rule
from service.cases.sitting import Standing, stand
from service.errors import RoundsError
from service.identifiers import ulid
from service.parts import Parts
from service.readmodel.case_lists import CaseLists
from service.readmodel.office import OFFICE
from service.readmodel.paging import Row
from sync.store import Conflict, Document, NotFound, StoreError

PREFIX = "batch:"
MOST = 200
"""Cases to a batch: a person looks through them, and a request waits for them."""
DECIDED, UNDONE = "decided", "undone"


@dataclass(frozen=True)
class Line:
    """What a rule would do to one case: the value before and after it, and the choice or why it has none."""

    case: Row
    before: Any
    after: Any
    outcome: Outcome

    def as_json(self) -> dict[str, Any]:
        choice = self.outcome.choice
        return {
            "case": self.case["id"],
            "team": self.case["record_team"],
            "record": self.case["record"],
            "path": self.case["path"],
            "label": self.case["label"] or {},
            "before": self.before,
            "after": self.after,
            "choose": choice.edit if choice else None,
            "heads": sorted(choice.heads or ()) if choice else [],
            "reason": self.outcome.reason,
        }


def preview(parts: Parts, cases: Sequence[Row], rule: Rule, note: str | None) -> list[Line]:
    """What would change, case by case; nothing is written."""
    standings: dict[tuple[str, str], Standing | None] = {}
    supervisors: dict[str, frozenset[str]] = {}
    lines = []
    for case in cases:
        where, team = (case["record_team"], case["record"]), case["record_team"]
        if where not in standings:
            standings[where] = _standing(parts, *where)
        if team not in supervisors:
            supervisors[team] = CaseLists(parts.readmodel).supervisors(team)
        lines.append(_line(case, standings[where], rule, note, supervisors[team]))
    return lines


def seal(lines: Sequence[Line]) -> str:
    """A digest of what a preview showed: applying asks for it, so that nothing else is done than was looked at."""
    return canonical.digest([line.as_json() for line in lines])


def apply(parts: Parts, person: str, lines: Sequence[Line], rule: Rule, note: str | None) -> Document:
    """Write the batch down and carry it out; the batch's document."""
    doc: Document = {
        "_id": PREFIX + ulid(),
        "type": "batch",
        "rule": {"name": rule.name, "whose": rule.whose},
        "note": note,
        "by": person,
        "at": entries.now(),
        "undone": None,
        "items": [_item(line) for line in lines if line.outcome.choice is not None],
    }
    parts.store.database(OFFICE).put(doc)
    return carry_out(parts, doc)


def carry_out(parts: Parts, doc: Document) -> Document:
    """Decide what of a batch is not decided yet. Each item says what became of it: `decided`, or an error's code.

    What was taken back stays so.
    """
    before = doc.get("results") or [None] * len(doc["items"])
    results = [
        was if was == UNDONE else _decided(parts, doc, item) for was, item in zip(before, doc["items"], strict=True)
    ]
    return _kept(parts, doc["_id"], {"results": results})


def take_back(parts: Parts, person: str, doc: Document, note: str | None) -> Document:
    """Undo every decision of a batch that is still in force; each says what became of it."""
    before = doc.get("results") or [None] * len(doc["items"])
    results = [
        was if was == UNDONE else _undone(parts, person, doc, item, note)
        for was, item in zip(before, doc["items"], strict=True)
    ]
    return _kept(parts, doc["_id"], {"results": results, "undone": {"by": person, "at": entries.now(), "note": note}})


def batch(parts: Parts, name: str) -> Document:
    """A batch. Raises `RoundsError` `batch_unknown`."""
    try:
        return parts.store.database(OFFICE).get(PREFIX + name)
    except NotFound:
        raise RoundsError("batch_unknown") from None


def _standing(parts: Parts, team: str, record: str) -> Standing | None:
    try:
        return stand(parts, team, record)
    except RoundsError:
        return None


def _line(case: Row, standing: Standing | None, rule: Rule, note: str | None, supervisors: frozenset[str]) -> Line:
    try:
        if standing is None or case["kind"] != CONFLICT:
            raise RoundsError("undecidable")
        collision = collision_of(standing, case["path"])
    except RoundsError as error:
        return Line(case, None, None, Outcome(reason=error.code))
    context = Context(collision, standing.folded, standing.form, supervisors)
    outcome = rules.apply(rule, context, note)
    before = collision.in_force.value
    after = _after(outcome, collision.heads) if outcome.choice else before
    return Line(case, before, after, outcome)


def _after(outcome: Outcome, heads: Sequence[Any]) -> Any:
    choice = outcome.choice
    assert choice is not None
    return next((head.value for head in heads if head.edit_id == choice.edit), choice.value)


def _item(line: Line) -> dict[str, Any]:
    choice = line.outcome.choice
    assert choice is not None
    about = {
        name: line.case[name] for name in ("id", "kind", "team", "record_team", "record", "form", "path", "opened")
    }
    made = {"choose": choice.edit, "value": choice.value, "heads": sorted(choice.heads or ()), "edit": ulid()}
    return {"case": about, **made}


def _decided(parts: Parts, doc: Document, item: Mapping[str, Any]) -> str:
    choice = Choice(edit=item["choose"], value=item["value"], note=doc["note"], heads=item["heads"])
    name = doc["_id"].removeprefix(PREFIX)
    try:
        decide(parts, doc["by"], item["case"], choice, edit_id=item["edit"], batch=name)
    except (RoundsError, StoreError) as error:
        return error.code
    return DECIDED


def _undone(parts: Parts, person: str, doc: Document, item: Mapping[str, Any], note: str | None) -> str:
    name = doc["_id"].removeprefix(PREFIX)
    try:
        undo(parts, person, dict(item["case"]), note, batch=name, decision=item["edit"])
    except (RoundsError, StoreError) as error:
        return error.code
    return UNDONE


def _kept(parts: Parts, doc_id: str, more: Mapping[str, Any]) -> Document:
    office = parts.store.database(OFFICE)
    for _ in range(entries.TRIES):
        doc: Document = {**office.get(doc_id), **more}
        with suppress(Conflict):
            doc["_rev"] = office.put(doc)
            return doc
    raise RoundsError("busy", retry_after=1)
