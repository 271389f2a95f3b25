"""Drafts of forms: kept, read and thrown away; what a tablet shows when a draft is tried."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from flask import request

from schemas.faults import Examined
from service.api.endpoint import Blueprint
from service.api.messages import FORM_ID, DraftDropped, DraftPage, DraftShown, NewDraft, checked
from service.auth.access import Action
from service.auth.requests import signed_in
from service.drafts import Draft, Drafts, told
from service.language import negotiate
from service.parts import current

blueprint = Blueprint("drafts", __name__, "Forms that are being written, to be tried before they are published")


@blueprint.endpoint("GET", "/drafts", allows=Action.TRY_DRAFTS, gives=DraftPage)
def listed() -> dict[str, Any]:
    """Every draft, by form."""
    return {"items": [_listed(draft, draft.examined()) for draft in _drafts().all()]}


@blueprint.endpoint("GET", "/drafts/<form>", allows=Action.TRY_DRAFTS, gives=DraftShown, refuses=(404,))
def one(form: str) -> dict[str, Any]:
    """One draft: its text, what is wrong with it, and where nothing is, the definition as it would be published."""
    return _shown(_drafts().one(checked(FORM_ID, form, "draft_unknown")))


@blueprint.endpoint(
    "PUT", "/drafts/<form>", allows=Action.WRITE_DRAFTS, takes=NewDraft, gives=DraftShown, refuses=(404, 409, 422)
)
def keep(body: Mapping[str, Any], form: str) -> dict[str, Any]:
    """Keep a text as the form's draft, mistakes included. With `rev`, only in place of that revision."""
    checked(FORM_ID, form, "draft_unknown")
    return _shown(_drafts().keep(form, body["text"], signed_in().person, datetime.now(UTC), body["rev"]))


@blueprint.endpoint("DELETE", "/drafts/<form>", allows=Action.WRITE_DRAFTS, gives=DraftDropped, refuses=(404, 409))
def drop(form: str) -> dict[str, Any]:
    """Throw a draft away."""
    _drafts().drop(checked(FORM_ID, form, "draft_unknown"))
    return {"form": form}


def _drafts() -> Drafts:
    return Drafts(current().directory.office)


def _listed(draft: Draft, examined: Examined) -> dict[str, Any]:
    title = examined.compiled["title"] if examined.compiled else {}
    return {"form": draft.form, "title": title, "by": draft.by, "at": draft.at, "faults": len(examined.faults)}


def _shown(draft: Draft) -> dict[str, Any]:
    about = {"form": draft.form, "by": draft.by, "at": draft.at, "rev": draft.rev, "text": draft.text}
    return about | told(draft.examined(), negotiate(request))
