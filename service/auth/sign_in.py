"""Signing in: with a password, or with a device's signature over a challenge."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from service.auth.access import SignedIn
from service.auth.devices import Devices, device_id, is_signed, public_key
from service.auth.directory import Directory, User
from service.auth.operational import Attempts, Challenge, Challenges
from service.auth.passwords import verify_password
from service.errors import RoundsError
from sync.signature import sign_in_text

REMEMBERED_SECONDS = 60
REMEMBERED = 256

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Session:
    """Somebody who just proved who they are."""

    user: User
    signed_in: SignedIn


class SignIn:
    """Checks names, passwords and devices.

    :param origins: gives the addresses that are this service's own
    :param at_hub: the office is elsewhere
    :param wall: gives Unix seconds
    """

    def __init__(
        self,
        directory: Directory,
        attempts: Attempts,
        challenges: Challenges,
        *,
        origins: Callable[[], Collection[str]],
        at_hub: bool = False,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._at_hub = at_hub
        self._directory = directory
        self._devices = Devices(directory)
        self._attempts = attempts
        self._challenges = challenges
        self._origins = origins
        self._wall = wall
        self._remembered = _Remembered()

    def by_password(self, name: str, password: str, address: str) -> Session:
        """Raises `RoundsError`: `wrong_sign_in` (whatever was wrong about it), `too_many_attempts`.

        A hub has no passwords but its supervisors' and says so: `hub_sign_in`.
        """
        attempt = self._attempts.begin(name, address, self._wall())
        user = self._directory.user(name)
        kept = user.password if user and not user.disabled else None
        if self._at_hub and not kept:
            raise RoundsError("hub_sign_in")
        if not verify_password(kept, password) or user is None:
            raise RoundsError("wrong_sign_in")
        self._attempts.succeeded(attempt, name, address)
        return Session(user, user.signed_in())

    def with_device(self, session: Session, jwk: Mapping[str, Any], label: str) -> Session:
        """Register the device that the person signed in on. Only the office does: at a hub it must be known."""
        if self._at_hub and self._directory.device(device_id(public_key(jwk))) is None:
            raise RoundsError("hub_sign_in")
        device = self._devices.register(session.user, jwk, label, self._wall())
        return Session(session.user, session.user.signed_in(device))

    def challenge(self, device: str) -> Challenge:
        """A text for the device to sign."""
        return self._challenges.issue(device, self._wall())

    def by_challenge(self, device: str, challenge: str, origin: str | None, signature: str) -> Session:
        """`origin` is where the device means to sign in. Whoever stands elsewhere may pass our challenge on to it, and
        comes away with a signature for that other place.

        Raises `RoundsError`: `challenge_failed`, `origin_unknown`, `sign_in_outdated` where the device names no origin,
        or `device_revoked` where the signature was right.
        """
        fresh = self._challenges.use(challenge, device, self._wall())
        if origin is None:
            raise RoundsError("sign_in_outdated")
        known = self._directory.device(device)
        text = sign_in_text(challenge, origin)
        is_right = known is not None and fresh and is_signed(text, signature, public_key(known.public_key))
        if origin not in self._origins():
            if is_right:  # nobody else can fill the log with addresses
                log.warning(
                    "a device signs in for an address that the settings do not name", origin=origin, device=device
                )
            raise RoundsError("origin_unknown", origin=origin)
        if known is None or not is_right:
            raise RoundsError("challenge_failed")
        if known.revoked:
            raise RoundsError("device_revoked")
        user = self._directory.user(known.user)
        if user is None or user.disabled:
            raise RoundsError("challenge_failed")
        return Session(user, user.signed_in(device))

    def by_password_again(self, name: str, password: str, address: str) -> SignedIn:
        """As `by_password`, for HTTP Basic, which sends the password each time: a success is remembered a minute."""
        user = self._directory.user(name)
        if user is None or user.disabled or not self._remembered.has(user, password, self._wall()):
            user = self.by_password(name, password, address).user
            self._remembered.add(user, password, self._wall())
        return user.signed_in()

    def still_valid(self, user: SignedIn) -> SignedIn:
        """Refuse a token whose person was disabled or whose device was revoked after it was made.

        The person's roles are those that they have now, where the token has more. Raises `RoundsError`.
        """
        person = self._directory.user(user.person)
        if person is None or person.disabled:
            raise RoundsError("bad_token")
        if user.device is not None:
            known = self._directory.device(user.device)
            if known is None:
                raise RoundsError("device_unknown")
            if known.revoked:
                raise RoundsError("device_revoked")
        roles = user.roles & person.signed_in().roles
        return SignedIn(user.name, roles, device=user.device, expires_at=user.expires_at)


class _Remembered:
    """Successful passwords of the last minute, as keyed digests that die with the process."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def has(self, user: User, password: str, now: float) -> bool:
        with self._lock:
            return self._until.get(self._digest(user, password), 0.0) > now

    def add(self, user: User, password: str, now: float) -> None:
        with self._lock:
            if len(self._until) >= REMEMBERED:
                self._until.clear()
            self._until[self._digest(user, password)] = now + REMEMBERED_SECONDS

    def _digest(self, user: User, password: str) -> bytes:
        # With the hash in it, a password that was changed is forgotten at once.
        parts = "\0".join((user.name, user.password, password)).encode("utf-8", "surrogatepass")
        return hmac.new(self._key, parts, hashlib.sha256).digest()
