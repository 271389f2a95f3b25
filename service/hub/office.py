"""A hub's way to its office: enrolling, signing in with its own key, visiting, and the office's store."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import requests

from service.auth.keys import PrivateKey
from service.hub.identity import Identity
from service.origins import origin_of
from sync.couch import CouchStore
from sync.signature import sign, sign_in_text
from sync.store import Forbidden, StoreError, Unauthorized, Unavailable

TIMEOUT_SECONDS = (10.0, 30.0)
EARLY_SECONDS = 300.0
ANSWER_BYTES = 4 * 1024 * 1024
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""Nothing else is ever signed: the key signs edits too, and an edit is a text as well."""


class OfficeError(StoreError):
    """The office refuses; `code` is its error's slug, the reason its sentence."""

    status = 400

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def ask(url: str, path: str, body: Mapping[str, Any], token: str | None = None) -> dict[str, Any]:
    """POST to an office's API. Raises `Unavailable`, `Unauthorized`, `Forbidden`, `OfficeError`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = requests.post(f"{url}/api/v1{path}", json=body, headers=headers, timeout=TIMEOUT_SECONDS)
        told = answer.json() if len(answer.content) < ANSWER_BYTES else None
    except requests.JSONDecodeError as error:
        raise Unavailable(f"{url} does not answer as a Rounds office does.") from error
    except requests.RequestException as error:
        raise Unavailable(f"The office cannot be reached at {url}: {_why(error)}.") from error
    if answer.ok and isinstance(told, dict):
        return told
    raise _refusal(answer.status_code, told if isinstance(told, dict) else {})


def _why(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here"
    return "no answer in time" if isinstance(error, requests.Timeout) else "no connection"


def _refusal(status: int, told: Mapping[str, Any]) -> StoreError:
    code, reason = str(told.get("error", "")), str(told.get("reason") or f"The office answered {status}.")
    if status >= 500 or status == 429:
        return Unavailable(reason)
    if code in {"challenge_failed", "token_expired", "bad_token"}:
        return Unauthorized(reason)
    return Forbidden(reason) if code in {"forbidden", "device_revoked"} else OfficeError(code, reason)


class Office:
    """The office as a hub sees it. Keeps a token that is renewed with the hub's key before it ends."""

    def __init__(self, identity: Identity, key: PrivateKey, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._identity = identity
        self._key = key
        self._monotonic = monotonic
        self._token: tuple[str, float] | None = None

    def store(self) -> CouchStore:
        """The office's store, for as long as this hub may use it. The caller closes it."""
        return CouchStore(f"{self._identity.office}/db", token=self.token)

    def token(self) -> str:
        """A token that holds for a while yet. Raises as `ask`."""
        if self._token is None or self._token[1] - EARLY_SECONDS < self._monotonic():
            self._token = self._sign_in()
        return self._token[0]

    def forget(self) -> None:
        """The token was refused: get another one next time."""
        self._token = None

    def visit(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """Say how this hub is, and hear who belongs to its teams. Raises as `ask`."""
        return ask(self._identity.office, "/hub/visit", told, self.token())

    def _sign_in(self) -> tuple[str, float]:
        url, device = self._identity.office, self._identity.device
        challenge = str(ask(url, "/session/challenge", {"device": device}).get("challenge"))
        if not CHALLENGE.fullmatch(challenge):
            raise Unavailable(f"{url} does not answer as a Rounds office does.")
        origin = origin_of(url)
        signature = sign(sign_in_text(challenge, origin).encode(), self._key)
        body = {"device": device, "challenge": challenge, "origin": origin, "signature": signature}
        told = ask(url, "/session", body)
        # By the office's own two times, since this laptop's clock may be anywhere.
        return told["token"], self._monotonic() + _seconds(told["expires_at"]) - _seconds(told["server_time"])


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
