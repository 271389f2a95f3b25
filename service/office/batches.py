"""Many conflicts decided by a rule: the preview, what became of each, and taking it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from service import language
from service.api.batches import cases_of, find_batch
from service.api.case_messages import BatchWanted
from service.api.cases import lists as case_lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases import batches
from service.cases.batches import DECIDED, PREFIX, UNDONE, Line
from service.cases.rules import Rule
from service.errors import STATUS, RoundsError
from service.office.case_view import ABOUT_A_FIELD, shown_case, when
from service.office.history import value_at
from service.office.names import Names
from service.office.queue import rule_choices
from service.office.values import Reader
from service.parts import current
from service.readmodel.paging import Row
from sync.store import Document


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/cases/batches", "preview_batch", preview, methods=["POST"])
    blueprint.add_url_rule("/cases/batches/<batch>", "batch", one, methods=["GET"])
    blueprint.add_url_rule("/cases/batches/<batch>/undo", "undo_batch", undo, methods=["POST"])
    blueprint.add_url_rule("/cases/batches/<batch>/resume", "resume_batch", resume, methods=["POST"])


@access.needs(Action.DECIDE)
def preview() -> Response | tuple[str, int]:
    """What a rule would decide, case by case; with the seal of what was looked at, decide just that."""
    wanted = BatchWanted().load(_body())
    rule = Rule(wanted["rule"]["name"], wanted["rule"]["whose"])
    cases = cases_of(wanted)
    lines = batches.preview(current(), cases, rule, wanted["note"])
    seal = batches.seal(lines)
    if wanted["seal"] == seal:
        doc = batches.apply(current(), signed_in().person, lines, rule, wanted["note"])
        return redirect(url_for("office.batch", batch=doc["_id"].removeprefix(PREFIX)))
    return _previewed(cases, lines, wanted, seal), 409 if wanted["seal"] else 200


@access.needs(Action.READ_CASES)
def one(batch: str) -> str:
    """A batch: what became of each case."""
    return _page(find_batch(batch))


@access.needs(Action.DECIDE)
def undo(batch: str) -> Response:
    """Take back all its decisions that are still in force."""
    batches.take_back(current(), signed_in().person, find_batch(batch), None)
    flash(language.translate("batch.undone", language.negotiate(request)))
    return redirect(url_for("office.batch", batch=batch))


@access.needs(Action.DECIDE)
def resume(batch: str) -> Response:
    """Finish what broke off."""
    batches.carry_out(current(), find_batch(batch))
    return redirect(url_for("office.batch", batch=batch))


def _body() -> dict[str, Any]:
    form = request.form
    name, _, whose = form.get("rule", "").partition(":")
    chosen = form.getlist("case")
    which: dict[str, Any] = {"cases": chosen}
    if form.get("all"):
        which = {"among": {each: form.get(each, "") for each in ("team", "form")}}
    elif not chosen:
        raise RoundsError("nothing_chosen")
    return {"rule": {"name": name, "whose": whose}, "note": form.get("note", "").strip() or None, **which} | (
        {"seal": form["seal"]} if form.get("seal") else {}
    )


def _previewed(cases: list[Row], lines: list[Line], wanted: Mapping[str, Any], seal: str) -> str:
    names = Names(current())
    shown = [_line(line, names) for line in lines]
    return render_template(
        "office/batch_preview.html",
        section="cases",
        lines=[line for line in shown if not line["reason"]],
        left=[line for line in shown if line["reason"]],
        rules=rule_choices(cases, names),
        rule=":".join(filter(None, (wanted["rule"]["name"], wanted["rule"]["whose"]))),
        rule_title=_rule_title(wanted["rule"], names),
        ids=[case["id"] for case in cases],
        note=wanted["note"] or "",
        seal=seal,
        outdated=bool(wanted["seal"]),
    )


def _line(line: Line, names: Names) -> dict[str, Any]:
    case = line.case
    return {
        "case": shown_case(case, names),
        "before": _value(case, line.before, names),
        "after": _value(case, line.after, names),
        "reason": _reason(line.outcome.reason, names),
    }


def _value(case: Row, value: Any, names: Names) -> Any:
    form = names.form(case["form"], case["version"] or 0)
    return value_at(case["path"], value, form, names.reader(case["record_team"])) if value is not None else None


def _reason(code: str | None, names: Names) -> str:
    if code is None:
        return ""
    return language.translate(f"error.{code}" if code in STATUS else f"batch_reason.{code}", names.lang)


def _rule_title(rule: Mapping[str, str], names: Names) -> str:
    whose = {"person": names.person, "device": names.device}.get(rule["name"])
    name = whose(rule["whose"]) if whose else ""
    return language.translate(f"case_rule.{rule['name']}", names.lang, name=name)


def _page(doc: Document) -> str:
    names = Names(current())
    ids = [item["case"]["id"] for item in doc["items"]]
    rows = {row["id"]: row for row in case_lists().some(ids, visible_teams(signed_in()))}
    results = doc.get("results") or [None] * len(doc["items"])
    items = [_item(item, result, rows, names) for item, result in zip(doc["items"], results, strict=True)]
    reader: Reader = names.reader("")
    undone = doc["undone"]
    return render_template(
        "office/batch.html",
        section="cases",
        batch=doc["_id"].removeprefix(PREFIX),
        rule_title=_rule_title(doc["rule"], names),
        note=doc["note"] or "",
        by=names.person(doc["by"]),
        at=when(doc["at"], None, reader, names),
        undone={"by": names.person(undone["by"]), "at": when(undone["at"], None, reader, names)} if undone else None,
        items=items,
        counts={word: sum(result == word for result in results) for word in (DECIDED, UNDONE)},
        unfinished=not undone and any(result != DECIDED for result in results),
        may_undo=any(result == DECIDED for result in results),
    )


def _item(item: Mapping[str, Any], result: str | None, rows: Mapping[str, Row], names: Names) -> dict[str, Any]:
    case = rows.get(item["case"]["id"])
    heads = {head["edit"]: head["value"] for head in case["heads"]} if case else {}
    value = heads.get(item["choose"], item["value"])
    known = case is not None and case["kind"] in ABOUT_A_FIELD
    return {
        "case": shown_case(case, names) if case else None,
        "id": item["case"]["id"],
        "after": _value(case, value, names) if known and case else None,
        "result": _result(result, names),
        "failed": result not in (DECIDED, UNDONE, None),
    }


def _result(result: str | None, names: Names) -> str:
    key = f"error.{result}" if result in STATUS else f"batch_result.{result or 'waiting'}"
    return language.translate(key, names.lang)
