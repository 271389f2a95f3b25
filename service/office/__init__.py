"""The office's pages: lists, records, cases. HTML made here, a little script for keys, no framework."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Flask, g, redirect, request, url_for
from flask_wtf.csrf import generate_csrf, validate_csrf
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError  # type: ignore[import-untyped]

from service import language
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import guard_office, remember_language
from service.errors import RoundsError
from service.office import (
    batches,
    bundles,
    cases,
    comparisons,
    deliveries,
    forms,
    joins,
    photos,
    queue,
    records,
    session,
    why,
)
from service.parts import current
from service.readmodel.case_lists import CaseLists

GLYPHS = {"accepted": "●", "returned": "↩", "held": "◑"}
THEMES = ("light", "dark", "sunlight")
THEME_COOKIE = "rounds_theme"


def register(app: Flask) -> None:
    """Add the office's pages and what every page needs to the application."""
    blueprint = Blueprint("office", __name__, url_prefix="/office")
    guard_office(blueprint)
    blueprint.before_request(_check_form)
    blueprint.after_request(remember_language)
    blueprint.after_request(_keep_private)
    for module in (
        *(session, records, why, queue, cases, joins, batches),
        *(deliveries, comparisons, photos, bundles, forms),
    ):
        module.add_to(blueprint)
    blueprint.add_url_rule("/", "start", _start)
    app.register_blueprint(blueprint)
    app.add_url_rule("/", "office_start", _start)
    app.context_processor(_page)
    app.jinja_env.globals["csrf_token"] = generate_csrf
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


@access.needs(None)
def _start() -> Response:
    return redirect(url_for("office.records"))


def _check_form() -> None:
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        raise RoundsError("form_expired") from None


def _keep_private(response: Any) -> Any:
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response


def _page() -> dict[str, Any]:
    """What templates use on every page: the language and its sentences, the theme, the person."""
    lang = language.negotiate(request)
    user = g.get("user")
    return {
        "lang": lang,
        "t": lambda key, **params: language.translate(key, lang, **params),
        "here": _here,
        "theme": theme if (theme := request.cookies.get(THEME_COOKIE)) in THEMES else "",
        "glyphs": GLYPHS,
        "user": user,
        "open_cases": _waiting() if user else 0,
    }


def _here(**changes: str) -> str:
    """This page's address with some arguments changed."""
    return f"{request.path}?{urlencode({**request.args.to_dict(), **changes})}"


def _waiting() -> int:
    user = g.signed_in
    return CaseLists(current().readmodel).open_cases(visible_teams(user)) if access.may(user, Action.READ_CASES) else 0
