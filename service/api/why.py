"""Why a value is what it is: the edits that gave it, the decisions about it, the receipt that judged it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.form import Form
from service.api.endpoint import Blueprint
from service.api.messages import WhyQuery, WhyShown
from service.api.records import find, lists
from service.auth.access import Action
from service.auth.devices import device_id
from service.parts import Parts, current
from service.readmodel.case_lists import CaseLists
from service.readmodel.paging import Row
from sync.merge import Folded, fold
from sync.provenance import Provenance, Step, provenance
from sync.verdict import CONTESTED

blueprint = Blueprint("why", __name__, "Where values come from")


@dataclass(frozen=True)
class Reason:
    """A value's provenance, with the record that it stands in and the cases about it, each a row of the read model."""

    record: Row
    provenance: Provenance
    cases: tuple[Row, ...]


@blueprint.endpoint(
    "GET", "/records/<record_id>/why", allows=Action.READ_RECORDS, query=WhyQuery, gives=WhyShown, refuses=(404, 422)
)
def why(query: Mapping[str, Any], record_id: str) -> dict[str, Any]:
    """Where the value at one path comes from: every edit of it, who and when, and what was decided."""
    reason = reason_of(find(record_id, query["team"]), query["path"])
    found, record = reason.provenance, reason.record
    return {
        "record": record["id"],
        "team": record["team"],
        "path": found.path,
        "kind": found.kind,
        "value": found.value,
        "policy": found.policy,
        "reads": list(found.reads),
        "steps": [_step(step, is_of_office(current(), step)) for step in found.steps],
        "cases": [case["id"] for case in reason.cases],
        "receipt": {name: record["receipt"][name] for name in ("_id", "judge", "verdict", "digest", "version")},
    }


def reason_of(record: Row, path: str) -> Reason:
    """Why a record has what it has at a path; a path that nothing was ever said about has no steps."""
    form = current().library.form(record["form"], record["version"])
    cases = CaseLists(current().readmodel).of_record(record["id"], record["team"])
    about = tuple(case for case in cases if case["path"] == path)
    return Reason(record, provenance(path, _folded(record, form), form, record["answers"]), about)


def _folded(record: Row, form: Form | None) -> Folded:
    """The record's edits, summed up as intake has judged them."""
    rows = lists().history(record["id"], record["team"])
    faulty = {row["digest"] for row in rows if row["fault"] and row["fault"] != CONTESTED}
    return fold([row["edit"] for row in rows], form, excluded=faulty)


def is_of_office(parts: Parts, step: Step) -> bool:
    """Whether the office's device made an edit: a decision, or one taken back."""
    return step.edit.get("device") == device_id(parts.keys.office_device.public_key())


def _step(step: Step, decision: bool) -> dict[str, Any]:
    edit = step.edit
    return {
        "edit": edit["id"],
        "at": edit["at"],
        "by": edit.get("by"),
        "device": edit.get("device"),
        "version": edit["version"],
        "note": edit.get("note"),
        "value": step.value,
        "present": step.present,
        "replaced": list(step.replaced),
        "first": step.first,
        "stands": step.stands,
        "decision": decision,
    }
