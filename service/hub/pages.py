"""The hub's screen: how a tablet finds it, and what is on it alone; and the root certificate that tablets trust."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from flask import Blueprint, Flask, Response, redirect, render_template, request, url_for
from flask_wtf.csrf import validate_csrf
from werkzeug.wrappers import Response as AnyResponse
from wtforms.validators import ValidationError  # type: ignore[import-untyped]

from service import language
from service.auth import access
from service.auth.requests import office_user, remember_language
from service.errors import RoundsError
from service.hub import network
from service.hub.certificates import ROOT_CERTIFICATE
from service.hub.identity import Identity
from service.hub.relay import RESEND
from service.hub.serving import CHAIN
from service.hub.standing import standing
from service.office.names import ZONE
from service.parts import current
from service.places import open_keeper

CERTIFICATE_TYPE = "application/x-x509-ca-cert"


def register(app: Flask) -> None:
    """Add `/hub` and what belongs to it."""
    blueprint = Blueprint("hub_pages", __name__)
    blueprint.after_request(remember_language)
    blueprint.add_url_rule("/hub", "show", show)
    blueprint.add_url_rule("/hub/again", "again", again, methods=["POST"])
    blueprint.add_url_rule("/hub/root.crt", "root", root)
    app.register_blueprint(blueprint)


@access.needs(None)
def show() -> str:
    """The page. Its counts are for those at the laptop, and for its supervisors; the QR code is for everybody."""
    identity, parts = _identity(), current()
    known = network.addresses()
    places = network.origins(identity, parts.config.bind[1], known)
    near = _is_near()
    told = standing(parts.store, open_keeper(parts.config.data), _teams()) if near else None
    lang = language.negotiate(request)
    return render_template(
        "hub.html",
        identity=identity,
        origin=places[0],
        origins=places[: len(known) + 1],
        qr=network.qr_svg(network.invitation(identity, places[0])),
        told=told,
        names={team.team: language.pick(team.name, lang, team.team) for team in parts.directory.teams()},
        contact=_moment(told["last_contact"], lang) if told else "",
        at_once=request.args.get("asked") == "1",
    )


@access.needs(None)
def again() -> AnyResponse:
    """Ask the relay to send what was refused once more."""
    _identity()
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise RoundsError("form_expired") from None
    if not _is_near():
        raise RoundsError("forbidden")
    open_keeper(current().config.data).put_local(RESEND, {"asked": True})
    return redirect(url_for("hub_pages.show", asked=1))


@access.needs(None)
def root() -> Response:
    """The root certificate for tablets to trust: this office's, or the one that this hub has from its office."""
    config = current().config
    identity = current().hub
    path = config.secrets / (CHAIN if identity else ROOT_CERTIFICATE)
    if not path.exists():
        raise RoundsError("not_found")
    last = x509.load_pem_x509_certificates(path.read_bytes())[-1]
    content = last.public_bytes(serialization.Encoding.DER)
    headers = {"Content-Disposition": 'attachment; filename="rounds-hubs.crt"'}
    return Response(content, content_type=CERTIFICATE_TYPE, headers=headers)


def _identity() -> Identity:
    identity = current().hub
    if identity is None:
        raise RoundsError("not_found")
    return identity


def _teams() -> list[str]:
    return [team.team for team in current().directory.teams()]


def _is_near() -> bool:
    """Whether it is asked for at the laptop itself, or by a supervisor who is signed in on it."""
    if office_user() is not None:
        return True
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _moment(moment: Any, lang: str) -> str:
    if not isinstance(moment, str):
        return ""

    return language.show_moment(datetime.fromisoformat(moment).astimezone(UTC).astimezone(ZONE), lang)
