"""The list of records, and one record with how it came to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from schemas.documents import VERDICTS
from schemas.form import Form
from service import language
from service.api.cases import lists as case_lists
from service.api.messages import RecordFilter
from service.api.records import find, lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases.kinds import CONFLICT
from service.office.answers import Marks, anchor_of, lines_of, strays_of
from service.office.case_view import name_of
from service.office.history import Context, shown_history
from service.office.names import Names
from service.office.values import Reader, label_of, moment_of, state_of
from service.office.why import why_url
from service.parts import current
from service.readmodel.lists import Filter
from service.readmodel.paging import Row
from sync.merge import STATES

ON_A_PAGE = 50
FILTERS = ("q", "form", "team", "state", "verdict")


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/records", "records", listed)
    blueprint.add_url_rule("/records/<record_id>", "record", one)


@access.needs(Action.OFFICE_PAGES)
def listed() -> str:
    """Records, the latest changed first; the filter is in the address."""
    given = RecordFilter().load({name: request.args[name] for name in (*FILTERS, "cursor") if name in request.args})
    wanted = Filter(teams=visible_teams(signed_in()), **{name: given[name] for name in FILTERS})
    page = lists().records(wanted, limit=ON_A_PAGE, cursor=given["cursor"])
    names = Names(current())
    return render_template(
        "office/records.html",
        section="records",
        rows=[_listed(row, names) for row in page.items],
        filter=given,
        filtered=any(given[name] for name in FILTERS),
        choices=_choices(names),
        next_url=_address(given, page.next) if page.next else None,
        first_url=_address(given, None) if given["cursor"] else None,
    )


@access.needs(Action.OFFICE_PAGES)
def one(record_id: str) -> str:
    """One record: answers, mistakes, history, receipt."""
    row = find(record_id, request.args.get("team", ""))
    names = Names(current())
    form = names.form(row["form"], row["version"])
    reader = names.reader(row["team"])
    problems = lists().problems(row["id"], row["team"])
    visible = [case for case in case_lists().of_record(row["id"], row["team"]) if _is_visible(case)]
    cases = [case for case in visible if case["status"] == "open"]
    conflicts = {case["path"]: _url(case) for case in cases if case["kind"] == CONFLICT}
    marks = Marks(_sentences(problems, reader), conflicts, partial(why_url, row))
    return render_template(
        "office/record.html",
        section="records",
        record=_listed(row, names) | {"digest": row["digest"], "rev": row["rev"], "task": row["task"]},
        answers=lines_of(form, row["answers"], marks, reader) if form else (),
        strays=_strays(form, row["answers"]),
        problems=[_problem(problem, form, row["answers"], reader) for problem in problems],
        open_cases_here=[_case(case, form, row["answers"], reader) for case in cases],
        joined=[_joined(case, row, names) for case in visible if case["detail"].get("joined")],
        history=shown_history(lists().history(row["id"], row["team"]), Context(form, row["answers"], reader, names)),
    )


def _listed(row: Row, names: Names) -> dict[str, Any]:
    form = names.form(row["form"], row["version"])
    reader = names.reader(row["team"])
    return {
        "id": row["id"],
        "url": url_for("office.record", record_id=row["id"], team=row["team"]),
        "label": reader.pick(row["label"]),
        "form": names.title(row["form"], row["version"]),
        "version": row["version"],
        "team": names.team(row["team"]),
        "state": state_of(row["state"], reader).text,
        "verdict": row["verdict"],
        "reason": row["reason"],
        "errors": row["problem_count"],
        "collisions": row["collision_count"],
        "updated": moment_of(row["updated"], reader, names.zone(form), datetime.now(UTC)),
        "updated_by": names.person(row["updated_by"]),
    }


def _choices(names: Names) -> dict[str, list[tuple[str, str]]]:
    def words(kind: str, codes: Sequence[str]) -> list[tuple[str, str]]:
        return [(code, language.translate(f"{kind}.{code}", names.lang)) for code in codes]

    mine = visible_teams(signed_in())
    teams = [(team, name) for team, name in names.teams.items() if mine is None or team in mine]
    published = {doc["form"]: doc["version"] for doc in current().directory.forms()}
    return {
        "form": list(names.titles(published).items()),
        "team": teams,
        "state": words("state", STATES),
        "verdict": words("verdict", VERDICTS),
    }


def _address(given: Mapping[str, str], cursor: str | None) -> str:
    kept = {name: given[name] for name in FILTERS if given[name]} | ({"cursor": cursor} if cursor else {})
    return f"{url_for('office.records')}?{urlencode(kept)}"


def _sentences(problems: Sequence[Row], reader: Reader) -> dict[str, list[str]]:
    sentences: dict[str, list[str]] = {}
    for problem in problems:
        sentences.setdefault(problem["path"], []).append(reader.pick(problem["message"], problem["code"]))
    return sentences


def _problem(problem: Row, form: Form | None, answers: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    own = reader.pick(problem["label"], problem["path"])
    label = label_of(problem["path"], form, reader, answers) if form else own
    return {
        "anchor": anchor_of(problem["path"]),
        "label": label,
        "message": reader.pick(problem["message"], problem["code"]),
    }


def _is_visible(case: Row) -> bool:
    """Whether the reader may open a case that a record is part of; one across teams is the office's."""
    return access.may(signed_in(), Action.READ_CASES, case["team"])


def _joined(case: Row, row: Row, names: Names) -> dict[str, Any]:
    """The other records that this one was joined with: the one that it went into, or those that it took in."""
    me = {"team": row["team"], "record": row["id"]}
    gone = me in case["detail"]["joined"]
    others = case["detail"]["documents"][:1] if gone else case["detail"]["joined"]
    return {"gone": gone, "url": _url(case), "others": [_other(known, names) for known in others]}


def _other(known: Mapping[str, str], names: Names) -> dict[str, str]:
    found = lists().record(known["record"], None, known["team"])
    url = url_for("office.record", record_id=known["record"], team=known["team"])
    label = names.reader(known["team"]).pick(found["label"]) if found else ""
    begun = lists().begun(known["record"], known["team"])
    giver = names.person(begun["by"]) if begun else ""
    return {"url": url, "id": known["record"], "label": " · ".join(filter(None, (label, giver)))}


def _url(case: Row) -> str:
    return url_for("office.case", case_id=case["id"])


def _case(case: Row, form: Form | None, answers: Mapping[str, Any], reader: Reader) -> dict[str, str]:
    return {"url": _url(case), "label": name_of(case, form, answers, reader)}


def _strays(form: Form | None, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
    strays = strays_of(form, answers) if form else [(f"/{name}", value) for name, value in answers.items()]
    return [(path, language.shown_value(value)) for path, value in strays]
