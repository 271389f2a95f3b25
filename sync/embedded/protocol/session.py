"""Signing in by cookie, and who one is. Source: CouchDB's `_session`."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.protocol.sign_in import COOKIE, SESSION_SECONDS, SignIn
from sync.store import BadRequest, Unauthorized

LOGIN_BYTES = 65_536


def session() -> Response:
    """GET, POST and DELETE of `_session`."""
    if request.method == "POST":
        return _begin(g.sign_in)
    if request.method == "DELETE":
        response = answer.json({"ok": True})
        response.set_cookie(COOKIE, "", max_age=0, path="/", httponly=True, samesite="Strict", secure=request.is_secure)
        return response
    if answer.flag("basic") and g.user.name is None:
        raise Unauthorized("Login requested")
    context = {"name": g.user.name, "roles": sorted(g.user.roles)}
    return answer.json({"ok": True, "userCtx": context, "info": _handlers()})


def _handlers() -> dict[str, Any]:
    if g.sign_in is None:
        return {"authentication_handlers": ["jwt", "default"]}
    known = {"authenticated": g.handler} if g.handler else {}
    return {"authentication_handlers": g.sign_in.handlers(), **known}


def _begin(sign_in: SignIn) -> Response:
    name, password = _credentials()
    user = sign_in.by_password(name, password)
    told = answer.json({"ok": True, "name": user.name, "roles": sorted(user.roles)})
    target = request.args.get("next")
    if target is not None:
        told.status_code = 302
        told.headers["Location"] = _within(target)
    set_cookie(told, sign_in, name)
    return told


def set_cookie(response: Response, sign_in: SignIn, name: str) -> None:
    """Put a new session's cookie on an answer: no script sees it, and no other site's page can use it."""
    response.set_cookie(
        COOKIE,
        sign_in.cookie_for(name),
        max_age=SESSION_SECONDS,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )


def _credentials() -> tuple[str, str]:
    """A form's or a JSON object's name and password. Raises `BadRequest`."""
    if (request.content_length or 0) > LOGIN_BYTES:
        raise BadRequest("A name and a password are shorter than this.")
    given: Any = answer.body_object() if request.mimetype == answer.JSON else request.form
    name, password = given.get("name", given.get("username")), given.get("password")
    if not isinstance(name, str) or not isinstance(password, str):
        raise BadRequest("request body must contain a username and a password")
    return name, password


def _within(target: str) -> str:
    """An address of this server, and of no other. Raises `BadRequest`."""
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or not target.startswith("/") or target.startswith(("//", "/\\")):
        raise BadRequest("next must be an address of this server.")
    return target
