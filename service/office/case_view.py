"""A case ready to be shown: what it is called, its values with who gave them, whose it is, by when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import url_for

from schemas.form import Form
from schemas.summary import show_date
from service import language
from service.cases.kinds import CLOCK, CONFLICT, KINDS, NEVER
from service.office.clocks import off_by
from service.office.history import value_at
from service.office.names import ZONE, Names
from service.office.values import Reader, Shown, label_of, moment_of
from service.readmodel.paging import Row
from sync.merge import is_row

ABOUT_A_FIELD = frozenset({CONFLICT, CLOCK})


def today() -> date:
    """The office's day."""
    return datetime.now(ZONE).date()


def shown_case(row: Row, names: Names, back: str = "") -> dict[str, Any]:
    """What lists and pages show of a case. `back` is the query of the list that it is looked at from."""
    form, reader = names.form(row["form"], row["version"] or 0), names.reader(row["record_team"])
    answers = answers_of(row)
    return {
        "id": row["id"],
        "url": url_for("office.case", case_id=row["id"], back=back or None),
        "record_url": url_for("office.record", record_id=row["record"], team=row["record_team"]),
        "kind": row["kind"],
        "title": reader.pick(KINDS[row["kind"]].title),
        "settles": reader.pick(KINDS[row["kind"]].settles),
        "status": row["status"],
        "ended": row["closed_how"],
        "asked": row["asked"],
        "field": name_of(row, form, answers, reader),
        "label": reader.pick(row["label"]),
        "form": names.title(row["form"], row["version"] or 0),
        "team": names.team(row["record_team"]),
        "owner": names.person(row["owner"]) if row["owner"] else "",
        "assigned": row["assigned"],
        "due": due_of(row["due"], names.lang),
        "late": row["status"] == "open" and row["due"] < today().isoformat(),
        "snoozed": due_of(row["snoozed"] or NEVER, names.lang),
        "opened": when(row["opened"], form, reader, names),
        "heads": [head_of(row, head, form, reader, names) for head in row["heads"]],
    }


def answers_of(row: Row) -> Mapping[str, Any]:
    """The answers of the record that a case is about first of all."""
    return row["answers"] or {}


def name_of(case: Row, form: Form | None, answers: Mapping[str, Any], reader: Reader) -> str:
    """What a case is called: the field that it is about, or its kind."""
    if case["kind"] not in ABOUT_A_FIELD:
        return reader.pick(KINDS[case["kind"]].title)
    return label_of(case["path"], form, reader, answers) if form else str(case["path"])


def due_of(day: str, lang: str) -> dict[str, str] | None:
    """A day as `{iso, full, short}`; None for the one that never comes."""
    if day == NEVER:
        return None
    found = date.fromisoformat(day)
    now = datetime.now(ZONE)
    noon = datetime(found.year, found.month, found.day, 12, tzinfo=ZONE)
    short = language.show_short(noon, now, lang) if found != now.date() else language.translate("cases.today", lang)
    return {"iso": day, "full": show_date(found, lang), "short": short}


def head_of(case: Row, head: Row, form: Form | None, reader: Reader, names: Names) -> dict[str, Any]:
    """One value: as it reads, and who gave it first, when, on which device."""
    removed = Shown(reader.say("value.row_removed")) if is_row(case["path"]) else Shown()
    first = head.get("origin") or head
    return {
        "edit": head["edit"],
        "value": head["value"],
        "shown": value_at(case["path"], head["value"], form, reader) if head["present"] else removed,
        "by": names.person(first["by"]),
        "person": first["by"],
        "at": when(first["at"], form, reader, names),
        "device": names.device(first["device"]),
        "device_id": first["device"],
        "version": first["version"],
        "in_force": head["edit"] == case["in_force"],
        "skew": skew_of(head.get("skew_ms"), reader),
        "doubted": head.get("doubted", False),
    }


def skew_of(skew: int | None, reader: Reader) -> str:
    """How far a clock was off, as a sentence; empty where it was right to the minute, or nobody knows."""
    off = off_by(skew or 0, reader.say)
    return reader.say("case_clock.off", off=off) if off else ""


def when(at: str, form: Form | None, reader: Reader, names: Names) -> dict[str, str]:
    """A moment in the form's zone."""
    return moment_of(at, reader, names.zone(form), datetime.now(UTC))
