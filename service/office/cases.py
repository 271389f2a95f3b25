"""The list of cases, and one case with its values side by side."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from schemas.form import Field, Form
from service import language
from service.api.case_messages import CaseFilter
from service.api.cases import find
from service.api.cases import lists as case_lists
from service.api.records import lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases import decisions
from service.cases.decisions import Choice
from service.cases.kinds import CONFLICT, KINDS
from service.errors import RoundsError, describe
from service.office.history import value_at
from service.office.names import Names
from service.office.values import Reader, Shown, label_of, moment_of
from service.parts import current
from service.readmodel.case_lists import CaseFilter as Wanted
from service.readmodel.paging import Row
from sync.merge import is_row
from sync.reading import read_edit

ON_A_PAGE = 50
NOTE_CHARACTERS = 2000
LISTED_CHOICES = 200
INPUTS = {"integer": "number", "score": "text", "decimal": "text", "date": "date", "time": "time", "barcode": "text"}
"""Types that can be typed in place, and how; others are decided by choosing one of the values."""


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/cases", "cases", listed)
    blueprint.add_url_rule("/cases/<case_id>", "case", one, methods=["GET"])
    blueprint.add_url_rule("/cases/<case_id>", "decide", decide, methods=["POST"])


@access.needs(Action.READ_CASES)
def listed() -> str:
    """Cases, the longest waiting first."""
    given = CaseFilter().load({name: request.args[name] for name in ("status", "cursor") if name in request.args})
    status = given["status"] or "open"
    wanted = Wanted(teams=visible_teams(signed_in()), status=status)
    page = case_lists().page(wanted, limit=ON_A_PAGE, cursor=given["cursor"])
    names = Names(current())
    return render_template(
        "office/cases.html",
        section="cases",
        wanted=status,
        rows=[_shown(row, names, _answers(row)) for row in page.items],
        next_url=url_for("office.cases", status=status, cursor=page.next) if page.next else None,
        first_url=url_for("office.cases", status=status) if given["cursor"] else None,
    )


@access.needs(Action.READ_CASES)
def one(case_id: str) -> str:
    """One case."""
    return _page(find(case_id))


@access.needs(Action.DECIDE)
def decide(case_id: str) -> Response | tuple[str, int]:
    """Take the decision that one of the page's buttons stands for."""
    case = find(case_id)
    access.require(signed_in(), Action.DECIDE, case["team"])
    lang = language.negotiate(request)
    try:
        decisions.decide(current(), signed_in().person, case, _choice(case))
    except RoundsError as error:
        answer = describe(error, lang)
        return _page(case, failure=answer.reason, note=request.form.get("note", "")), answer.status
    flash(language.translate("case.decided", lang))
    return redirect(url_for("office.cases"))


def _page(case: Row, **more: str) -> str:
    names = Names(current())
    form = names.form(case["form"], case["version"] or 0)
    open_now = case["status"] == "open" and case["kind"] == CONFLICT
    may_decide = access.may(signed_in(), Action.DECIDE, case["team"])
    return render_template(
        "office/case.html",
        section="cases",
        case=_shown(case, names, _answers(case)),
        may_decide=may_decide,
        own=_own(case, form, names) if open_now and may_decide and form else None,
        outcome=None if case["status"] == "open" else _outcome(case, form, names),
        **more,
    )


def _answers(case: Row) -> Mapping[str, Any]:
    record = lists().record(case["record"], None, case["record_team"])
    return record["answers"] if record else {}


def _shown(case: Row, names: Names, answers: Mapping[str, Any]) -> dict[str, Any]:
    form, reader = names.form(case["form"], case["version"] or 0), names.reader(case["record_team"])
    return {
        "id": case["id"],
        "url": url_for("office.case", case_id=case["id"]),
        "record_url": url_for("office.record", record_id=case["record"], team=case["record_team"]),
        "kind": case["kind"],
        "settles": reader.pick(KINDS[case["kind"]].settles),
        "status": case["status"],
        "field": name_of(case, form, answers, reader),
        "label": reader.pick(case["label"]),
        "form": names.title(case["form"], case["version"] or 0),
        "team": names.team(case["record_team"]),
        "opened": _when(case["opened"], form, reader, names),
        "heads": [_head(case, head, form, reader, names) for head in case["heads"]],
    }


