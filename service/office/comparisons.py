"""Self-check against inspection, as a page: what a unit reported of itself beside what only an inspection found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import Blueprint, render_template, request, url_for

from service.api.comparisons import Wanted, compared
from service.api.records import lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.comparison import INSPECTION, SELF_CHECK, Comparison, Line, Point, areas
from service.office.answers import anchor_of
from service.office.case_view import today
from service.office.names import Names
from service.office.values import Reader, day_of
from service.parts import current

ASKED = ("unit", "since", "until")


def add_to(blueprint: Blueprint) -> None:
    """Add this page to the office."""
    blueprint.add_url_rule("/comparisons", "comparisons", page)


@access.needs(Action.READ_CASES)
def page() -> str:
    """The self-checks of a unit in a period, each matter by matter with the inspections of its time."""
    given = {name: request.args[name] for name in ASKED if request.args.get(name)}
    day = today()
    period = {"since": date(day.year, 1, 1).isoformat(), "until": day.isoformat()} | given
    found: list[Comparison] = []
    if "unit" in given:
        wanted = Wanted().load(period)
        found = compared(wanted["unit"], wanted["since"], wanted["until"])
    words = _Words(Names(current()))
    return render_template(
        "office/comparisons.html",
        section="comparisons",
        given=period,
        units=_units(words.reader),
        found=[words.shown(each) for each in found],
    )


def _units(reader: Reader) -> list[tuple[str, str]]:
    """The units that anything was handed in about, as they are called."""
    known = lists().units([SELF_CHECK, INSPECTION], visible_teams(signed_in()))
    return sorted(((unit, reader.entity(unit, reader.lang) or unit) for unit in known), key=lambda each: each[1])


class _Words:
    """What areas and kinds are called by the forms that are in force."""

    def __init__(self, names: Names) -> None:
        self.reader = names.reader("")
        published = {doc["form"]: doc["version"] for doc in current().directory.forms()}
        self._areas = self._choices(names, SELF_CHECK, published, "/items/area")
        self._kinds = self._choices(names, SELF_CHECK, published, "/items/source")
        self._kinds |= self._choices(names, INSPECTION, published, "/findings/category")
        self._names = names

    def shown(self, found: Comparison) -> dict[str, Any]:
        """One comparison ready to be shown."""
        own, counts = found.own, areas(found)
        return {
            "own": self._record(own, "period_start", "period_end") if own else None,
            "inspections": [self._record(each, "inspected_on") for each in found.inspections],
            "areas": [{"name": self._areas.get(area, area), **count} for area, count in counts.items()],
            "lines": [self._line(line) for line in found.lines],
            "missed": sum(line.match in ("only_inspection", "same_area") for line in found.lines),
        }

    def _choices(self, names: Names, name: str, published: Mapping[str, int], path: str) -> dict[str, str]:
        form = names.form(name, published.get(name, 0))
        field = form.field(path) if form else None
        return {each.name: self.reader.pick(each.label, each.name) for each in field.choices} if field else {}

    def _record(self, row: Mapping[str, Any], *days: str) -> dict[str, Any]:
        told = [day_of(row["answers"].get(day), self.reader.lang) for day in days]
        return {
            "url": url_for("office.record", record_id=row["id"], team=row["team"]),
            "days": " – ".join(told),
            "team": self._names.team(row["team"]),
        }

    def _line(self, line: Line) -> dict[str, Any]:
        return {
            "match": line.match,
            "area": self._areas.get(line.area, line.area),
            "own": self._point(line.own, "items"),
            "found": self._point(line.found, "findings"),
            "alike": line.alike,
        }

    def _point(self, point: Point | None, repeat: str) -> dict[str, Any] | None:
        if point is None:
            return None
        record = url_for("office.record", record_id=point.record, team=point.team)
        return {
            "text": point.text,
            "kind": self._kinds.get(point.kind, point.kind),
            "points": point.points,
            "url": f"{record}#{anchor_of(f'/{repeat}/{point.row}')}",
        }
