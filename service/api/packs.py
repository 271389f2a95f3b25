"""Packs: all that a database holds in one file, for a tablet's first sign-in."""

from __future__ import annotations

from flask import Response, send_file

from service.api.endpoint import Blueprint
from service.auth.access import Action
from service.auth.requests import signed_in
from service.campaign import team_of
from service.errors import RoundsError
from service.packs import Pack
from service.parts import current
from sync.embedded.protocol.access import check_member
from sync.store import Database, Forbidden, NotFound

GZIP = "application/gzip"
TRIES = 3
blueprint = Blueprint("packs", __name__, "Snapshots for a first sign-in")


@blueprint.file("/packs/<database>", allows=Action.USE_STORE, media_type=GZIP, refuses=(416, 503))
def one(database: str) -> Response:
    """A mailbox or `reference` as gzipped lines of JSON: head, every leaf with its history, end. Serves ranges."""
    packed = _open(database)
    for _ in range(TRIES):
        found = current().packs.current(packed)
        try:
            return _sent(found)
        except FileNotFoundError:  # replaced by a newer one since it was named
            continue
    raise RoundsError("busy", retry_after=1)


def _open(name: str) -> Database:
    """The database, if it has packs and the reader may read all of it; which of the two it is, is not told."""
    if name != "reference" and team_of(name) is None:
        raise RoundsError("forbidden")
    try:
        database = current().store.database(name)
        check_member(signed_in(), database.security())
    except (NotFound, Forbidden):
        raise RoundsError("forbidden") from None
    return database


def _sent(pack: Pack) -> Response:
    response = send_file(pack.path, GZIP, conditional=True, etag=pack.digest, max_age=0)
    response.headers["Cache-Control"] = "private, no-cache"
    return response
