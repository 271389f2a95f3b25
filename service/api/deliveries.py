"""Proof of delivery: per team and device what has come, what was judged, and what is still out there since when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Regexp

from service.api.endpoint import Blueprint
from service.api.messages import languages, text
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.deliveries import STATES, Report, Standing, Total, hubs_of, standings, totals
from service.errors import not_found
from service.hub.visits import Seen
from service.parts import current
from service.readmodel.deliveries import Deliveries
from service.readmodel.paging import Row

blueprint = Blueprint("deliveries", __name__, "Proof of delivery")
INCOMPLETE = 200
"""Records of a device that are named, where files of more of them are missing."""


class OfTeam(Schema):
    team = text(
        "Of this team alone; for a device that is used in several: in which.",
        load_default="",
        validate=Regexp(r"^[a-z][a-z0-9-]{0,30}$|^$"),
    )


class Measured(Schema):
    at = fields.String()
    ms = fields.Integer()


class ReportShown(Schema):
    at = text("When, by the service's clock.")
    by = fields.String()
    app = fields.String()
    via = text("The hub that it was told to; null for the office.", allow_none=True)
    records = fields.Integer(metadata={"description": "Not yet handed over, as all that follows."})
    files = fields.Integer()
    bytes = fields.Integer()
    drafts = fields.Integer(metadata={"description": "Begun, and not yet to be sent."})
    refused = fields.Integer(metadata={"description": "What the office or the hub would not take."})
    since = text("The oldest of what is not handed over.", allow_none=True)
    skew_ms = fields.Integer(
        allow_none=True, metadata={"description": "How far its clock was ahead (behind: negative) when measured last."}
    )
    skews = fields.List(fields.Nested(Measured))


class DeviceShown(Schema):
    team = fields.String()
    device = fields.String()
    label = fields.String()
    person = text("Whose it is; empty for a device that nobody registered.")
    registered_at = fields.String()
    revoked = fields.Boolean()
    state = fields.String(validate=OneOf(STATES))
    heard = text("Its last word: its report, or else its last edit by its own clock.", allow_none=True)
    edits = fields.Integer(metadata={"description": "That have come."})
    judged = fields.Integer(metadata={"description": "Those of them that a verdict covers."})
    last_edit = fields.String()
    files = fields.Integer(metadata={"description": "Photos and files that its edits name."})
    missing = fields.Integer(metadata={"description": "Those of them that have not come."})
    report = fields.Nested(ReportShown, allow_none=True)


class TeamShown(Schema):
    team = fields.String()
    devices = fields.Integer()
    silent = fields.Integer(metadata={"description": "Devices that were not heard for three days, or never."})
    edits = fields.Integer()
    judged = fields.Integer()
    missing = fields.Integer()
    waiting = fields.Integer(metadata={"description": "Documents that devices say they have not handed over."})
    since = fields.String(allow_none=True)


class HubSeen(Schema):
    hub = fields.String()
    teams = fields.List(fields.String())
    at = text("When it was last at the office; empty where it never was.")
    waiting = fields.Integer(metadata={"description": "Documents that were on it alone then."})
    refused = fields.Integer()


class DeliveryPage(Schema):
    items = fields.List(fields.Nested(DeviceShown))
    teams = fields.List(fields.Nested(TeamShown))
    hubs = fields.List(fields.Nested(HubSeen))


class IncompleteRecord(Schema):
    id = fields.String()
    form = fields.String()
    version = fields.Integer()
    label = languages("What the record is called.")
    updated = fields.String()
    updated_by = fields.String()
    missing = fields.Integer()
    altered = fields.Integer(metadata={"description": "Those of them under whose name other bytes have come."})


class DeviceInFull(DeviceShown):
    records = fields.List(fields.Nested(IncompleteRecord))


@blueprint.endpoint("GET", "/delivery", allows=Action.READ_DELIVERIES, query=OfTeam, gives=DeliveryPage, refuses=(422,))
def listed(query: Mapping[str, Any]) -> dict[str, Any]:
    """Every device of one's teams, the worst first; the teams as a whole; the hubs that serve them."""
    teams = wanted(query["team"])
    found = standings(current(), teams, datetime.now(UTC))
    return {
        "items": [shown_device(each) for each in found],
        "teams": [_team(each) for each in totals(found)],
        "hubs": [_hub(each) for each in hubs_of(current(), teams)],
    }


@blueprint.endpoint(
    "GET",
    "/delivery/<device>",
    allows=Action.READ_DELIVERIES,
    query=OfTeam,
    gives=DeviceInFull,
    refuses=(404, 422),
)
def one(query: Mapping[str, Any], device: str) -> dict[str, Any]:
    """One device, with the records whose files it has not delivered."""
    standing, records = find(device, query["team"])
    return shown_device(standing) | {"records": records}


def wanted(team: str) -> frozenset[str] | None:
    """The teams to look at: those that one may see, or that one of them; None is every team."""
    visible = visible_teams(signed_in())
    return visible if not team else frozenset({team}) if visible is None or team in visible else frozenset()


def find(device: str, team: str) -> tuple[Standing, list[Row]]:
    """A device of one's teams with its incomplete records. Raises `RoundsError` `device_not_listed`."""
    found = standings(current(), wanted(team), datetime.now(UTC))
    standing = next((each for each in found if each.device == device), None)
    if standing is None:
        not_found("device_not_listed")
    return standing, Deliveries(current().readmodel).incomplete(standing.team, device, INCOMPLETE)


def shown_device(each: Standing) -> dict[str, Any]:
    """A device as the API shows it."""
    same = ("team", "device", "label", "person", "registered_at", "revoked", "state", "judged")
    came = {name: getattr(each.came, name) for name in ("edits", "last_edit", "files", "missing")}
    return (
        {name: getattr(each, name) for name in same}
        | came
        | {
            "heard": _iso(each.heard),
            "report": _report(each.report) if each.report else None,
        }
    )


def _report(told: Report) -> dict[str, Any]:
    same: dict[str, Any] = {"at": _iso(told.at), "by": told.by, "app": told.app, "via": told.via}
    skews = [{"at": _iso(at), "ms": ms} for at, ms in told.skews]
    return {**same, **told.alone} | {"since": _iso(told.since), "skew_ms": told.skew_ms, "skews": skews}


def _team(each: Total) -> dict[str, Any]:
    same = ("team", "devices", "silent", "edits", "missing", "waiting")
    return {name: getattr(each, name) for name in same} | {
        "judged": each.edits - each.held,
        "since": _iso(each.since),
    }


def _hub(each: Seen) -> dict[str, Any]:
    return {name: getattr(each, name) for name in ("hub", "teams", "at", "waiting", "refused")}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
