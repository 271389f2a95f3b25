"""Bundles: what a tablet saved to a file, brought in."""

from __future__ import annotations

from typing import Any, BinaryIO, cast
from urllib.parse import unquote

from flask import request

from service.api.endpoint import Blueprint
from service.api.messages import BundleTally
from service.auth.access import Action
from service.auth.requests import signed_in
from service.bundles import Reception, Tally
from service.parts import current

PASSPHRASE = "Rounds-Passphrase"  # noqa: S105 - the name of a header
"""A header, percent-encoded UTF-8, so that passphrases stand in no address."""

blueprint = Blueprint("bundles", __name__, "Sync by file")


@blueprint.upload("/bundles", allows=Action.IMPORT, gives=BundleTally, refuses=(413, 422))
def receive() -> dict[str, Any]:
    """Import a bundle, which is the request's body. What is here already stays as it is."""
    passphrase = unquote(request.headers.get(PASSPHRASE, "")) or None
    reception = Reception(current(), cast(BinaryIO, request.stream), signed_in(), passphrase)
    return shown_tally(Tally(reception.bundle, list(reception.run())))


def shown_tally(tally: Tally) -> dict[str, Any]:
    """A tally as the API shows it."""
    manifest = tally.bundle.manifest
    documents = [
        {"database": each.database, "id": each.id, "rev": each.rev, "result": each.result, "reason": each.reason}
        for each in tally.outcomes
    ]
    same = {name: getattr(manifest, name) for name in ("bundle", "made_at", "by", "device")}
    return same | {"counts": tally.counts, "documents": documents}
