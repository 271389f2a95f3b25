"""Cases: what a person must decide, and the decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service import decisions
from service.api.endpoint import Blueprint
from service.api.messages import CASE_ID, CaseFilter, CasePage, CaseShown, Decided, Decision, OneTeam, checked
from service.api.records import lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.decisions import Choice
from service.errors import not_found
from service.parts import current
from service.readmodel.paging import Row

blueprint = Blueprint("cases", __name__, "What waits for a decision")


@blueprint.endpoint("GET", "/cases", allows=Action.READ_CASES, query=CaseFilter, gives=CasePage, refuses=(422,))
def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Cases of one's teams, the longest waiting first."""
    page = lists().cases(
        visible_teams(signed_in()),
        status=query["status"],
        team=query["team"],
        limit=query["limit"],
        cursor=query["cursor"],
    )
    return {"items": [shown_case(row) for row in page.items], "next": page.next}


@blueprint.endpoint(
    "GET", "/cases/<case_id>", allows=Action.READ_CASES, query=OneTeam, gives=CaseShown, refuses=(404, 422)
)
def one(query: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    """One case with every value that stands against another."""
    return shown_case(find(case_id, query["team"]))


@blueprint.endpoint(
    "POST",
    "/cases/<case_id>/decision",
    allows=Action.DECIDE,
    takes=Decision,
    query=OneTeam,
    gives=Decided,
    refuses=(404, 409, 422, 503),
)
def decide(body: Mapping[str, Any], query: Mapping[str, Any], case_id: str) -> dict[str, str]:
    """Settle a case by an edit that has seen every value; intake then closes it."""
    case = find(case_id, query["team"])
    access.require(signed_in(), Action.DECIDE, case["team"])
    choice = Choice(edit=body.get("choose"), value=body.get("value"), note=body["note"])
    decided = decisions.decide(current(), signed_in().person, case, choice)
    return {"case": case["id"], "edit": decided.edit_id, "rev": decided.rev}


def find(case_id: str, team: str = "") -> Row:
    """The case, if the reader may see it. Raises `RoundsError` `case_unknown`, whichever of the two it is."""
    checked(CASE_ID, case_id, "case_unknown")
    row = lists().case(case_id, visible_teams(signed_in()), team)
    return row if row is not None else not_found("case_unknown")


def shown_case(row: Row) -> dict[str, Any]:
    """A case as the API shows it."""
    same = ("id", "status", "team", "record", "form", "version", "path", "label", "opened", "in_force", "closed_by")
    return {name: row[name] for name in same} | {"kind": "conflict", "heads": row["heads"]}
