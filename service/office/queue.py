"""The queue of cases: what waits for whom, filtered by the address, ready to be decided one by one or many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from time import time
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, session, url_for
from marshmallow import fields
from marshmallow.validate import OneOf

from service import language
from service.api.case_messages import CASE_STATES, CaseFilter
from service.api.cases import counted
from service.api.cases import lists as case_lists
from service.auth import access
from service.auth.access import EVERY_TEAM, Action, visible_teams
from service.auth.requests import signed_in
from service.cases.kinds import CONFLICT, KINDS
from service.office.case_view import answers_of, shown_case, today
from service.office.matters import matters_of
from service.office.names import Names
from service.parts import current
from service.readmodel.case_lists import NOBODY
from service.readmodel.case_lists import CaseFilter as Wanted
from service.readmodel.paging import Row

ON_A_PAGE = 50
SETTLED, LAG_SECONDS = "settled", 15
KEPT = ("status", "kind", "team", "form", "owner", "term", "asleep", "sort")
LATE, WEEK = "late", "week"
PLAIN_RULES = ("latest", "signed", "supervisor", "union")


class QueueFilter(CaseFilter):
    """What stands in the address. `term` counts from today, so that an address goes on meaning what it meant."""

    status = fields.String(load_default="open", validate=OneOf(CASE_STATES))
    term = fields.String(load_default="", validate=OneOf(["", LATE, WEEK]))
    asleep = fields.String(load_default="", validate=OneOf(["", "1"]))


def add_to(blueprint: Blueprint) -> None:
    """Add this page to the office."""
    blueprint.add_url_rule("/cases", "cases", listed)


@access.needs(Action.READ_CASES)
def listed() -> str:
    """Cases, what has waited longest or is due first on top."""
    names_given = {name: request.args[name] for name in (*KEPT, "cursor") if request.args.get(name)}
    given = QueueFilter().load(names_given)
    wanted, names = _wanted(given), Names(current())
    page = case_lists().page(wanted, limit=ON_A_PAGE, cursor=given["cursor"], sort=given["sort"])
    back = urlencode(names_given)
    rows = [_row(row, names, back) for row in page.items]
    return render_template(
        "office/cases.html",
        section="cases",
        filter=given,
        filtered=any(given[name] for name in ("kind", "team", "form", "owner", "term")),
        kinds=_kinds(wanted, given, names),
        tallies=counted(today()),
        choices=_choices(names),
        rows=rows,
        deciding=given["status"] == "open" and any(row["selectable"] for row in rows),
        rules=rule_choices(page.items, names),
        address=_address,
        back=back,
        next_url=_address(given, cursor=page.next) if page.next else None,
        first_url=_address(given) if given["cursor"] else None,
    )


def _wanted(given: Mapping[str, Any]) -> Wanted:
    day = today()
    due = {LATE: day - timedelta(days=1), WEEK: day + timedelta(days=6)}.get(given["term"])
    return Wanted(
        teams=visible_teams(signed_in()),
        owner=signed_in().person if given["owner"] == "me" else given["owner"],
        due=due.isoformat() if due else "",
        awake="" if given["asleep"] or given["status"] == "closed" else day.isoformat(),
        **{name: given[name] for name in ("status", "kind", "team", "form")},
    )


def remember_settled(case_id: str, *, settled: bool) -> None:
    """Whoever has just settled a case is told so in the queue until the lists know of it."""
    others = {name: at for name, at in _settled_lately().items() if name != case_id}
    session[SETTLED] = others | ({case_id: time()} if settled else {})


def _settled_lately() -> dict[str, float]:
    known = session.get(SETTLED)
    return {name: at for name, at in known.items() if time() - at < LAG_SECONDS} if isinstance(known, dict) else {}


def _row(row: Row, names: Names, back: str) -> dict[str, Any]:
    settling = row["status"] == "open" and row["id"] in _settled_lately()
    mine = access.may(signed_in(), Action.DECIDE, row["team"]) and not settling
    return shown_case(row, names, back) | {
        "settling": settling,
        "brief": _brief(row, names),
        "selectable": mine and row["kind"] == CONFLICT and row["status"] == "open",
        "assign_url": url_for("office.add_entry", case_id=row["id"]) if mine and row["status"] == "open" else None,
    }


def _brief(row: Row, names: Names) -> str:
    """The first thing that a case without values is about, or else what would end it."""
    form = names.form(row["form"], row["version"] or 0)
    found = matters_of(row, answers_of(row), form, names)
    if not found:
        return language.pick(KINDS[row["kind"]].settles, names.lang)
    joint = ": " if names.lang == "en" else "："
    return joint.join(filter(None, (found[0]["label"], found[0]["text"])))


def _address(given: Mapping[str, Any], **changes: Any) -> str:
    kept = {name: given[name] for name in KEPT if given[name]} | changes
    return f"{url_for('office.cases')}?{urlencode({name: value for name, value in kept.items() if value})}"


def _kinds(wanted: Wanted, given: Mapping[str, Any], names: Names) -> list[dict[str, Any]]:
    """A tab for each kind that there are any of, each with its number."""
    counts = case_lists().counts(replace(wanted, kind=""))
    all_ = {"title": language.translate("cases.all_kinds", names.lang), "count": sum(counts.values()), "kind": ""}
    shown = [
        {"title": language.pick(kind.title, names.lang), "count": counts.get(kind.name, 0), "kind": kind.name}
        for kind in KINDS.values()
        if kind.name in counts or kind.name == given["kind"]
    ]
    return [each | {"url": _address(given, kind=each["kind"], cursor="")} for each in (all_, *shown)]


def _choices(names: Names) -> dict[str, list[tuple[str, str]]]:
    mine = visible_teams(signed_in())
    published = {doc["form"]: doc["version"] for doc in current().directory.forms()}

    def say(key: str) -> str:
        return language.translate(key, names.lang)

    return {
        "team": [(team, name) for team, name in names.teams.items() if mine is None or team in mine],
        "form": list(names.titles(published).items()),
        "owner": [("me", say("cases.mine")), (NOBODY, say("cases.nobody")), *owners(mine)],
        "term": [(LATE, say("cases.late")), (WEEK, say("cases.week"))],
        "sort": [("opened", say("cases.by_opened")), ("due", say("cases.by_due"))],
    }


def owners(teams: frozenset[str] | None) -> list[tuple[str, str]]:
    """People who may see to cases of these teams, by name and as they are called."""
    return [
        (user.name, user.display_name)
        for user in current().directory.users()
        if not user.disabled
        and {*user.roles} & {role for role in Action.DECIDE.value if isinstance(role, str)}
        and (teams is None or {*user.roles} & EVERY_TEAM or teams & {*user.teams})
    ]


def rule_choices(cases: Iterable[Row], names: Names) -> dict[str, list[tuple[str, str]]]:
    """The rules that many conflicts can be decided by, with the people and devices that have given the values."""
    first = [head.get("origin") or head for case in cases if case["kind"] == CONFLICT for head in case["heads"]]
    people, devices = {each["by"] for each in first}, {each["device"] for each in first}
    return {
        "plain": [(rule, language.translate(f"case_rule.{rule}", names.lang)) for rule in PLAIN_RULES],
        "people": sorted((f"person:{person}", names.person(person)) for person in people if person),
        "devices": sorted((f"device:{device}", names.device(device)) for device in devices if device),
    }
