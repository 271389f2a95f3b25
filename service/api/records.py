"""Records: list, one, and how it came to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.api.endpoint import Blueprint
from service.api.messages import RECORD_ID, History, OneTeam, RecordFilter, RecordPage, RecordShown, checked
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.errors import not_found
from service.parts import current
from service.readmodel.case_lists import CaseLists
from service.readmodel.lists import Filter, Lists
from service.readmodel.paging import Row

blueprint = Blueprint("records", __name__, "Filled forms")


@blueprint.endpoint("GET", "/records", allows=Action.READ_RECORDS, query=RecordFilter, gives=RecordPage, refuses=(422,))
def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Records of one's teams, the latest changed first."""
    names = ("team", "form", "state", "verdict", "q")
    wanted = Filter(teams=visible_teams(signed_in()), **{name: query[name] for name in names})
    page = lists().records(wanted, limit=query["limit"], cursor=query["cursor"])
    return {"items": [listed_record(row) for row in page.items], "next": page.next}


@blueprint.endpoint(
    "GET", "/records/<record_id>", allows=Action.READ_RECORDS, query=OneTeam, gives=RecordShown, refuses=(404, 422)
)
def one(query: Mapping[str, Any], record_id: str) -> dict[str, Any]:
    """One record: its answers, what is wrong with them, its receipt."""
    row = find(record_id, query["team"])
    return listed_record(row) | {
        "answers": row["answers"],
        "problems": lists().problems(row["id"], row["team"]),
        "receipt": row["receipt"],
        "cases": [case["id"] for case in CaseLists(current().readmodel).of_record(row["id"], row["team"])],
    }


@blueprint.endpoint(
    "GET", "/records/<record_id>/history", allows=Action.READ_RECORDS, query=OneTeam, gives=History, refuses=(404, 422)
)
def history(query: Mapping[str, Any], record_id: str) -> dict[str, Any]:
    """Every edit of a record, the oldest first."""
    row = find(record_id, query["team"])
    return {"items": [shown_edit(edit) for edit in lists().history(row["id"], row["team"])]}


def lists() -> Lists:
    """Reads of the read model."""
    return Lists(current().readmodel)


def find(record_id: str, team: str = "") -> Row:
    """The record, if the reader may see it. Raises `RoundsError` `record_unknown`, whichever of the two it is."""
    checked(RECORD_ID, record_id, "record_unknown")
    row = lists().record(record_id, visible_teams(signed_in()), team)
    return row if row is not None else not_found("record_unknown")


def listed_record(row: Row) -> dict[str, Any]:
    """A row of the read model as the API lists it."""
    same = [
        "id",
        "team",
        "form",
        "version",
        "rev",
        "state",
        "verdict",
        "reason",
        "label",
        "task",
        "updated",
        "updated_by",
    ]
    counts = {f"{name}s": row[f"{name}_count"] for name in ("collision", "edit")}
    return {name: row[name] for name in same} | counts | {"errors": row["problem_count"]}


def shown_edit(row: Row) -> dict[str, Any]:
    """An edit as the API shows it."""
    edit = row["edit"]
    same = {name: edit.get(name) for name in ("app", "version", "note")}
    known = {name: row[name] for name in ("id", "digest", "at", "by", "device", "erased", "fault")}
    changes = {"set": edit.get("set", {}), "unset": edit.get("unset", []), "seen": edit.get("seen", {})}
    return same | known | changes | {"verified": row["fault"] is None and not row["erased"]}
