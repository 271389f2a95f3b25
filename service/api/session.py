"""Signing in, and who one is."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request

from service.api.endpoint import Blueprint
from service.api.messages import ChallengeGiven, ChallengeRequest, Me, SessionGiven, SignInRequest
from service.auth import access
from service.auth.access import Action, SignedIn
from service.auth.directory import User
from service.auth.requests import address_of, signed_in
from service.auth.sign_in import Session
from service.campaign import mailbox_of, media_of
from service.errors import RoundsError
from service.hub.attestation import Attestation, attest
from service.origins import own_origins
from service.parts import current

blueprint = Blueprint("session", __name__, "Sign-in")


@blueprint.endpoint(
    "POST", "/session", allows=None, takes=SignInRequest, gives=SessionGiven, refuses=(401, 403, 422, 429)
)
def begin(body: Mapping[str, Any]) -> dict[str, Any]:
    """Sign in with a password, or with a device's signature over a challenge."""
    session = _sign_in(body)
    now = time.time()
    token = current().tokens.issue(session.signed_in, now)
    told = {"token": token.text, "expires_at": moment(token.expires_at)}
    return told | who(session.user, session.signed_in, now)


@blueprint.endpoint(
    "POST", "/session/challenge", allows=None, takes=ChallengeRequest, gives=ChallengeGiven, refuses=(422, 429)
)
def challenge(body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for a text for a device to sign: it can be used once, within a minute. A hub proves that it is one."""
    given = current().sign_in.challenge(body["device"])
    told: dict[str, Any] = {"challenge": given.text, "expires_at": moment(given.expires_at)}
    proof = _proof(given.text, body["origin"]) if "origin" in body else None
    return told | ({"hub": proof} if proof else {})


def _proof(challenge: str, origin: str) -> Attestation | None:
    parts = current()
    if parts.hub is None:
        return None
    return attest(parts.hub, parts.keys.office_device, challenge, origin, own_origins(parts.config, parts.hub))


@blueprint.endpoint("GET", "/me", allows=Action.ENTER, gives=Me)
def me() -> dict[str, Any]:
    """Who one is, and which databases one may replicate."""
    user = current().directory.user(signed_in().person)
    if user is None:
        raise RoundsError("bad_token")
    return who(user, signed_in(), time.time())


def _sign_in(body: Mapping[str, Any]) -> Session:
    sign_in = current().sign_in
    if "challenge" in body:
        return sign_in.by_challenge(body["device"], body["challenge"], body.get("origin"), body["signature"])
    session = sign_in.by_password(body["name"], body["password"], address_of(request))
    if device := body.get("device"):
        return sign_in.with_device(session, device["public_key"], device.get("label", ""))
    return session


def who(user: User, signed_in: SignedIn, now: float) -> dict[str, Any]:
    """A person, their device, and the databases that are theirs to replicate."""
    teams = sorted(signed_in.teams) if access.may(signed_in, Action.USE_STORE) else []
    told: dict[str, Any] = {
        "server_time": moment(now),
        "user": {
            "name": user.name,
            "display_name": user.display_name,
            "roles": list(user.roles),
            "teams": list(user.teams),
            "team_names": _names_of({*user.teams, *teams}),
        },
        "databases": {
            "reference": "reference",
            "mailboxes": [mailbox_of(team) for team in teams],
            "media": [media_of(team) for team in teams],
        },
    }
    return told | ({"device": {"id": signed_in.device}} if signed_in.device else {})


def _names_of(teams: Collection[str]) -> dict[str, dict[str, str]]:
    return {each.team: dict(each.name) for each in current().directory.teams() if each.team in teams}


def moment(seconds: float) -> str:
    """Unix seconds as RFC 3339 with milliseconds, UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
