"""The blueprint: which path and verb is answered by what, who is asking, and what an error becomes."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Request, g, request
from werkzeug.exceptions import HTTPException

from sync.embedded.protocol import answer, attached, bulk, changes, databases, documents, listing
from sync.embedded.protocol.access import check_admin, check_member, needs_admin
from sync.embedded.store import EmbeddedStore
from sync.store import NotFound, StoreError, UserContext

Authenticate = Callable[[Request], UserContext]
Expiry = Callable[[], float | None]

_READ = ["GET", "HEAD"]


def create_blueprint(
    store: EmbeddedStore,
    authenticate: Authenticate,
    *,
    expires_at: Expiry | None = None,
    name: str = "couch",
) -> Blueprint:
    """The store's HTTP face.

    `authenticate` says who asks (a `UserContext` without a name for nobody) and raises `Unauthorized` for credentials
    that are wrong; `expires_at` gives the time (seconds since 1970) at which the credentials of the present request
    end, so that a feed does not outlive them.
    """
    blueprint = Blueprint(name, __name__)
    _add_rules(blueprint)

    @blueprint.before_request
    def admit() -> None:
        g.store = store
        g.expires_at = expires_at
        g.user = authenticate(request)
        _open_database(store, g.user)

    blueprint.register_error_handler(StoreError, answer.failure)
    blueprint.register_error_handler(HTTPException, answer.http_failure)
    return blueprint


def _open_database(store: EmbeddedStore, user: UserContext) -> None:
    """Check the caller before anything else, and without telling outsiders which databases there are."""
    given = request.view_args or {}
    endpoint = (request.endpoint or "").rpartition(".")[2]
    if "database" not in given:
        if endpoint == "all_dbs":
            check_admin(user)
        return
    if needs_admin(endpoint):
        check_admin(user)
    if endpoint == "create":
        return
    try:
        g.database = store.database(given["database"])
    except NotFound:
        # Told the same of one that is not there as of one that is not theirs, so that nobody learns names by asking.
        check_member(user, {})
        raise
    check_member(user, g.database.security())


def _add_rules(blueprint: Blueprint) -> None:
    add = blueprint.add_url_rule
    add("/", "welcome", databases.welcome, methods=_READ)
    add("/_up", "up", databases.up, methods=_READ)
    add("/_uuids", "uuids", databases.uuids, methods=_READ)
    add("/_session", "session", databases.session, methods=_READ)
    add("/_all_dbs", "all_dbs", databases.all_dbs, methods=_READ)
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
    add("/<database>/_all_docs", "all_docs", listing.all_docs, methods=[*_READ, "POST"])
    add("/<database>/_bulk_docs", "bulk_docs", bulk.bulk_docs, methods=["POST"])
    add("/<database>/_bulk_get", "bulk_get", bulk.bulk_get, methods=["POST"])
    add("/<database>/_revs_diff", "revs_diff", bulk.revs_diff, methods=["POST"])
    add("/<database>/_missing_revs", "missing_revs", bulk.missing_revs, methods=["POST"])
    add("/<database>/_changes", "changes", changes.changes, methods=["GET", "POST"])
    add("/<database>/_local_docs", "local_docs", databases.local_docs, methods=_READ)
    add("/<database>/_local/<path:local_id>", "local", documents.local, methods=[*_READ, "PUT", "DELETE"])
    add("/<database>/_design/<design>", "design", documents.design, methods=[*_READ, "PUT", "DELETE"])
    add("/<database>/<doc_id>", "document", documents.document, methods=[*_READ, "PUT", "DELETE"])
    add("/<database>/<doc_id>/<path:name>", "attachment", attached.attachment, methods=[*_READ, "PUT", "DELETE"])
