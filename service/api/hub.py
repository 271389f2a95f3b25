"""What a hub asks of its office, and how a hub stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from service.api.endpoint import Blueprint
from service.api.messages import NO_NUL, PublicKey
from service.auth import access
from service.auth.access import Action
from service.auth.devices import public_key
from service.auth.operational import Attempts
from service.auth.requests import address_of, signed_in
from service.errors import RoundsError
from service.hub.certificates import certify_hub, office_root
from service.hub.enrolment import Enrolments
from service.hub.identity import Identity
from service.hub.people import people_of
from service.hub.standing import standing
from service.hub.visits import remember_visit
from service.parts import current
from service.places import open_keeper

blueprint = Blueprint("hub", __name__, "Hubs")


class EnrolmentRequest(Schema):
    """A laptop that brings its code."""

    code = fields.String(required=True, validate=[Length(1, 100), NO_NUL])
    label = fields.String(load_default="", validate=[Length(max=80), NO_NUL])
    public_key = fields.Nested(PublicKey, required=True)
    authority = fields.Nested(PublicKey, required=True)


class EnrolmentGiven(Schema):
    hub = fields.String()
    device = fields.String()
    tablets = fields.String(metadata={"description": "The address that the tablet app was installed from."})
    teams = fields.List(fields.String())
    chain = fields.String(metadata={"description": "By which the hub signs for its own addresses (PEM)."})


class VisitRequest(Schema):
    version = fields.String(required=True, validate=[Length(1, 40), NO_NUL])
    addresses = fields.List(fields.String(validate=[Length(1, 64), NO_NUL]), load_default=list, validate=Length(max=8))
    waiting = fields.Integer(required=True, validate=Range(min=0))
    refused = fields.Integer(required=True, validate=Range(min=0))
    authority = fields.Nested(PublicKey)


class VisitGiven(Schema):
    teams = fields.List(fields.Dict())
    users = fields.List(fields.Dict())
    chain = fields.String(metadata={"description": "Where the hub asked for it."})


class HubStanding(Schema):
    hub = fields.String()
    office = fields.String()
    last_contact = fields.String(allow_none=True)
    last_attempt = fields.String(allow_none=True)
    error = fields.Dict(allow_none=True)
    alone = fields.List(fields.Dict(), metadata={"description": "Per team: records, receipts, pictures, bytes."})
    refused = fields.List(fields.Dict(), metadata={"description": "What the office would not take, and why."})


@blueprint.endpoint(
    "POST", "/hub/enrolment", allows=None, takes=EnrolmentRequest, gives=EnrolmentGiven, refuses=(401, 422, 429)
)
def enrol(body: Mapping[str, Any]) -> dict[str, Any]:
    """Make a laptop a hub, by a code that `rounds hub enroll` gave."""
    parts, now = current(), datetime.now(UTC)
    name = "hub " + body["code"].partition(".")[0][:40]
    attempts = Attempts(parts.operational)
    attempt = attempts.begin(name, address_of(request), now.timestamp())
    key = public_key(body["authority"])
    hub, device = Enrolments(parts.directory).redeem(body["code"], body["public_key"], body["label"], now)
    attempts.succeeded(attempt, name, address_of(request))
    short = hub.name.removeprefix("hub-")
    identity = Identity(short, device, "", parts.config.public_url, hub.teams)
    return {
        "hub": short,
        "device": device,
        "tablets": identity.tablets,
        "teams": list(hub.teams),
        "chain": certify_hub(office_root(parts.config.secrets, now), key, identity.host, now),
    }


@blueprint.endpoint("POST", "/hub/visit", allows=Action.BE_HUB, takes=VisitRequest, gives=VisitGiven, refuses=(422,))
def visit(body: Mapping[str, Any]) -> dict[str, Any]:
    """Say how this hub is, and hear who belongs to its teams."""
    parts, now, caller = current(), datetime.now(UTC), signed_in()
    hub = parts.directory.user(caller.person)
    if hub is None or caller.device is None:
        raise RoundsError("forbidden")
    Enrolments(parts.directory).keep_speakers(hub, caller.device)
    remember_visit(parts.directory.office, hub.name, {**body, "at": now.isoformat(timespec="seconds")})
    told = people_of(parts.directory, hub)
    if authority := body.get("authority"):
        host = Identity(hub.name.removeprefix("hub-"), "", "", "", ()).host
        told["chain"] = certify_hub(office_root(parts.config.secrets, now), public_key(authority), host, now)
    return told


@blueprint.endpoint("GET", "/hub", allows=Action.ENTER, gives=HubStanding, refuses=(404,))
def show() -> dict[str, Any]:
    """What is on this hub alone; 404 at an office."""
    parts = current()
    identity = parts.hub
    if identity is None:
        raise RoundsError("not_found")
    visible = access.visible_teams(signed_in())
    teams = [team.team for team in parts.directory.teams() if visible is None or team.team in visible]
    found = standing(parts.store, open_keeper(parts.config.data), teams)
    return {"hub": identity.name, "office": identity.office, **found}
