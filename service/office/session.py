"""Signing in to the office, and out."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from service import language
from service.auth import access
from service.auth.access import Action
from service.auth.requests import address_of, begin_office_session, office_user
from service.errors import RoundsError, describe
from service.parts import current


def add_to(blueprint: Blueprint) -> None:
    """Add these pages to the office."""
    blueprint.add_url_rule("/sign-in", "sign_in", show, methods=["GET"])
    blueprint.add_url_rule("/sign-in", "sign_in_now", sign_in, methods=["POST"])
    blueprint.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])


@access.needs(None)
def show() -> AnyResponse:
    """The sign-in page; who is signed in already goes on."""
    if office_user() is not None:
        return redirect(_next())
    return _page("", "", 200)


@access.needs(None)
def sign_in() -> AnyResponse:
    """Check name and password, and begin a session."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    lang = language.negotiate(request)
    if not name or not password:
        return _page(name, language.translate("sign_in.required", lang), 422)
    try:
        user = current().sign_in.by_password(name, password, address_of(request)).user
    except RoundsError as error:
        answer = describe(error, lang)
        return _page(name, answer.reason, answer.status, answer.headers)
    if not access.may(user.signed_in(), Action.OFFICE_PAGES):
        return _page(name, language.translate("sign_in.not_office", lang), 403)
    begin_office_session(user)
    return redirect(_next())


@access.needs(None)
def sign_out() -> AnyResponse:
    """End the session."""
    session.clear()
    return redirect(url_for("office.sign_in"))


def _page(name: str, failure: str, status: int, headers: dict[str, str] | None = None) -> Response:
    page = render_template("office/sign_in.html", name=name[:64], failure=failure, next=request.args.get("next"))
    response = make_response(page, status)
    response.headers.update(headers or {})
    return response


def _next() -> str:
    """Where the person wanted to go: a page of ours, never another site's."""
    wanted = request.args.get("next", "")
    is_ours = wanted.startswith("/office/") and "\\" not in wanted and "\n" not in wanted
    return wanted if is_ours else url_for("office.records")
