"""A record's edits as a timeline: who, when, on which device, what changed from what to what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from schemas.form import Form
from service.office.names import Names
from service.office.values import Reader, Shown, label_of, moment_of, show, state_of
from service.readmodel.paging import Row


def shown_history(
    rows: Sequence[Row], form: Form | None, answers: Mapping[str, Any], reader: Reader, names: Names
) -> list[dict[str, Any]]:
    """Every edit ready to be shown, the oldest first."""
    by_id = {row["id"]: row["edit"] for row in rows}
    return [_edit(row, by_id, form, answers, reader, names) for row in rows]


def _edit(
    row: Row, by_id: Mapping[str, Any], form: Form | None, answers: Mapping[str, Any], reader: Reader, names: Names
) -> dict[str, Any]:
    return {
        "id": row["id"],
        "by": names.person(row["by"]),
        "at": moment_of(row["at"], reader, names.zone(form), datetime.now(UTC)),
        "device": names.device(row["device"]),
        "erased": row["erased"],
        "fault": row["fault"],
        "note": row["edit"].get("note"),
        "changes": list(_changes(row["edit"], by_id, form, answers, reader)),
    }


def _changes(
    edit: Mapping[str, Any], by_id: Mapping[str, Any], form: Form | None, answers: Mapping[str, Any], reader: Reader
) -> Iterator[dict[str, Any]]:
    new: Mapping[str, Any] = edit.get("set", {})
    for path in [*new, *edit.get("unset", [])]:
        replaced = [by_id[each] for each in edit.get("seen", {}).get(path, []) if each in by_id]
        before = [value_at(path, each["set"][path], form, reader) for each in replaced if path in each.get("set", {})]
        yield {
            "label": label_of(path, form, reader, answers) if form else path,
            "before": list(dict.fromkeys(before)),
            "after": value_at(path, new[path], form, reader) if path in new else None,
        }


def value_at(path: str, value: Any, form: Form | None, reader: Reader) -> Shown:
    """The value that an edit sets at a path; the path of a row has none of its own."""
    if path == "/_state":
        return state_of(value, reader)
    if value == {}:
        return Shown(reader.say("value.row_added"))
    if form is None:
        return Shown(str(value))
    return show(form.field(path), value, form, reader)
