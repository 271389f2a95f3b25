"""Published forms."""

from __future__ import annotations

from typing import Any

from flask_smorest import Blueprint

from service.api.messages import FORM_ID, FORM_VERSION, Failure, FormPage, FormShown, checked
from service.api.records import SECURITY
from service.auth import access
from service.auth.access import Action
from service.auth.requests import guard_api
from service.errors import not_found
from service.parts import current
from sync.store import NotFound

blueprint = Blueprint("forms", __name__, description="What records are filled by")
guard_api(blueprint)


@blueprint.route("/forms", methods=["GET"])
@blueprint.response(200, FormPage)
@blueprint.alt_response(401, schema=Failure)
@blueprint.doc(security=SECURITY)
@access.needs(Action.READ_FORMS)
def listed() -> dict[str, Any]:
    """Every published version of every form."""
    return {"items": [_shown(doc) for doc in current().directory.forms()]}


@blueprint.route("/forms/<form>/<version>", methods=["GET"])
@blueprint.response(200, FormShown)
@blueprint.alt_response(404, schema=Failure)
@blueprint.doc(security=SECURITY)
@access.needs(Action.READ_FORMS)
def one(form: str, version: str) -> dict[str, Any]:
    """One version of a form, as it was published."""
    checked(FORM_ID, form, "form_unknown")
    checked(FORM_VERSION, version, "form_unknown")
    try:
        doc = current().directory.reference.get(f"form:{form}:{version}")
    except NotFound:
        not_found("form_unknown")
    return _shown(doc) | {"definition": doc["definition"]}


def _shown(doc: dict[str, Any]) -> dict[str, Any]:
    return {"form": doc["form"], "version": doc["version"], "title": doc["definition"]["title"]}
