"""Published forms."""

from __future__ import annotations

from typing import Any

from service.api.endpoint import Blueprint
from service.api.messages import FORM_ID, FORM_VERSION, FormPage, FormShown, checked
from service.auth.access import Action
from service.errors import not_found
from service.parts import current
from sync.store import NotFound

blueprint = Blueprint("forms", __name__, "What records are filled by")


@blueprint.endpoint("GET", "/forms", allows=Action.READ_FORMS, gives=FormPage)
def listed() -> dict[str, Any]:
    """Every published version of every form."""
    return {"items": [_shown(doc) for doc in current().directory.forms()]}


@blueprint.endpoint("GET", "/forms/<form>/<version>", allows=Action.READ_FORMS, gives=FormShown, refuses=(404,))
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
