"""The blueprint: which path and verb is answered by what, who is asking, and what an error becomes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import cast

from flask import Blueprint, Flask, Request, Response, g, request
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import HTTPException

from sync.embedded.faults import known_fault
from sync.embedded.protocol import (
    access,
    addresses,
    answer,
    attached,
    bulk,
    bulk_get,
    changes,
    databases,
    documents,
    find,
    listing,
    server,
    session,
    updates,
)
from sync.embedded.protocol.sign_in import SignIn
from sync.embedded.store import EmbeddedStore
from sync.store import NotFound, StoreError, UserContext

Authenticate = Callable[[Request], UserContext]
Expiry = Callable[[], float | None]
Admission = Callable[[], Callable[[], bool]]

_READ = ["GET", "HEAD"]
_LISTED = [*_READ, "POST"]


def create_blueprint(
    store: EmbeddedStore,
    authenticate: Authenticate | SignIn,
    *,
    expires_at: Expiry | None = None,
    admission: Admission = lambda: lambda: True,
    name: str = "couch",
) -> Blueprint:
    """The store's HTTP face.

    `authenticate` says who asks (a `UserContext` without a name for nobody) and raises `Unauthorized` for credentials
    that are wrong. Then only what replication needs is served (law 28). With a `SignIn` instead the store stands alone
    and serves all that it can do. `expires_at` gives the time (seconds since 1970) at which the credentials of the
    present request end, so that a feed does not outlive them; `admission` gives what says, whenever it is asked,
    whether they still hold: they may be revoked while a feed waits.
    """
    blueprint = Blueprint(name, __name__)
    whole = isinstance(authenticate, SignIn)
    prefixes: list[str] = [""]
    _add_rules(blueprint)
    if whole:
        _add_more_rules(blueprint)

    @blueprint.record
    def keep_slashes(state: BlueprintSetupState) -> None:
        prefixes[0] = state.url_prefix or ""
        app = cast(Flask, state.app)
        kept = addresses.keeping_slashes(app.wsgi_app, prefixes[0])
        app.wsgi_app = kept  # type: ignore[method-assign, assignment]

    @blueprint.url_value_preprocessor
    def restore(_endpoint: str | None, values: dict[str, str] | None) -> None:
        addresses.restored(values or {})

    @blueprint.before_request
    def admit() -> None:
        g.store, g.whole, g.prefix, g.expires_at = store, whole, prefixes[0], expires_at
        g.admits = admission
        g.sign_in, g.handler, g.renew = None, None, False
        g.user = _caller(authenticate)
        _open_database(store, g.user)

    blueprint.after_request(_finish)
    blueprint.register_error_handler(StoreError, answer.failure)
    blueprint.register_error_handler(HTTPException, answer.http_failure)
    blueprint.register_error_handler(sqlite3.DatabaseError, _disk_failure)
    return blueprint


def _caller(authenticate: Authenticate | SignIn) -> UserContext:
    if not isinstance(authenticate, SignIn):
        return authenticate(request)
    g.sign_in = authenticate
    if request.endpoint and request.endpoint.endswith(".session") and request.method in ("POST", "DELETE"):
        return UserContext(None)  # whoever signs in or out may have a cookie that is over
    caller = authenticate.who(request)
    g.handler, g.renew = caller.handler, caller.renew
    return caller.user


def _finish(response: Response) -> Response:
    if g.get("renew") and g.user.name is not None:
        session.set_cookie(response, g.sign_in, g.user.name)
    return answer.finish(response)


def _disk_failure(error: sqlite3.DatabaseError) -> Response:
    """What SQLite says while something is read."""
    found = known_fault(error, str((request.view_args or {}).get("database", "")))
    if not isinstance(found, StoreError):
        raise error
    return answer.failure(found)


def _open_database(store: EmbeddedStore, user: UserContext) -> None:
    """Check the caller before anything else, and without telling outsiders which databases there are."""
    given = request.view_args or {}
    endpoint = (request.endpoint or "").rpartition(".")[2]
    access.check_server(user, endpoint)
    if "database" not in given or endpoint == "create":
        return
    try:
        g.database = store.database(given["database"])
    except NotFound:
        # Told the same of one that is not there as of one that is not theirs, so that nobody learns names by asking.
        access.check_database(user, endpoint, {})
        raise
    access.check_database(user, endpoint, g.database.security())


def _add_rules(blueprint: Blueprint) -> None:
    """What replication needs."""
    add = blueprint.add_url_rule
    add("/", "welcome", server.welcome, methods=_READ)
    add("/_up", "up", server.up, methods=_READ)
    add("/_uuids", "uuids", server.uuids, methods=_READ)
    add("/_session", "session", session.session, methods=_READ)
    add("/_all_dbs", "all_dbs", server.all_dbs, methods=_READ)
    for path in ("/<database>", "/<database>/"):
        add(path, "info", databases.info, methods=_READ)
        add(path, "create", databases.create, methods=["PUT"])
        add(path, "destroy", databases.destroy, methods=["DELETE"])
        add(path, "post_document", documents.post, methods=["POST"])
    add("/<database>/_security", "security", databases.security, methods=_READ)
    add("/<database>/_security", "put_security", databases.put_security, methods=["PUT"])
    add("/<database>/_ensure_full_commit", "ensure_full_commit", databases.ensure_full_commit, methods=["POST"])
    add("/<database>/_compact", "compact", databases.compact, methods=["POST"])
    add("/<database>/_revs_limit", "revs_limit", databases.revs_limit, methods=_READ)
    add("/<database>/_all_docs", "all_docs", listing.all_docs, methods=_LISTED)
    add("/<database>/_bulk_docs", "bulk_docs", bulk.bulk_docs, methods=["POST"])
    add("/<database>/_bulk_get", "bulk_get", bulk_get.bulk_get, methods=["POST"])
    add("/<database>/_revs_diff", "revs_diff", bulk.revs_diff, methods=["POST"])
    add("/<database>/_missing_revs", "missing_revs", bulk.missing_revs, methods=["POST"])
    add("/<database>/_changes", "changes", changes.changes, methods=_LISTED)
    add("/<database>/_local/<path:local_id>", "local", documents.local, methods=[*_READ, "PUT", "DELETE"])
    one = [*_READ, "PUT", "DELETE"]
    add("/<database>/_design/<design>", "design", documents.design, methods=one)
    add("/<database>/_design/<design>/<path:name>", "design_attachment", attached.design_attachment, methods=one)
    add("/<database>/_design/<design>/_<path:function>", "function", databases.function, methods=[*one, "POST"])
    add("/<database>/<doc_id>", "document", documents.document, methods=one)
    add("/<database>/<doc_id>/<path:name>", "attachment", attached.attachment, methods=one)


def _add_more_rules(blueprint: Blueprint) -> None:
    """What a store that stands alone does besides."""
    add = blueprint.add_url_rule
    add("/_session", "session", session.session, methods=["POST", "DELETE"])
    add("/_dbs_info", "dbs_info", server.dbs_info, methods=_LISTED)
    add("/_db_updates", "db_updates", updates.db_updates, methods=_READ)
    add("/<database>/_compact/<path:design>", "compact", databases.compact, methods=["POST"])
    add("/<database>/_view_cleanup", "view_cleanup", databases.view_cleanup, methods=["POST"])
    add("/<database>/_revs_limit", "put_revs_limit", databases.put_revs_limit, methods=["PUT"])
    add("/<database>/_purge", "purge", databases.purge, methods=["POST"])
    add("/<database>/_purged_infos_limit", "purged_infos_limit", databases.purged_infos_limit, methods=_READ)
    limit = databases.put_purged_infos_limit
    add("/<database>/_purged_infos_limit", "put_purged_infos_limit", limit, methods=["PUT"])
    add("/<database>/_all_docs/queries", "all_docs_queries", listing.all_docs_queries, methods=["POST"])
    add("/<database>/_design_docs", "design_docs", listing.design_docs, methods=_LISTED)
    add("/<database>/_local_docs", "local_docs", databases.local_docs, methods=_LISTED)
    add("/<database>/_find", "find", find.find, methods=["POST"])
    add("/<database>/_explain", "explain", find.explain, methods=["POST"])
    add("/<database>/_index", "indexes", find.indexes, methods=_LISTED)
    add("/<database>/_index/_design/<design>/json/<name>", "index", find.index, methods=["DELETE"])
    add("/<database>/_index/<design>/json/<name>", "index", find.index, methods=["DELETE"])
    add("/<database>/_design/<design>", "design", documents.design, methods=["COPY"])
    add("/<database>/<doc_id>", "document", documents.document, methods=["COPY"])
