"""Bringing in a bundle by hand: choose a file, see what became of each of its documents."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, BinaryIO, cast

from flask import Blueprint, make_response, render_template, request
from werkzeug.wrappers import Response

from service import language
from service.auth import access
from service.auth.access import Action
from service.auth.requests import signed_in
from service.bundles import Reception, Tally
from service.errors import RoundsError, describe
from service.office.names import ZONE, Names
from service.office.values import moment_of
from service.parts import current
from sync.bundle.importing import Outcome

SHOWN = 500
FINE = ("written", "present")
ANEW = ("damaged", "missing")


def add_to(blueprint: Blueprint) -> None:
    """Add the page to the office."""
    blueprint.add_url_rule("/bundles", "bundles", show)
    blueprint.add_url_rule("/bundles", "import_bundle", receive, methods=["POST"])


@access.needs(Action.IMPORT)
def show() -> Response:
    """The page with nothing imported yet."""
    return _page()


@access.needs(Action.IMPORT)
def receive() -> Response:
    """Import the file that was chosen, and say what became of it."""
    lang = language.negotiate(request)
    file = request.files.get("file")
    if file is None or not file.filename:
        return _page(language.translate("bundles.no_file", lang), 422)
    try:
        source = cast(BinaryIO, file.stream)
        reception = Reception(current(), source, signed_in(), request.form.get("passphrase") or None)
        tally = Tally(reception.bundle, list(reception.run()))
    except RoundsError as error:
        answer = describe(error, lang)
        return _page(answer.reason, answer.status)
    return _page(tally=tally)


def _page(failure: str = "", status: int = 200, tally: Tally | None = None) -> Response:
    shown = _shown(tally) if tally else {}
    return make_response(render_template("office/bundles.html", section="bundles", failure=failure, **shown), status)


def _shown(tally: Tally) -> dict[str, Any]:
    """What went wrong first, then as many of the others as a page can take."""
    bad = [each for each in tally.outcomes if each.result not in FINE]
    fine = [each for each in tally.outcomes if each.result in FINE]
    listed: list[Outcome] = [*bad, *fine[: max(0, SHOWN - len(bad))]]
    names, manifest = Names(current()), tally.bundle.manifest
    return {
        "manifest": manifest,
        "made_by": names.person(manifest.by),
        "made": moment_of(manifest.made_at, names.reader(""), ZONE, datetime.now(UTC)),
        "counts": tally.counts,
        "rows": listed,
        "lacking": len(bad),
        "anew": any(each.result in ANEW for each in bad),
        "more": len(tally.outcomes) - len(listed),
    }
