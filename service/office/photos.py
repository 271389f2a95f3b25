"""Attachments for the office: streamed from the team's media database to those who may read its records."""

from __future__ import annotations

import re

from flask import Blueprint, Response, stream_with_context

from service.auth import access
from service.auth.access import Action
from service.auth.directory import TEAM_NAME
from service.auth.requests import signed_in
from service.campaign import media_of
from service.errors import not_found
from service.parts import current
from sync.store import NotFound

DIGEST = re.compile(r"[0-9a-f]{64}")
HARMLESS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif", "audio/mpeg", "audio/mp4", "video/mp4"})
"""What a browser may show in place; everything else is saved: a tablet's attachment is no page of ours."""
KEEP_SECONDS = 86400


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
        file = current().store.database(media_of(team)).attachment(f"media:{digest}", "file")
    except NotFound:
        not_found("photo_unknown")
    shown = file.content_type in HARMLESS
    response = Response(
        stream_with_context(file.chunks), mimetype=file.content_type if shown else "application/octet-stream"
    )
    response.content_length = file.length
    response.headers["Content-Disposition"] = "inline" if shown else f'attachment; filename="{digest[:12]}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = f"private, max-age={KEEP_SECONDS}, immutable"
    return response
