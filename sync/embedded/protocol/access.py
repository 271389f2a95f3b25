"""Who may do what, in one place, for every verb and path below a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from sync.store import Forbidden, Unauthorized, UserContext

ADMIN_ENDPOINTS = frozenset({"create", "destroy", "put_security", "compact", "local_docs", "revs_limit"})


def check_member(user: UserContext, security: Mapping[str, Any]) -> None:
    """Raise unless the user may read and write documents in the database with this `_security`."""
    if user.is_admin:
        return
    if user.name is None:
        raise Unauthorized("You are not signed in; sign in and send the token along.")
    if not (_named(security, "members", user) or _named(security, "admins", user)):
        raise Forbidden("You are not allowed to access this database.")


def check_admin(user: UserContext) -> None:
    """Raise unless the user administers the server."""
    if user.is_admin:
        return
    if user.name is None:
        raise Unauthorized("You are not signed in; sign in and send the token along.")
    raise Forbidden("Only an administrator of the server may do this.")


def _named(security: Mapping[str, Any], group: str, user: UserContext) -> bool:
    listed = security.get(group)
    if not isinstance(listed, Mapping):
        return False
    return user.name in listed.get("names", ()) or not user.roles.isdisjoint(listed.get("roles", ()))


def needs_admin(endpoint: str) -> bool:
    """Whether an endpoint is an administrator's alone: databases themselves, and design documents."""
    if endpoint in ADMIN_ENDPOINTS:
        return True
    return endpoint == "design" and request.method not in ("GET", "HEAD")
