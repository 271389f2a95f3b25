"""What can be done about one case: decide, take back, ask, comment, name an owner or a day, wave through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from service import language
from service.api.case_messages import NOTE_MOST, NewEntry
from service.api.cases import find, may_decide
from service.auth import access
from service.auth.access import Action
from service.auth.requests import signed_in
from service.cases import admission, decisions, joins, questions
from service.cases.annotate import WORDS, annotate
from service.cases.decisions import Choice
from service.cases.kinds import DUPLICATE
from service.errors import RoundsError, describe
from service.office import third_values
from service.office.case_page import back_query, case_page, queue_url
from service.office.names import Names
from service.office.queue import remember_settled
from service.parts import current
from service.readmodel.paging import Row


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/cases/<case_id>", "case", one, methods=["GET"])
    acts = (("", decide), ("/undo", undo), ("/question", ask), ("/entries", add_entry), ("/admission", let_in))
    for path, view in acts:
        blueprint.add_url_rule(f"/cases/<case_id>{path}", view.__name__, view, methods=["POST"])


@access.needs(Action.READ_CASES)
def one(case_id: str) -> str:
    """One case."""
    return case_page(find(case_id))


@access.needs(Action.DECIDE)
def decide(case_id: str) -> Response | tuple[str, int]:
    """Take the decision that one of the page's buttons stands for."""
    return acting(case_id, lambda case: decisions.decide(current(), signed_in().person, case, _choice(case)), "decided")


@access.needs(Action.DECIDE)
def undo(case_id: str) -> Response | tuple[str, int]:
    """Take a decision back, or a join apart."""

    def act(case: Row) -> None:
        back = joins.unjoin if case["kind"] == DUPLICATE else decisions.undo
        back(current(), signed_in().person, case, note_given())

    return acting(case_id, act, "undone", ends=False)


@access.needs(Action.DECIDE)
def ask(case_id: str) -> Response | tuple[str, int]:
    """Send the record back to its team with a question."""

    def act(case: Row) -> None:
        text = request.form.get("text", "").strip()[:NOTE_MOST]
        if not text:
            raise RoundsError("invalid_request")
        questions.ask(current(), signed_in().person, case, text)

    return acting(case_id, act, "asked", ends=False)


@access.needs(Action.ADMIT)
def let_in(case_id: str) -> Response | tuple[str, int]:
    """Let the edits count that the page shows, though they came after their device was revoked."""

    def act(case: Row) -> None:
        admission.admit(current(), signed_in().person, case, request.form.getlist("edit"), note_given())

    return acting(case_id, act, "admitted", ends=False)


@access.needs(Action.DECIDE)
def add_entry(case_id: str) -> Response | tuple[str, int]:
    """Add what one of the page's small forms says: a comment, an owner, a day; or wave it through."""
    word = next((each for each in WORDS if each in request.form), "comment")
    text = request.form.get(word, "").strip()
    value = signed_in().person if (word, text) == ("owner", "me") else text or None
    said = NewEntry().load({word: value})
    return acting(case_id, lambda case: annotate(current(), signed_in().person, case, said), word, ends=False)


def acting(case_id: str, act: Callable[[Row], Any], said: str, *, ends: bool = True) -> Response | tuple[str, int]:
    """Do something about a case and say so; what is refused is said on its page. `ends`: it can be taken back."""
    case = may_decide(case_id)
    lang = language.negotiate(request)
    try:
        act(case)
    except RoundsError as error:
        answer = describe(error, lang)
        return case_page(case, failure=answer.reason, note=request.form.get("note", "")), answer.status
    flash(language.translate(f"case_done.{said}", lang), url_for("office.undo", case_id=case_id) if ends else "message")
    remember_settled(case_id, settled=ends)
    if ends or "stay" in request.form:
        return redirect(queue_url())
    return redirect(url_for("office.case", case_id=case_id, back=back_query() or None))


def note_given() -> str | None:
    """The reason that was typed, if any."""
    return request.form.get("note", "").strip()[:NOTE_MOST] or None


def _choice(case: Row) -> Choice:
    """What the form says was decided, by somebody who has looked at these values. Raises `RoundsError`
    `decision_unclear`.
    """
    seen = frozenset(request.form.getlist("seen")) or None
    if "choose" in request.form:
        return Choice(edit=request.form["choose"], note=note_given(), heads=seen)
    form = Names(current()).form(case["form"], case["version"] or 0)
    field = form.field(case["path"]) if form else None
    if "own" not in request.form or form is None or field is None:
        raise RoundsError("decision_unclear")
    value = third_values.typed(field, form, request.form.getlist("value"))
    return Choice(value=value, note=note_given(), heads=seen)
