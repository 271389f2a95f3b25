"""When hubs were last at the office, and what they had with them. Not replicated, no history: only the last counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.auth.directory import Directory
from service.campaign import HUB
from sync.store import Database, NotFound

_FIELDS = ("at", "version", "addresses", "waiting", "refused")


@dataclass(frozen=True)
class Seen:
    """A hub as the office knows it; `at` (RFC 3339) is empty where it never came."""

    hub: str
    teams: tuple[str, ...]
    invited: bool
    at: str
    version: str
    waiting: int
    refused: int


def remember_visit(office: Database, hub: str, told: Mapping[str, Any]) -> None:
    """Write down that a hub was here."""
    office.put_local(f"visit-{hub}", {name: told[name] for name in _FIELDS})


def hubs(directory: Directory) -> list[Seen]:
    """Every hub that was ever invited."""
    users = [user for user in directory.users() if user.name.startswith(HUB) and "hub" in user.roles]
    return [_seen(directory, user.name, user.teams) for user in users]


def _seen(directory: Directory, name: str, teams: tuple[str, ...]) -> Seen:
    try:
        last = directory.office.get_local(f"visit-{name}")
    except NotFound:
        last = {"at": "", "version": "", "waiting": 0, "refused": 0}
    invited = "invitation" in directory.office.get(f"user:{name}")
    told = (last["at"], last["version"], last["waiting"], last["refused"])
    return Seen(name.removeprefix(HUB), teams, invited, *told)
