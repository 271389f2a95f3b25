"""Forms: the versions in force, drafts, and publishing a draft once it is seen what that changes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from schemas.changes import Change, Severity, compare
from schemas.definition import FORM_ID
from schemas.faults import Examined
from schemas.form import Form, parse
from schemas.positions import JsonError, read
from service import language, publication
from service.api.session import moment
from service.auth import access
from service.auth.access import Action
from service.auth.requests import signed_in
from service.campaign import Campaign
from service.drafts import Draft, Drafts
from service.errors import not_found
from service.office.names import ZONE, Names
from service.office.values import moment_of
from service.parts import current
from sync.store import Conflict


@dataclass(frozen=True)
class Compared:
    """A draft beside the version in force: what publishing it would change, and why it cannot be, as a slug."""

    before: Form | None
    changes: tuple[Change, ...]
    obstacle: str

    @property
    def is_losing(self) -> bool:
        return any(change.severity is Severity.LOSES_VALUE for change in self.changes)


def add_to(blueprint: Blueprint) -> None:
    """Add the pages to the office."""
    blueprint.add_url_rule("/forms", "forms", show)
    blueprint.add_url_rule("/forms/drafts", "keep_draft", keep, methods=["POST"])
    blueprint.add_url_rule("/forms/drafts/<form>", "draft", draft)
    blueprint.add_url_rule("/forms/drafts/<form>/publish", "publish_draft", publish, methods=["POST"])
    blueprint.add_url_rule("/forms/drafts/<form>/drop", "drop_draft", drop, methods=["POST"])


@access.needs(Action.TRY_DRAFTS)
def show() -> Response:
    """Every form with its versions, and every draft."""
    return _list()


@access.needs(Action.WRITE_DRAFTS)
def keep() -> Response:
    """Keep the file that was chosen as a draft, mistakes included."""
    file = request.files.get("file")
    try:
        text = file.stream.read().decode("utf-8-sig") if file else ""
    except UnicodeDecodeError:
        return _list("not_utf8", 422)
    form = _id_in(text)
    if form is None:
        return _list("no_form", 422)
    try:
        _drafts().keep(form, text, signed_in().person, datetime.now(UTC))
    except Conflict:
        return _list("conflict", 409)
    return redirect(url_for("office.draft", form=form))


@access.needs(Action.TRY_DRAFTS)
def draft(form: str) -> Response:
    """One draft: its mistakes, or what publishing it would change."""
    return _draft(_one(form))


@access.needs(Action.WRITE_DRAFTS)
def publish(form: str) -> Response:
    """Publish the draft that the reader saw, if it is still the same one; losing values takes a tick."""
    kept = _one(form)
    examined = kept.examined()
    if examined.compiled is None or request.form.get("rev") != kept.rev:
        return _draft(kept, "conflict", 409)
    compared = _compared(examined)
    if compared.obstacle or (compared.is_losing and not request.form.get("losing")):
        return _draft(kept, compared.obstacle or "losing_unconfirmed", 422)
    Campaign(current().store).publish(read(kept.text).value)
    by, at = signed_in().person, moment(time.time())
    publication.note(current().store, examined.compiled, compared.changes, by=by, at=at)
    _drafts().drop(form)
    return redirect(url_for("office.forms", published=form))


@access.needs(Action.WRITE_DRAFTS)
def drop(form: str) -> Response:
    """Throw a draft away."""
    _drafts().drop(_one(form).form)
    return redirect(url_for("office.forms"))


def _list(failure: str = "", status: int = 200) -> Response:
    rows = sorted(_in_force().values(), key=lambda row: row["form"])
    drafts = [_kept(each) | {"url": url_for("office.draft", form=each.form)} for each in _drafts().all()]
    page = {"rows": rows, "drafts": drafts, "failure": failure, "published": _published()}
    return make_response(render_template("office/forms.html", section="forms", **page, **_helpers()), status)


def _published() -> str:
    """The form that was published just now, as the address says."""
    form = request.args.get("published", "")
    return form if FORM_ID.fullmatch(form) else ""


def _draft(kept: Draft, failure: str = "", status: int = 200) -> Response:
    shown = _kept(kept)
    examined = shown["examined"]
    compared = _compared(examined) if examined.compiled else None
    page = {**shown, "kept": kept, "compared": compared, "failure": failure}
    page["changes"] = list(_told(compared, examined)) if compared else []
    return make_response(render_template("office/draft.html", section="forms", **page, **_helpers()), status)


def _kept(draft: Draft) -> dict[str, Any]:
    """A draft as the pages show it."""
    names = Names(current())
    at = moment_of(draft.at, names.reader(""), ZONE, datetime.now(UTC))
    return {"form": draft.form, "examined": draft.examined(), "by": names.person(draft.by), "at": at}


def _helpers() -> dict[str, Any]:
    lang = language.negotiate(request)
    return {"pick": lambda texts: language.pick(texts, lang), "may_write": access.may(signed_in(), Action.WRITE_DRAFTS)}


def _compared(examined: Examined) -> Compared:
    assert examined.compiled is not None
    after = parse(examined.compiled)
    known = _in_force().get(after.id)
    if known is None:
        return Compared(None, (), "")
    before = parse(known["definition"])
    taken = after.version <= before.version
    return Compared(before, compare(before, after), "version_taken" if taken else "")


def _told(compared: Compared, examined: Examined) -> Iterator[Mapping[str, Any]]:
    """Each change with the label of the field that it is about."""
    after = parse(examined.compiled or {})
    for change in compared.changes:
        field = after.field(change.path) or (compared.before.field(change.path) if compared.before else None)
        yield {"change": change, "label": field.label if field else after.title}


def _in_force() -> dict[str, dict[str, Any]]:
    """The newest version of each form, with how many there are."""
    found: dict[str, dict[str, Any]] = {}
    for doc in current().directory.forms():  # by number: the last one is in force
        found[doc["form"]] = doc | {"versions": found.get(doc["form"], {}).get("versions", 0) + 1}
    return found


def _id_in(text: str) -> str | None:
    """The form that a text is about; None where it does not say."""
    try:
        value = read(text).value
    except JsonError:
        return None
    form = value.get("form") if isinstance(value, dict) else None
    return form if isinstance(form, str) and FORM_ID.fullmatch(form) else None


def _one(form: str) -> Draft:
    if not FORM_ID.fullmatch(form):
        not_found("draft_unknown")
    return _drafts().one(form)


def _drafts() -> Drafts:
    return Drafts(current().directory.office)
