"""Many conflicts decided at once by a rule: the preview, carrying it out, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.case_messages import BatchShown, BatchWanted, Reason
from service.api.cases import lists
from service.api.endpoint import Blueprint
from service.api.messages import checked
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases import batches
from service.cases.kinds import CONFLICT
from service.cases.rules import Rule
from service.errors import RoundsError
from service.identifiers import ULID
from service.parts import current
from service.readmodel.case_lists import CaseFilter
from service.readmodel.paging import Row
from sync.store import Document

blueprint = Blueprint("batches", __name__, "Many conflicts decided at once")


@blueprint.endpoint(
    "POST", "/cases/batches", allows=Action.DECIDE, takes=BatchWanted, gives=BatchShown, refuses=(409, 422, 503)
)
def make(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule would decide, case by case; with the `seal` of such a preview, decide just that."""
    rule = Rule(body["rule"]["name"], body["rule"]["whose"])
    lines = batches.preview(current(), cases_of(body), rule, body["note"])
    seal = batches.seal(lines)
    if body["seal"] is None:
        items = [line.as_json() for line in lines]
        return {"batch": None, "rule": body["rule"], "note": body["note"], "seal": seal, "items": items}
    if body["seal"] != seal:
        raise RoundsError("preview_outdated")
    return shown(batches.apply(current(), signed_in().person, lines, rule, body["note"]))


@blueprint.endpoint("GET", "/cases/batches/<batch>", allows=Action.READ_CASES, gives=BatchShown, refuses=(404,))
def one(batch: str) -> dict[str, Any]:
    """What was decided together, and what became of each."""
    return shown(find_batch(batch))


@blueprint.endpoint(
    "POST",
    "/cases/batches/<batch>/resume",
    allows=Action.DECIDE,
    takes=Reason,
    gives=BatchShown,
    refuses=(404, 422, 503),
)
def resume(body: Mapping[str, Any], batch: str) -> dict[str, Any]:
    """Finish what broke off. What is decided already stays as it is."""
    return shown(batches.carry_out(current(), find_batch(batch)))


@blueprint.endpoint(
    "POST", "/cases/batches/<batch>/undo", allows=Action.DECIDE, takes=Reason, gives=BatchShown, refuses=(404, 422, 503)
)
def undo(body: Mapping[str, Any], batch: str) -> dict[str, Any]:
    """Take back all its decisions that are still in force."""
    return shown(batches.take_back(current(), signed_in().person, find_batch(batch), body["note"]))


def cases_of(body: Mapping[str, Any]) -> list[Row]:
    """The cases that are meant, each one's to decide."""
    teams = visible_teams(signed_in())
    if "cases" in body:
        found = lists().some(body["cases"], teams)
    else:
        among = CaseFilter(teams=teams, status="open", kind=CONFLICT, **body["among"])
        found = list(lists().page(among, limit=batches.MOST).items)
    for case in found:
        access.require(signed_in(), Action.DECIDE, case["team"])
    return found


def find_batch(name: str) -> Document:
    """The batch, if all of it is one's to see. Raises `RoundsError` `batch_unknown`, whichever of the two it is."""
    checked(ULID, name, "batch_unknown")
    doc = batches.batch(current(), name)
    if not all(access.may(signed_in(), Action.DECIDE, item["case"]["team"]) for item in doc["items"]):
        raise RoundsError("batch_unknown")
    return doc


def shown(doc: Document) -> dict[str, Any]:
    """A batch as the API shows it."""
    same = {name: doc[name] for name in ("rule", "note", "by", "at", "undone")}
    results = doc.get("results") or [None] * len(doc["items"])
    items = [_shown_item(item, result) for item, result in zip(doc["items"], results, strict=True)]
    return same | {"batch": doc["_id"].removeprefix(batches.PREFIX), "seal": None, "items": items}


def _shown_item(item: Mapping[str, Any], result: str | None) -> dict[str, Any]:
    case = item["case"]
    about = {"case": case["id"], "team": case["record_team"], "record": case["record"], "path": case["path"]}
    return (
        about | {name: item[name] for name in ("choose", "heads", "edit")} | {"after": item["value"], "result": result}
    )
