"""Cases: what a person must look at or decide, what people say of it, and the decision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import Schema

from service.api.case_messages import (
    CASE_ID,
    Admission,
    CaseCounts,
    CaseFilter,
    CaseInFull,
    CasePage,
    Decided,
    Decision,
    NewEntry,
    OnDay,
    Question,
    Reason,
)
from service.api.endpoint import Blueprint, View
from service.api.messages import checked
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases import admission, decisions, questions
from service.cases.annotate import annotate
from service.cases.decisions import Choice
from service.cases.kinds import KINDS
from service.errors import not_found
from service.parts import current
from service.readmodel import case_lists
from service.readmodel.case_lists import CaseLists
from service.readmodel.paging import Row
from sync.skew import is_doubted, skew_at

blueprint = Blueprint("cases", __name__, "What waits for a person")
SHOWN = [
    "id",
    "kind",
    "status",
    "team",
    "record",
    "record_team",
    "form",
    "version",
    "path",
    "label",
    "opened",
    "owner",
    "due",
    "snoozed",
    "asked",
    "in_force",
    "closed_by",
    "closed_how",
    "heads",
    "detail",
]


@blueprint.endpoint("GET", "/cases", allows=Action.READ_CASES, query=CaseFilter, gives=CasePage, refuses=(422,))
def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Cases of one's teams, the longest waiting first, or the first due."""
    page = lists().page(wanted(query), limit=query["limit"], cursor=query["cursor"], sort=query["sort"])
    return {"items": [shown_case(row) for row in page.items], "next": page.next}


@blueprint.endpoint("GET", "/cases/counts", allows=Action.READ_CASES, query=OnDay, gives=CaseCounts, refuses=(422,))
def counts(query: Mapping[str, Any]) -> dict[str, Any]:
    """How many are open: of each kind, overdue, one's own."""
    return counted(query["today"] or datetime.now(UTC).date())


@blueprint.endpoint("GET", "/cases/<case_id>", allows=Action.READ_CASES, gives=CaseInFull, refuses=(404,))
def one(case_id: str) -> dict[str, Any]:
    """One case with every value that stands against another, and what people have said of it."""
    return shown_in_full(find(case_id))


def on_case(
    group: Blueprint, act: str, *, takes: type[Schema], gives: type[Schema], allows: Action = Action.DECIDE
) -> Callable[[View], View]:
    """Declare what a person does to a case: `POST /cases/<case_id>/<act>`."""
    refuses = (404, 409, 422, 503)
    return group.endpoint("POST", f"/cases/<case_id>/{act}", allows=allows, takes=takes, gives=gives, refuses=refuses)


@on_case(blueprint, "entries", takes=NewEntry, gives=CaseInFull)
def add(body: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    """Say something of a case: a comment, who sees to it, by when; or wave it through where its kind allows that."""
    case = may_decide(case_id)
    annotate(current(), signed_in().person, case, body)
    return shown_in_full(find(case_id))


@on_case(blueprint, "decision", takes=Decision, gives=Decided)
def decide(body: Mapping[str, Any], case_id: str) -> dict[str, str]:
    """Settle a case by an edit that has seen every value; intake then closes it."""
    case = may_decide(case_id)
    choice = Choice(edit=body.get("choose"), value=body.get("value"), note=body["note"], heads=body["heads"])
    return _made(case, decisions.decide(current(), signed_in().person, case, choice))


@on_case(blueprint, "undo", takes=Reason, gives=Decided)
def undo(body: Mapping[str, Any], case_id: str) -> dict[str, str]:
    """Take the decision back: the values stand against each other again, on the tablets too."""
    case = may_decide(case_id)
    return _made(case, decisions.undo(current(), signed_in().person, case, body["note"]))


@on_case(blueprint, "question", takes=Question, gives=Decided)
def ask(body: Mapping[str, Any], case_id: str) -> dict[str, str]:
    """Ask the team: the record goes back to it with the question; its answer settles the case."""
    case = may_decide(case_id)
    return _made(case, questions.ask(current(), signed_in().person, case, body["text"]))


@on_case(blueprint, "admission", takes=Admission, gives=CaseInFull, allows=Action.ADMIT)
def let_in(body: Mapping[str, Any], case_id: str) -> dict[str, Any]:
    """Let edits of a revoked device count that came after it was revoked; the record is judged anew."""
    admission.admit(current(), signed_in().person, find(case_id), body["edits"], body["note"])
    return shown_in_full(find(case_id))


def _made(case: Row, decided: decisions.Decided) -> dict[str, str]:
    return {"case": case["id"], "edit": decided.edit_id, "rev": decided.rev}


def lists() -> CaseLists:
    """Reads of cases."""
    return CaseLists(current().readmodel)


def find(case_id: str) -> Row:
    """The case, if the reader may see it. Raises `RoundsError` `case_unknown`, whichever of the two it is."""
    checked(CASE_ID, case_id, "case_unknown")
    row = lists().one(case_id, visible_teams(signed_in()))
    return row if row is not None else not_found("case_unknown")


def may_decide(case_id: str) -> Row:
    """The case, if it is one's to decide. Raises `RoundsError` `case_unknown` or `forbidden`."""
    case = find(case_id)
    access.require(signed_in(), Action.DECIDE, case["team"])
    return case


def wanted(query: Mapping[str, Any]) -> case_lists.CaseFilter:
    """The filter that a checked query asks for."""
    names = ("status", "kind", "team", "form", "record", "path")
    days = {name: query[name].isoformat() for name in ("due", "opened", "awake") if query[name]}
    owner = signed_in().person if query["owner"] == "me" else query["owner"]
    same = {name: query[name] for name in names}
    return case_lists.CaseFilter(teams=visible_teams(signed_in()), owner=owner, **same, **days)


def counted(today: date) -> dict[str, Any]:
    """The open cases of the reader, counted. What is put off beyond today is left out."""
    found = lists().tallies(visible_teams(signed_in()), signed_in().person, today)
    total, overdue, mine = (sum(each[name] for each in found) for name in ("count", "overdue", "mine"))
    kinds = {each["kind"]: each["count"] for each in found}
    return {"kinds": kinds, "total": total, "overdue": overdue, "mine": mine}


def shown_case(row: Row) -> dict[str, Any]:
    """A case as the API lists it."""
    kind = KINDS[row["kind"]]
    told = {"title": kind.title, "settles": kind.settles, "dismissible": kind.dismissible}
    return {name: row[name] for name in SHOWN} | told | {"label": row["label"] or {}}


def shown_in_full(row: Row) -> dict[str, Any]:
    """A case as the API shows it alone."""
    return shown_case(row) | {"heads": _with_skews(row), "entries": row["entries"]}


def _with_skews(row: Row) -> list[dict[str, Any]]:
    """The values, each with how wrong its device's clock was by its own measurement, where it made one."""
    first = [head.get("origin") or head for head in row["heads"]]
    told = lists().reports(row["record_team"], {str(each["device"]) for each in first})
    skews = [skew_at(told.get(each["device"]), each["at"]) for each in first]
    doubts = [
        is_doubted(skew) or bool(head.get("contradicted")) for skew, head in zip(skews, row["heads"], strict=True)
    ]
    return [
        head | {"skew_ms": skew, "doubted": doubt}
        for head, skew, doubt in zip(row["heads"], skews, doubts, strict=True)
    ]
