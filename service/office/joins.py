"""Joining what stands side by side: which record stays, and what it takes from the others."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from service.api.case_messages import JointWanted
from service.auth import access
from service.auth.access import Action
from service.auth.requests import signed_in
from service.cases import joins
from service.cases.joins import Joint
from service.errors import RoundsError
from service.office.cases import acting, note_given
from service.office.side_by_side import BETWEEN
from service.parts import current
from service.readmodel.paging import Row

AT = "at:"


def add_to(blueprint: Blueprint) -> None:
    """Add this form to the office."""
    blueprint.add_url_rule("/cases/<case_id>/join", "join", join, methods=["POST"])


@access.needs(Action.DECIDE)
def join(case_id: str) -> Response | tuple[str, int]:
    """Join the records of a case as the page's ticks say."""

    def act(case: Row) -> None:
        wanted = JointWanted().load({"survivor": _named(request.form.get("survivor", "")), "take": list(_taken())})
        survivor = (wanted["survivor"]["team"], wanted["survivor"]["record"])
        take = {each["path"]: (each["team"], each["record"]) for each in wanted["take"]}
        others = {path: known for path, known in take.items() if known != survivor}
        joins.join(current(), signed_in().person, case, Joint(survivor, others, note_given()))

    return acting(case_id, act, "joined")


def _taken() -> list[dict[str, Any]]:
    fields = [(key.removeprefix(AT), value) for key, value in request.form.items() if key.startswith(AT)]
    rows = [tuple(value.split(BETWEEN, 1)) for value in request.form.getlist("row") if BETWEEN in value]
    return [{"path": path, **_named(known)} for path, known in (*fields, *rows)]


def _named(known: str) -> dict[str, str]:
    team, found, record = known.partition(BETWEEN)
    if not found:
        raise RoundsError("decision_unclear")
    return {"team": team, "record": record}
