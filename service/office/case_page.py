"""The page about one case: what stands against what, what people said of it, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import render_template, request, url_for

from schemas.form import Form
from service import language
from service.api.cases import shown_in_full
from service.api.records import lists
from service.auth import access
from service.auth.access import Action, visible_teams
from service.auth.requests import signed_in
from service.cases import notes
from service.cases.ancestry import base_of
from service.cases.annotate import WORDS
from service.cases.kinds import CONFLICT, DUPLICATE, KINDS, LATE, QUARANTINE
from service.office import third_values
from service.office.case_view import ABOUT_A_FIELD, answers_of, head_of, shown_case, when
from service.office.differences import between, pieces
from service.office.history import value_at
from service.office.matters import matters_of, unnamed
from service.office.names import Names
from service.office.queue import owners
from service.office.side_by_side import side_by_side
from service.office.values import Reader, Shown
from service.office.why import why_url
from service.parts import current
from service.readmodel.paging import Row
from sync.reading import read_edit

CATCHING_UP = timedelta(seconds=15)
"""How long the lists may lag behind what was just decided before a page stops waiting for them."""
ENDS = frozenset({notes.DECIDED, notes.JOINED})
REOPENS = frozenset({notes.UNDONE, notes.UNJOINED})


def case_page(case: Row, **more: str) -> str:
    """The page about one case, whatever its kind."""
    names = Names(current())
    form, answers = names.form(case["form"], case["version"] or 0), answers_of(case)
    reader, waiting = names.reader(case["record_team"]), _is_catching_up(case)
    is_mine = access.may(signed_in(), Action.DECIDE, case["team"])
    matters = matters_of(case, answers, form, names)
    return render_template(
        "office/case.html",
        section="cases",
        case=shown_case(case, names) | _values(case, form, answers, names),
        queue_url=queue_url(),
        back=back_query(),
        may_decide=is_mine,
        waiting=waiting,
        acts=_acts(case) if is_mine and not waiting else frozenset(),
        own=_own(case, form, reader),
        outcome=None if case["status"] == "open" else _outcome(case, form, names),
        matters=matters,
        late=[edit["digest"] for edit in case["detail"].get("edits", ()) if case["kind"] == LATE],
        more_matters=unnamed(case, len(matters)),
        why_url=why_url({"id": case["record"], "team": case["record_team"]}, case["path"])
        if case["kind"] in ABOUT_A_FIELD
        else "",
        sides=side_by_side(case, names) if case["kind"] == DUPLICATE else None,
        entries=[_entry(entry, form, names, reader) for entry in case["entries"]],
        owners=owners(visible_teams(signed_in())),
        **more,
    )


def _acts(case: Row) -> frozenset[str]:
    """What can be done about a case as it stands."""
    is_open, has_values = case["status"] == "open", case["kind"] in ABOUT_A_FIELD
    can = {
        "choose": is_open and has_values,
        "join": is_open and case["kind"] == DUPLICATE,
        "ask": is_open and case["kind"] not in {QUARANTINE, DUPLICATE, LATE},
        "admit": is_open and case["kind"] == LATE and access.may(signed_in(), Action.ADMIT, case["team"]),
        "dismiss": is_open and KINDS[case["kind"]].dismissible,
        "reopen": case["closed_how"] == "dismissed",
        "plan": is_open,
        "undo": case["status"] == "closed" and _was_ended_here(case),
    }
    return frozenset(act for act, is_possible in can.items() if is_possible)


def _was_ended_here(case: Row) -> bool:
    """Whether the office decided or joined, and has not taken it back."""
    kinds = [entry["kind"] for entry in case["entries"] if entry["kind"] in ENDS | REOPENS]
    return (bool(kinds) and kinds[-1] in ENDS) or (case["kind"] == CONFLICT and _is_offices(case))


def _is_offices(case: Row) -> bool:
    closing = [row for row in lists().history(case["record"], case["record_team"]) if row["id"] == case["closed_by"]]
    return any(Names(current()).is_office(row["device"]) for row in closing)


def _is_catching_up(case: Row) -> bool:
    """Whether what was just done has not reached the lists yet."""
    said = [entry for entry in case["entries"] if entry["kind"] in ENDS | REOPENS]
    if not said or (said[-1]["kind"] in ENDS) != (case["status"] == "open"):
        return False
    return datetime.now(UTC) - datetime.fromisoformat(said[-1]["at"].replace("Z", "+00:00")) < CATCHING_UP


def _values(case: Row, form: Form | None, answers: Mapping[str, Any], names: Names) -> dict[str, Any]:
    """The values, each with what differs from the base marked, and the base itself."""
    if case["kind"] not in ABOUT_A_FIELD:
        return {"heads": (), "base": None}
    reader, rows = names.reader(case["record_team"]), shown_in_full(case)["heads"]
    heads = [head_of(case, row, form, reader, names) for row in rows]
    base = _base(case, form, names, reader)
    against = base or next((head for head in heads if head["in_force"]), None)
    for head in heads:
        head["pieces"] = _pieces(case, form, reader, against, head) if against else ()
    return {"heads": heads, "base": base}


def _base(case: Row, form: Form | None, names: Names, reader: Reader) -> dict[str, Any] | None:
    history = [row["edit"] for row in lists().history(case["record"], case["record_team"]) if not row["fault"]]
    edits = [edit for edit in (read_edit(each, form) for each in history) if "seen" in edit]
    first = [(head.get("origin") or head)["edit"] for head in case["heads"]]
    found = base_of(case["path"], first, edits)
    if found is None:
        return None
    value = found["set"].get(case["path"])
    return {
        "value": value,
        "shown": value_at(case["path"], value, form, reader) if case["path"] in found["set"] else Shown(),
        "by": names.person(found["by"]),
        "at": when(found["at"], form, reader, names),
        "device": names.device(found["device"]),
        "version": found["version"],
    }


def _pieces(
    case: Row, form: Form | None, reader: Reader, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Differences within texts and lists of choices; none for values that are short enough to see at a glance."""
    field = form.field(case["path"]) if form else None
    if field is None or not before["shown"].text or not after["shown"].text or before["shown"] == after["shown"]:
        return ()
    words = [third_values.names_of(field, each["value"], reader) for each in (before, after)]
    if words[0] is not None and words[1] is not None:
        return between(words[0], words[1], ", " if reader.lang == "en" else "、")
    return pieces(before["shown"].text, after["shown"].text) if field.type in {"text", "barcode"} else ()


