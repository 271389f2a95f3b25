"""Tokens: short-lived JWTs, ES256, that CouchDB and the embedded store both check (law 29)."""

from __future__ import annotations

from dataclasses import dataclass

import jwt

from service.auth.access import SignedIn
from service.auth.keys import Keys
from service.errors import RoundsError

ALGORITHM = "ES256"
LIFETIME = 3600
"""Seconds."""


@dataclass(frozen=True)
class Token:
    """A token as it is handed out; `expires_at` in Unix seconds."""

    text: str
    expires_at: int


class Tokens:
    """Signs and checks tokens with one installation's keys."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def issue(self, user: SignedIn, now: float) -> Token:
        """A token for somebody whose sign-in was just verified."""
        expires_at = int(now) + LIFETIME
        claims = {"sub": user.person, "roles": sorted(user.roles), "iat": int(now), "exp": expires_at}
        if user.device is not None:
            claims["device"] = user.device
        text = jwt.encode(claims, self._keys.signing, algorithm=ALGORITHM, headers={"kid": self._keys.kid})
        return Token(text, expires_at)

    def verify(self, text: str) -> SignedIn:
        """Who a token speaks for. Raises `RoundsError` `token_expired` or `bad_token`."""
        try:
            key = self._keys.verifying[jwt.get_unverified_header(text)["kid"]]
            claims = jwt.decode(text, key, algorithms=[ALGORITHM], options={"require": ["exp", "iat", "sub", "roles"]})
        except jwt.ExpiredSignatureError:
            raise RoundsError("token_expired") from None
        except (jwt.PyJWTError, KeyError, ValueError, TypeError):
            raise RoundsError("bad_token") from None
        return _signed_in(claims)


def _signed_in(claims: dict[str, object]) -> SignedIn:
    roles, device, expires = claims["roles"], claims.get("device"), claims["exp"]
    if not isinstance(roles, list) or not all(isinstance(role, str) and not role.startswith("_") for role in roles):
        raise RoundsError("bad_token")
    if not isinstance(expires, int | float) or not isinstance(device, str | None):
        raise RoundsError("bad_token")
    return SignedIn(str(claims["sub"]), frozenset(roles), device=device, expires_at=float(expires))
