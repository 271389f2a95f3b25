"""Who asks, where the embedded store stands alone: its one administrator by password or cookie, others by token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jwt
from flask import Request

from sync.store import ADMIN, Unauthorized, UserContext

COOKIE = "AuthSession"
SESSION_SECONDS = 600
"""Source: CouchDB's `[chttpd_auth] timeout`. A session that is used lasts on."""
RENEWED_SECONDS = 60
NOBODY = UserContext(None)
WRONG = "Name or password is incorrect."


@dataclass(frozen=True)
class Caller:
    """Somebody, and by which of CouchDB's handlers they are known: `cookie`, `default` (Basic), `jwt`, or none."""

    user: UserContext
    handler: str | None = None
    renew: bool = False


class SignIn:
    """The sign-in of one server.

    :param admin: `NAME:PASSWORD` of the administrator; without one everybody is
    :param keys: public keys (PEM, ES256) that sign bearer tokens, by their `kid`
    :param secret: what cookies are signed with
    :param clock: seconds since 1970
    """

    def __init__(
        self, admin: str | None, *, keys: Mapping[str, str], secret: bytes, clock: Callable[[], float]
    ) -> None:
        self._admin = admin
        self._keys = keys
        self._clock = clock
        # A password that was changed ends the sessions that began with the old one.
        self._secret = hmac.digest(secret, (admin or "").encode(), hashlib.sha256)

    def handlers(self) -> list[str]:
        """The ways in that there are."""
        return ["cookie", *(["jwt"] if self._keys else []), "default"]

    def who(self, asked: Request) -> Caller:
        """Who sends a request. Raises `Unauthorized` for credentials that are wrong."""
        given = asked.headers.get("Authorization", "")
        if given.startswith("Bearer ") and self._keys:
            return Caller(self._by_token(given.removeprefix("Bearer ")), "jwt")
        if self._admin is None:
            return Caller(ADMIN)
        if given.startswith("Basic "):
            return Caller(self._by_credentials(_decoded(given.removeprefix("Basic "))), "default")
        if given:
            raise Unauthorized(WRONG)
        cookie = asked.cookies.get(COOKIE)
        return self._by_cookie(cookie) if cookie else Caller(NOBODY)

    def by_password(self, name: str, password: str) -> UserContext:
        """Raises `Unauthorized`."""
        return self._by_credentials(f"{name}:{password}".encode())

    def cookie_for(self, name: str) -> str:
        """The value of a new session's cookie."""
        content = f"{name}:{int(self._clock()):X}".encode()
        return base64.urlsafe_b64encode(content + b":" + self._signature(content)).decode().rstrip("=")

    def _by_credentials(self, credentials: bytes) -> UserContext:
        if self._admin is None or not hmac.compare_digest(credentials, self._admin.encode()):
            raise Unauthorized(WRONG)
        return UserContext(self._admin.partition(":")[0], ADMIN.roles)

    def _by_cookie(self, cookie: str) -> Caller:
        assert self._admin is not None
        content, _, signature = _decoded(cookie, alternative=b"-_").rpartition(b":")
        if not hmac.compare_digest(signature, self._signature(content)):
            raise Unauthorized("The session's cookie is not ours; sign in again.")
        name, _, began = content.decode().rpartition(":")
        age = self._clock() - int(began, 16)
        if age >= SESSION_SECONDS:
            return Caller(NOBODY)
        return Caller(UserContext(name, ADMIN.roles), "cookie", renew=age >= RENEWED_SECONDS)

    def _signature(self, content: bytes) -> bytes:
        return hmac.digest(self._secret, content, hashlib.sha256).hex().encode()

    def _by_token(self, token: str) -> UserContext:
        try:
            key = self._keys[jwt.get_unverified_header(token).get("kid", "")]
            claims = jwt.decode(token, key, algorithms=["ES256"], options={"require": ["exp", "sub"]})
        except (jwt.InvalidTokenError, KeyError):
            raise Unauthorized("The token is not valid, or not any more.") from None
        roles = claims.get("roles", [])
        if not isinstance(roles, list) or not all(isinstance(role, str) and not role.startswith("_") for role in roles):
            raise Unauthorized("The token's roles must be a list of names, none of which begins with an underscore.")
        return UserContext(str(claims["sub"]), frozenset(roles))


def _decoded(text: str, alternative: bytes | None = None) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=alternative, validate=True)
    except (binascii.Error, ValueError):
        return b""
