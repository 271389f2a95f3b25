"""A record's edits as a timeline: who, when, on which device, what changed from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.form import Form
from service import language
from service.office.names import Names
from service.office.values import Reader, Shown, label_of, moment_of, show, state_of
from service.readmodel.paging import Row
from sync.merge import STATE, is_row
from sync.reading import read_edit


@dataclass(frozen=True)
class Context:
    """What an edit is read against: its form, the answers that now stand, and who reads."""

    form: Form | None
    answers: Mapping[str, Any]
    reader: Reader
    names: Names


def shown_history(rows: Sequence[Row], context: Context) -> list[dict[str, Any]]:
    """Every edit ready to be shown, the oldest first."""
    by_id = {row["id"]: read_edit(row["edit"], context.form) for row in rows}
    return [_edit(row, by_id, context) for row in rows]


def _edit(row: Row, by_id: Mapping[str, Any], c: Context) -> dict[str, Any]:
    edit = read_edit(row["edit"], c.form) if isinstance(row["edit"], dict) else {}
    return {
        "id": row["id"],
        "by": c.names.person(row["by"]),
        "at": moment_of(row["at"], c.reader, c.names.zone(c.form), datetime.now(UTC)),
        "device": c.names.device(row["device"]),
        "erased": row["erased"],
        "fault": fault_of(row["fault"], c.reader),
        "note": edit.get("note"),
        "changes": list(_changes(edit, by_id, c)),
    }


def fault_of(code: str | None, reader: Reader) -> str:
    """Why an edit does not count, in words; empty where it does."""
    key = f"record_fault.{code}"
    return "" if not code else reader.say(key) if key in language.catalogue(reader.lang) else code


def _changes(edit: Mapping[str, Any], by_id: Mapping[str, Any], c: Context) -> Iterator[dict[str, Any]]:
    new: Mapping[str, Any] = edit.get("set", {})
    for path in [*new, *edit.get("unset", [])]:
        replaced = [by_id[each] for each in edit.get("seen", {}).get(path, []) if each in by_id]
        before = [
            value_at(path, each["set"][path], c.form, c.reader) for each in replaced if path in each.get("set", {})
        ]
        yield {
            "label": label_of(path, c.form, c.reader, c.answers) if c.form else path,
            "before": list(dict.fromkeys(before)),
            "after": value_at(path, new[path], c.form, c.reader) if path in new else None,
        }


def value_at(path: str, value: Any, form: Form | None, reader: Reader) -> Shown:
    """The value that an edit sets at a path; the path of a row has none of its own."""
    if path == STATE:
        return state_of(value, reader)
    if is_row(path):
        return Shown(reader.say("value.row_added"))
    return show(form.field(path) if form else None, value, form, reader)
