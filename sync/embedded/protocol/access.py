"""Who may do what, in one place, for every verb and path of the store.

Source: CouchDB's `chttpd_auth_request`; its `admin_only_all_dbs` is set, as it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from sync.embedded.members import is_administrator, is_member
from sync.store import Forbidden, Unauthorized, UserContext

SERVER = frozenset({"all_dbs", "dbs_info", "db_updates", "create", "destroy", "purge", "put_purged_infos_limit"})
"""An administrator of the server's alone."""
DATABASE = frozenset({"put_security", "compact", "view_cleanup", "put_revs_limit", "indexes", "index"})
"""Also for those whom the database's `_security` names as its administrators; reading is for members."""
READS = frozenset({"GET", "HEAD"})


def check_server(user: UserContext, endpoint: str) -> None:
    """Raise unless the user may call an endpoint that belongs to no database, or that makes or removes one."""
    if endpoint in SERVER and not user.is_admin:
        _refuse(user, "You are not a server admin.")


def check_member(user: UserContext, security: Mapping[str, Any]) -> None:
    """Raise unless the user may read and write documents in the database with this `_security`."""
    if not is_member(user, security):
        _refuse(user, "You are not allowed to access this db.")


def check_database(user: UserContext, endpoint: str, security: Mapping[str, Any]) -> None:
    """Raise unless the user may call an endpoint of the database with this `_security`."""
    check_member(user, security)
    if _needs_administrator(endpoint) and not is_administrator(user, security):
        _refuse(user, "You are not a db or server admin.")


def _needs_administrator(endpoint: str) -> bool:
    return request.method not in READS and (endpoint in DATABASE or endpoint in ("design", "design_attachment"))


def _refuse(user: UserContext, reason: str) -> None:
    if user.name is None:
        raise Unauthorized("You are not signed in; sign in and send the token along.")
    raise Forbidden(reason)
