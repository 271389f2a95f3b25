"""Who a database's `_security` object names. Pure. Source: CouchDB's `/{db}/_security`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sync.store import UserContext


def is_member(user: UserContext, security: Mapping[str, Any]) -> bool:
    """Whether the user may read and write documents. A database whose members nobody has named is closed."""
    return user.is_admin or _named(security, "members", user) or _named(security, "admins", user)


def is_administrator(user: UserContext, security: Mapping[str, Any]) -> bool:
    """Whether the user may write design documents, compact, and say who else is a member."""
    return user.is_admin or _named(security, "admins", user)


def _named(security: Mapping[str, Any], group: str, user: UserContext) -> bool:
    listed = security.get(group)
    if user.name is None or not isinstance(listed, Mapping):
        return False
    return user.name in listed.get("names", ()) or not user.roles.isdisjoint(listed.get("roles", ()))
