"""Who sends a request, and whether the view that it asks for lets them in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, Request, Response, current_app, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from service import language
from service.auth import access
from service.auth.access import Action, SignedIn
from service.auth.directory import User
from service.errors import RoundsError, describe
from service.parts import current
from sync.embedded.protocol.access import check_member
from sync.store import StoreError, UserContext

SESSION_NAME, SESSION_PROOF = "name", "proof"
UNGUARDED = frozenset({"static", "tablet", "api-docs", "couch"})


class SignInRefused(StoreError):
    """A refusal of ours told to the store's protocol, which knows only store errors."""

    def __init__(self, error: RoundsError) -> None:
        answer = describe(error, "en")
        super().__init__(answer.reason, details=answer.details)
        self.code = answer.code
        self.status = answer.status


def authenticate(request: Request) -> SignedIn:
    """Who sends an API request, by its Authorization header. Raises `RoundsError`."""
    header = request.authorization
    if header is None:
        raise RoundsError("bad_token" if "Authorization" in request.headers else "unauthorized")
    sign_in = current().sign_in
    if header.type == "bearer" and header.token:
        return sign_in.still_valid(current().tokens.verify(header.token))
    if header.type == "basic" and header.username and header.password:
        return sign_in.by_password_again(header.username, header.password, address_of(request))
    raise RoundsError("bad_token")


def authenticate_for_store(request: Request) -> UserContext:
    """Who sends a request to /db/. Raises `SignInRefused`, also for roles that see less than a database (law 30)."""
    try:
        user = authenticate(request)
        access.require(user, Action.USE_STORE)
    except RoundsError as error:
        raise SignInRefused(error) from None
    g.signed_in = user
    return user


def sign_in_ends() -> float | None:
    """When the sign-in of the request at hand ends, in Unix seconds, so that a feed does not outlive it (law 28)."""
    return signed_in().expires_at


def sign_in_holds() -> Callable[[], bool]:
    """What says of the request at hand, while it waits for changes, whether its sign-in still holds (law 28).

    Asked often, and by feeds by the thousand: as long as nothing was written about people and devices, nothing is read.
    """
    user, parts, database = signed_in(), current(), g.database
    seen = parts.directory.state()

    def holds() -> bool:
        nonlocal seen
        try:
            if (now := parts.directory.state()) == seen:
                return True
            check_member(parts.sign_in.still_valid(user), database.security())
        except (RoundsError, StoreError):
            return False
        seen = now
        return True

    return holds


def address_of(request: Request) -> str:
    """The caller's address, as far as trusted proxies let us see it."""
    return request.remote_addr or "unknown"


def signed_in() -> SignedIn:
    """Who sends the request at hand. Only views that are declared with `access.needs` may ask."""
    user: SignedIn = g.signed_in
    return user


def guard_api(blueprint: Blueprint) -> None:
    """Let only those into the API's views whom the views' declarations admit."""

    @blueprint.before_request
    def check() -> None:
        if (action := _declared()) is not None:
            g.signed_in = authenticate(request)
            access.require(g.signed_in, action)


def guard_office(blueprint: Blueprint) -> None:
    """The same for office pages, by session cookie; strangers are sent to the sign-in page."""

    @blueprint.before_request
    def check() -> AnyResponse | None:
        if (action := _declared()) is None:
            return None
        user = office_user()
        if user is None:
            session.clear()
            here = request.full_path.rstrip("?") if request.method == "GET" else None
            return redirect(url_for("office.sign_in", next=here, lang=request.args.get("lang")))
        g.signed_in = user.signed_in()
        g.user = user
        access.require(g.signed_in, action)
        return None


def office_user() -> User | None:
    """The person whose session the cookie holds; None for nobody, the disabled, and those with a new password."""
    name, proof = session.get(SESSION_NAME), session.get(SESSION_PROOF)
    user = current().directory.user(name) if isinstance(name, str) else None
    if user is None or user.disabled or not isinstance(proof, str):
        return None
    return user if hmac.compare_digest(proof, proof_of(user)) else None


def begin_office_session(user: User) -> None:
    """Remember in the cookie who signed in."""
    session.clear()
    session.permanent = True
    session[SESSION_NAME] = user.name
    session[SESSION_PROOF] = proof_of(user)


def proof_of(user: User) -> str:
    """Binds a session to the password that it began with: changing the password ends it."""
    key = current().keys.session
    return hmac.new(key, f"{user.name}\0{user.password}".encode(), hashlib.sha256).hexdigest()[:32]


def undeclared(app: Flask) -> list[str]:
    """Views that do not declare whom they admit; the application does not start with one.

    Static files, the tablet app and the OpenAPI document are for everybody; the store's protocol asks `_security`.
    """
    guarded = (name for name in app.view_functions if name.partition(".")[0] not in UNGUARDED)
    return sorted(name for name in guarded if not hasattr(app.view_functions[name], "access"))


def _declared() -> Action | None:
    """Whom the view at hand admits. A view without a declaration never gets this far: the start checks them all."""
    view: Any = current_app.view_functions[request.endpoint or ""]
    action: Action | None = view.access
    return action


def remember_language(response: Response) -> Response:
    """Keep a language that was asked for in the address."""
    chosen = language.known(request.args.get("lang", ""))
    if chosen:
        response.set_cookie(
            language.COOKIE, chosen, max_age=365 * 86400, samesite="Lax", secure=current().config.is_https
        )
    return response
