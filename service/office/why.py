"""Where one value comes from, as a page: its edits and decisions, the receipt, and what it is worked out from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, render_template, request, url_for

from schemas.form import Form
from service.api.messages import WhyQuery
from service.api.records import find
from service.api.why import Reason, is_of_office, reason_of
from service.auth import access
from service.auth.access import Action
from service.office.history import value_at
from service.office.names import Names
from service.office.values import Reader, Shown, label_of, moment_of, show, state_of
from service.parts import current
from service.readmodel.paging import Row
from sync.merge import ASK, STATE, is_row
from sync.provenance import Provenance, Step


def add_to(blueprint: Blueprint) -> None:
    """Add this page to the office."""
    blueprint.add_url_rule("/records/<record_id>/why", "why", page)


def why_url(record: Row, path: str) -> str:
    """The address of the page about a path of a record."""
    return url_for("office.why", record_id=record["id"], team=record["team"], path=path)


@access.needs(Action.OFFICE_PAGES)
def page(record_id: str) -> str:
    """Why a value is what it is."""
    given = WhyQuery().load({name: request.args[name] for name in ("path", "team") if name in request.args})
    reason = reason_of(find(record_id, given["team"]), given["path"])
    record, found, names = reason.record, reason.provenance, Names(current())
    form, reader = names.form(record["form"], record["version"]), names.reader(record["team"])
    steps = [_step(step, reason, form, names, reader) for step in found.steps]
    return render_template(
        "office/why.html",
        section="records",
        record={
            "url": url_for("office.record", record_id=record["id"], team=record["team"]),
            "label": reader.pick(record["label"]),
            "form": names.title(record["form"], record["version"]),
            "team": names.team(record["team"]),
        },
        field=label_of(found.path, form, reader, record["answers"]) if form else found.path,
        shown=_shown(found.path, found.value, form, reader),
        kind=found.kind,
        policy=found.policy,
        steps=steps[::-1],
        reads=[_read(path, reason, form, reader) for path in found.reads] if form else [],
        receipt=record["receipt"],
        verdict={"verdict": record["verdict"], "reason": record["reason"]},
        cases=[{"url": url_for("office.case", case_id=case["id"]), "status": case["status"]} for case in reason.cases],
    )


def _step(step: Step, reason: Reason, form: Form | None, names: Names, reader: Reader) -> dict[str, Any]:
    edit = step.edit
    first = next(each.edit for each in reason.provenance.steps if each.edit["id"] == step.first)
    return {
        "id": edit["id"],
        "shown": _shown(reason.provenance.path, step.value, form, reader) if step.present else None,
        **_giver(edit, form, names, reader),
        "version": edit["version"],
        "note": edit.get("note"),
        "role": _role(step, reason.provenance),
        "decision": is_of_office(current(), step),
        "first": _giver(first, form, names, reader) if first["id"] != edit["id"] else None,
    }


def _role(step: Step, found: Provenance) -> str:
    """What a value counts for now: `replaced`, `stands` alone, `joined` with others by the field's policy; or, while
    nobody has decided, `meanwhile` and `against`."""
    if not step.stands:
        return "replaced"
    if found.policy is None:
        return "stands"
    if found.policy != ASK:
        return "joined"
    return "meanwhile" if step == [each for each in found.steps if each.stands][-1] else "against"


def _giver(edit: Mapping[str, Any], form: Form | None, names: Names, reader: Reader) -> dict[str, Any]:
    """Who, when and on which device."""
    return {
        "by": names.person(str(edit.get("by", ""))),
        "at": moment_of(edit["at"], reader, names.zone(form), datetime.now(UTC)),
        "device": names.device(str(edit.get("device", ""))),
    }


def _read(path: str, reason: Reason, form: Form, reader: Reader) -> dict[str, str]:
    return {
        "label": label_of(path, form, reader, reason.record["answers"]),
        "url": why_url(reason.record, path),
    }


def _shown(path: str, value: Any, form: Form | None, reader: Reader) -> Shown:
    if path == STATE:
        return state_of(value, reader)
    if is_row(path):
        return value_at(path, value, form, reader)
    return show(form.field(path) if form else None, value, form, reader)
