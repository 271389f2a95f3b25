"""Self-check against inspection: what a unit reported of itself, what only an inspection found, and what both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Regexp

from service import comparison
from service.api.endpoint import Blueprint
from service.api.messages import text
from service.api.records import lists
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.comparison import INSPECTION, SELF_CHECK, Comparison, Point, areas

blueprint = Blueprint("comparisons", __name__, "Self-check against inspection")


class Wanted(Schema):
    unit = text("An entity's id.", required=True, validate=Regexp(r"^entity:[a-z][a-z0-9_-]*:[^\s\x00]{1,128}$"))
    since = fields.Date(format="iso", required=True, metadata={"description": "The period begins on this day."})
    until = fields.Date(format="iso", required=True, metadata={"description": "And ends on this one."})

    @validates_schema(skip_on_field_errors=True)
    def in_order(self, data: Mapping[str, Any], **_: Any) -> None:
        if data["since"] > data["until"]:
            raise ValidationError("The period ends before it begins.", "until")


class Named(Schema):
    team = fields.String()
    record = fields.String()
    day = text("Of an inspection; of a self-check, the last of its period.", allow_none=True)


class PointShown(Schema):
    team = fields.String()
    record = fields.String()
    row = fields.String()
    area = fields.String()
    kind = fields.String()
    text = fields.String()
    points = fields.Integer(allow_none=True)


class LineShown(Schema):
    match = text("`both`, `same_area` (the unit reported something else there), `only_inspection`, `only_self`.")
    area = fields.String()
    own = fields.Nested(PointShown, allow_none=True)
    found = fields.Nested(PointShown, allow_none=True)
    alike = fields.Integer(metadata={"description": "Percent."})


class ComparisonShown(Schema):
    self_check = fields.Nested(Named, allow_none=True)
    inspections = fields.List(fields.Nested(Named))
    areas = fields.Dict(metadata={"description": "For each area: checked, reported, found, both."})
    lines = fields.List(fields.Nested(LineShown))


class ComparisonsShown(Schema):
    items = fields.List(fields.Nested(ComparisonShown))


@blueprint.endpoint(
    "GET", "/comparisons", allows=Action.READ_CASES, query=Wanted, gives=ComparisonsShown, refuses=(422,)
)
def of_unit(query: Mapping[str, Any]) -> dict[str, Any]:
    """Each self-check of a unit whose period meets this one, matter by matter with the inspections in it."""
    return {"items": [_shown(each) for each in compared(query["unit"], query["since"], query["until"])]}


def compared(unit: str, first: date, last: date) -> list[Comparison]:
    """What the reader may see of a unit in a period, compared."""
    since, until = first.isoformat(), last.isoformat()
    teams = visible_teams(signed_in())
    checks = lists().of_unit(unit, SELF_CHECK, teams)
    seen = lists().of_unit(unit, INSPECTION, teams)
    meets = [
        row for row in checks if _between(row, "period_start", "", until) and _between(row, "period_end", since, "~")
    ]
    within = [row for row in seen if _between(row, "inspected_on", since, until)]
    return comparison.compare(meets, within)


def _between(row: Mapping[str, Any], name: str, first: str, last: str) -> bool:
    value = row["answers"].get(name)
    return isinstance(value, str) and first <= value <= last


def _shown(found: Comparison) -> dict[str, Any]:
    own = found.own
    return {
        "self_check": _named(own, "period_end") if own else None,
        "inspections": [_named(each, "inspected_on") for each in found.inspections],
        "areas": areas(found),
        "lines": [
            {
                "match": line.match,
                "area": line.area,
                "own": _point(line.own),
                "found": _point(line.found),
                "alike": line.alike,
            }
            for line in found.lines
        ],
    }


def _named(row: Mapping[str, Any], day: str) -> dict[str, Any]:
    return {"team": row["team"], "record": row["id"], "day": row["answers"].get(day)}


def _point(point: Point | None) -> dict[str, Any] | None:
    return asdict(point) if point else None
