"""Enrolling a hub: the office gives out a code for one use; the laptop that brings it registers its own key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from service.auth.devices import Devices
from service.auth.directory import Directory, User
from service.campaign import HUB, CampaignError, upsert
from service.errors import RoundsError
from service.hub.identity import NAME
from sync.store import Conflict, Document, NotFound

LIFE = timedelta(days=7)
SECRET_BYTES = 24


class Enrolments:
    """Hubs as users of the office (`user:hub-<name>`), each with one laptop at a time."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def invite(self, name: str, teams: Sequence[str], label: str, now: datetime) -> str:
        """A code for a hub that is to serve these teams, good for one use within a week. Raises `CampaignError`.

        Inviting a hub again is for a new laptop: the old one goes on until the code is used, and is refused then.
        """
        self._check(name, teams)
        secret = secrets.token_urlsafe(SECRET_BYTES)
        upsert(
            self._directory.office,
            {
                "_id": f"user:{HUB}{name}",
                "type": "user",
                "name": HUB + name,
                "display_name": label or HUB + name,
                "roles": ["hub"],
                "teams": sorted(set(teams)),
                "password": "",
                "disabled": False,
                "invitation": {"digest": _digest(secret), "expires_at": (now + LIFE).astimezone(UTC).isoformat()},
            },
        )
        return f"{name}.{secret}"

    def redeem(self, code: str, jwk: Mapping[str, Any], label: str, now: datetime) -> tuple[User, str]:
        """Register the laptop that brings a code; the hub and its device. Raises `RoundsError` `enrolment_failed`."""
        name, _, secret = code.partition(".")
        doc = self._invited(name)
        invitation = doc.pop("invitation", None)
        if not _is_good(invitation, secret, now):
            raise RoundsError("enrolment_failed")
        try:
            self._directory.office.put(doc)  # first, so that nobody else can use it
        except Conflict:
            raise RoundsError("enrolment_failed") from None
        hub = User.of(doc)
        devices = Devices(self._directory)
        for each in self._directory.devices():
            if each.user == hub.name and not each.revoked:
                devices.revoke(each.device, ())
        device = devices.register(hub, jwk, label, now.timestamp())
        self.keep_speakers(hub, device)
        return hub, device

    def keep_speakers(self, hub: User, device: str) -> None:
        """A hub's device speaks for the supervisors of its teams, who decide cases on it, and for nobody else."""
        known = [user for user in self._directory.users() if "supervisor" in user.roles and not user.disabled]
        speakers = [hub.name, *sorted(user.name for user in known if set(user.teams) & set(hub.teams))]
        doc = self._directory.reference.get(f"device:{device}")
        if doc.get("users") != speakers:
            self._directory.reference.put({**doc, "users": speakers})

    def _check(self, name: str, teams: Sequence[str]) -> None:
        if not NAME.fullmatch(name):
            raise CampaignError(f"{name!r} is no name for a hub: lower-case letters, digits and hyphens.")
        if not teams:
            raise CampaignError("A hub needs a team to serve: --team NAME.")
        if unknown := sorted(set(teams) - {team.team for team in self._directory.teams()}):
            raise CampaignError(f"There is no team {unknown[0]!r}.")

    def _invited(self, name: str) -> Document:
        if not NAME.fullmatch(name):
            raise RoundsError("enrolment_failed")
        try:
            return self._directory.office.get(f"user:{HUB}{name}")
        except NotFound:
            raise RoundsError("enrolment_failed") from None


def _is_good(invitation: object, secret: str, now: datetime) -> bool:
    if not isinstance(invitation, Mapping):
        return False
    is_right = hmac.compare_digest(str(invitation.get("digest")), _digest(secret))
    return is_right and datetime.fromisoformat(invitation["expires_at"]) > now


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
