"""The people of a hub's teams: what the office tells the hub of them, and what the hub makes of it.

Inspectors come without their passwords: at a hub they sign in with their tablet's key, which is in `reference`. Only
the supervisors of its teams, whose laptop it is, can sign in on it with a password, so only theirs are given out, and
as argon2id hashes. Nobody is more at a hub than supervisor, and who is more at the office signs in there alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.auth.directory import Directory, User
from service.campaign import Campaign, upsert
from sync.store import Document, Store

ROLES = ("inspector", "supervisor")


def people_of(directory: Directory, hub: User) -> dict[str, Any]:
    """The teams that a hub serves and the people in them: `{"teams": [{team, name}], "users": [{name, …}]}`."""
    teams = [team for team in directory.teams() if team.team in hub.teams]
    users = [told for user in directory.users() if (told := _told(user, hub))]
    return {"teams": [{"team": each.team, "name": dict(each.name)} for each in teams], "users": users}


def _told(user: User, hub: User) -> dict[str, Any] | None:
    teams, roles = sorted(set(user.teams) & set(hub.teams)), sorted(set(user.roles) & set(ROLES))
    if user.disabled or not teams or not roles:
        return None
    # Whoever is more than a supervisor at the office has a password that no laptop in the field shall be searched for.
    password = user.password if "supervisor" in roles and set(user.roles) <= set(ROLES) else ""
    told = {"name": user.name, "display_name": user.display_name, "roles": roles, "teams": teams}
    return {**told, "password": password}


def take_in(store: Store, told: Mapping[str, Any]) -> None:
    """Make the hub's people and teams those that the office told of: whoever is not among them is let in no more."""
    campaign, directory = Campaign(store), Directory(store)
    for team in told["teams"]:
        campaign.add_team(team["team"], team["name"])
    listed = {user["name"]: user for user in told["users"]}
    for user in listed.values():
        upsert(directory.office, _document(user))
    for known in directory.users():
        if known.name not in listed and not known.disabled:
            campaign.disable_user(known.name)


def _document(user: Mapping[str, Any]) -> Document:
    kept = {name: user[name] for name in ("name", "display_name", "roles", "teams", "password")}
    return {"_id": f"user:{user['name']}", "type": "user", **kept, "disabled": False}