def name_of(case: Row, form: Form | None, answers: Mapping[str, Any], reader: Reader) -> str:
    """What a case is called: the field that it is about, or its kind."""
    if case["kind"] != CONFLICT:
        return reader.pick(KINDS[case["kind"]].title)
    return label_of(case["path"], form, reader, answers) if form else str(case["path"])


def _head(case: Row, head: Row, form: Form | None, reader: Reader, names: Names) -> dict[str, Any]:
    removed = Shown(reader.say("value.row_removed")) if is_row(case["path"]) else Shown()
    return {
        "edit": head["edit"],
        "shown": value_at(case["path"], head["value"], form, reader) if head["present"] else removed,
        "by": names.person(head["by"]),
        "at": _when(head["at"], form, reader, names),
        "device": names.device(head["device"]),
        "version": head["version"],
        "in_force": head["edit"] == case["in_force"],
    }


def _when(at: str, form: Form | None, reader: Reader, names: Names) -> dict[str, str]:
    return moment_of(at, reader, names.zone(form), datetime.now(UTC))


def _outcome(case: Row, form: Form | None, names: Names) -> dict[str, Any] | None:
    """The edit that settled a case."""
    closing = [r for r in lists().history(case["record"], case["record_team"]) if r["id"] == case["closed_by"]]
    if not closing:
        return None
    edit, reader = read_edit(closing[0]["edit"], form), names.reader(case["record_team"])
    there = case["path"] in edit["set"]
    return {
        "by": names.person(closing[0]["by"]),
        "at": _when(closing[0]["at"], form, reader, names),
        "shown": value_at(case["path"], edit["set"][case["path"]], form, reader) if there else Shown(),
        "note": edit.get("note"),
    }


def _own(case: Row, form: Form, names: Names) -> dict[str, Any] | None:
    """How another value can be entered; None for types that cannot be typed in."""
    field = form.field(case["path"])
    given = request.form.getlist("value")
    if field is None:
        return None
    if field.type in {"select_one", "select_many"} and not field.entity and 0 < len(field.choices) <= LISTED_CHOICES:
        choices = [(choice.name, language.pick(choice.label, names.lang, choice.name)) for choice in field.choices]
        return {"choices": choices, "multiple": field.type == "select_many", "given": given}
    if field.type == "boolean":
        words = [("true", "value.yes"), ("false", "value.no")]
        return {"choices": [(code, language.translate(key, names.lang)) for code, key in words], "given": given}
    kind = "textarea" if field.type == "text" else INPUTS.get(field.type)
    return {"input": kind, "given": given} if kind else None


def _choice(case: Row) -> Choice:
    """What the form says was decided. Raises `RoundsError` `decision_unclear`."""
    note = request.form.get("note", "").strip()[:NOTE_CHARACTERS] or None
    if "choose" in request.form:
        return Choice(edit=request.form["choose"], note=note)
    form = Names(current()).form(case["form"], case["version"])
    field = form.field(case["path"]) if form else None
    if "own" not in request.form or field is None:
        raise RoundsError("decision_unclear")
    return Choice(value=_typed(field, request.form.getlist("value")), note=note)


def _typed(field: Field, given: list[str]) -> Any:
    """What a form field holds as a value of its type; what does not fit stays text, for the judge to refuse."""
    texts = [text.replace("\r\n", "\n").strip() for text in given if text.strip()]
    if not texts:
        return None
    if field.type == "select_many":
        return texts
    if field.type == "boolean":
        return {"true": True, "false": False}.get(texts[0], texts[0])
    if field.type == "integer" and texts[0].lstrip("-").isdecimal() and len(texts[0]) < 17:
        return int(texts[0])
    return texts[0]
