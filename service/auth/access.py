"""The one place that says who may do what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from service.errors import RoundsError
from sync.store import UserContext

ROLES = ("inspector", "supervisor", "hub", "office", "admin")
TEAM = "team:"
_View = TypeVar("_View", bound=Callable[..., Any])


class Action(Enum):
    """What a person can ask for; the roles that may."""

    ENTER = frozenset(ROLES)
    """Know who one is, and sign out."""
    READ_FORMS = frozenset(ROLES)
    TRY_DRAFTS = frozenset({"supervisor", "office", "admin"})
    """See forms that are not published yet, and fill them without anything being kept."""
    WRITE_DRAFTS = frozenset({"office", "admin"})
    READ_RECORDS = frozenset({"inspector", "supervisor", "office", "admin"})
    READ_CASES = frozenset({"supervisor", "office", "admin"})
    READ_DELIVERIES = frozenset({"supervisor", "office", "admin"})
    """See what has come from which device, and what has not."""
    DECIDE = frozenset({"supervisor", "office", "admin"})
    OFFICE_PAGES = frozenset({"supervisor", "office", "admin"})
    ADMIT = frozenset({"office", "admin"})
    """Let edits of a revoked device count. Devices belong to the whole campaign."""
    IMPORT = frozenset({"supervisor", "hub", "office", "admin"})
    """Bring in bundles: work that came on a stick."""
    BE_HUB = frozenset({"hub"})
    """Come to the office as a hub, and hear who belongs to its teams."""
    USE_STORE = frozenset({"inspector", "supervisor", "hub"})
    """Replicate through /db/. Whoever may see less than a database never gets there."""


EVERY_TEAM = frozenset({"office", "admin"})
"""Roles that see all teams; everybody else sees the teams that they are in."""


@dataclass(frozen=True)
class SignedIn(UserContext):
    """Somebody whose sign-in was verified. `expires_at` is in Unix seconds; None for a password sent along."""

    device: str | None = None
    expires_at: float | None = None

    @property
    def teams(self) -> frozenset[str]:
        return frozenset(role.removeprefix(TEAM) for role in self.roles if role.startswith(TEAM))

    @property
    def person(self) -> str:
        """The name; whoever is signed in has one."""
        assert self.name is not None
        return self.name


def roles_of(roles: Iterable[str], teams: Iterable[str]) -> frozenset[str]:
    """The roles that a token carries: a person's own and one for each team. Never one that begins with `_`."""
    own = {role for role in roles if role in ROLES}
    return frozenset(own | {TEAM + team for team in teams})


def may(user: SignedIn, action: Action, team: str | None = None) -> bool:
    """Whether the person may, and in that team where one is named."""
    if not user.roles & action.value:
        return False
    return team is None or bool(user.roles & EVERY_TEAM) or team in user.teams


def require(user: SignedIn, action: Action, team: str | None = None) -> None:
    """Refuse what the person may not do. Raises `RoundsError` `forbidden`."""
    if not may(user, action, team):
        raise RoundsError("forbidden")


def visible_teams(user: SignedIn) -> frozenset[str] | None:
    """The teams whose records the person sees; None means all of them."""
    return None if user.roles & EVERY_TEAM else user.teams


def needs(action: Action | None) -> Callable[[_View], _View]:
    """Declare what a view asks for; None for what everybody may see. `service.auth.requests` enforces it."""

    def declare(view: _View) -> _View:
        view.access = action  # type: ignore[attr-defined]
        return view

    return declare