def _outcome(case: Row, form: Form | None, names: Names) -> dict[str, Any] | None:
    """The edit that settled a case."""
    closing = [r for r in lists().history(case["record"], case["record_team"]) if r["id"] == case["closed_by"]]
    if not closing or case["kind"] not in ABOUT_A_FIELD:
        return None
    edit, reader = read_edit(closing[0]["edit"], form), names.reader(case["record_team"])
    there = case["path"] in edit["set"]
    return {
        "by": names.person(closing[0]["by"]),
        "at": when(closing[0]["at"], form, reader, names),
        "shown": value_at(case["path"], edit["set"][case["path"]], form, reader) if there else Shown(),
        "note": edit.get("note"),
    }


def _entry(entry: Row, form: Form | None, names: Names, reader: Reader) -> dict[str, Any]:
    """One line of what people did and said."""
    member = WORDS.get(entry["kind"], ("", "text"))[1]
    value = entry.get(member)
    told = names.person(value) if entry["kind"] == notes.OWNER and value else value
    key = f"case_entry.{entry['kind']}"
    known = key in language.catalogue(names.lang)
    return {
        "kind": entry["kind"],
        "by": names.person(entry["by"]),
        "at": when(entry["at"], form, reader, names),
        "did": reader.say(key) if known else entry["kind"],
        "value": told if member != "text" else "",
        "text": entry.get("text") or "",
        "batch": entry.get("batch"),
    }


def _own(case: Row, form: Form | None, reader: Reader) -> dict[str, Any] | None:
    if form is None or case["kind"] not in ABOUT_A_FIELD:
        return None
    return third_values.asked(case, form.field(case["path"]), form, reader, request.form.getlist("value"))


def back_query() -> str:
    """The query of the list that the reader came from."""
    return urlencode(parse_qsl(request.values.get("back", "")[:1000]))


def queue_url() -> str:
    """The address of that list."""
    query = back_query()
    return url_for("office.cases") + (f"?{query}" if query else "")
