"""Attachments for the office: from the team's media database to those who may read its records.

A picture is called by the digest of its bytes, and anybody of the team could store others under that name: what is not
what its name says is never shown as that picture.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from typing import IO

from flask import Blueprint, Response, render_template, request, stream_with_context

from service import language
from service.auth import access
from service.auth.access import Action
from service.auth.directory import TEAM_NAME
from service.auth.requests import signed_in
from service.campaign import media_of
from service.errors import RoundsError, not_found
from service.parts import current
from sync.arrivals import candidates
from sync.store import Attachment, NotFound

DIGEST = re.compile(r"[0-9a-f]{64}")
HARMLESS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "audio/mpeg", "audio/mp4", "video/mp4"})
"""What a browser may show in place; everything else is saved: a tablet's attachment is no page of ours."""
KEEP_SECONDS = 86400
HELD_BYTES = 4 * 1024 * 1024
"""Of one attachment in memory; the rest of a larger one goes to a temporary file."""
PIECE_BYTES = 65_536


def add_to(blueprint: Blueprint) -> None:
    """Add the attachments to the office."""
    blueprint.add_url_rule("/photos/<team>/<digest>", "photo", photo)


@access.needs(Action.READ_RECORDS)
def photo(team: str, digest: str) -> Response:
    """One attachment by the digest of its bytes."""
    if not TEAM_NAME.fullmatch(team) or not DIGEST.fullmatch(digest):
        not_found("photo_unknown")
    if not access.may(signed_in(), Action.READ_RECORDS, team):
        not_found("photo_unknown")
    try:
        database = current().store.database(media_of(team))
    except NotFound:
        not_found("photo_unknown")
    file = None
    for file in candidates(database, digest):
        if (held := _verified(file, digest)) is not None:
            return _shown(file, held, digest)
    return not_found("photo_unknown") if file is None else _altered()


def _verified(file: Attachment, digest: str) -> IO[bytes] | None:
    """The bytes, where they are those that the digest names."""
    held = tempfile.SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115 - closed when the answer is
    found = hashlib.sha256()
    for piece in file.chunks:
        found.update(piece)
        held.write(piece)
    if found.hexdigest() != digest:
        held.close()
        return None
    held.seek(0)
    return held


def _shown(file: Attachment, held: IO[bytes], digest: str) -> Response:
    shown = file.content_type in HARMLESS
    response = Response(
        stream_with_context(_pieces(held)), mimetype=file.content_type if shown else "application/octet-stream"
    )
    response.call_on_close(held.close)
    response.content_length = file.length
    response.headers["Content-Disposition"] = "inline" if shown else f'attachment; filename="{digest[:12]}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = f"private, max-age={KEEP_SECONDS}, immutable"
    return response


def _altered() -> Response:
    """Say so, as a picture where one is wanted: a page cannot tell its reader otherwise."""
    error = RoundsError("photo_altered")
    if request.headers.get("Sec-Fetch-Dest") != "image":
        raise error
    said = language.translate("record.photo_altered", language.negotiate(request))
    drawn = Response(render_template("office/altered.svg", said=said), error.status, mimetype="image/svg+xml")
    drawn.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    return drawn


def _pieces(held: IO[bytes]) -> Iterator[bytes]:
    while piece := held.read(PIECE_BYTES):
        yield piece
