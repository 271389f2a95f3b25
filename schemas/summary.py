"""What a record is called: its form's summary fields as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from schemas.form import Field, Form

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

EntityName = Callable[[str, str], str | None]
"""The name of an entity, by its document id and a language; None where it is not known."""


def show_date(day: date, language: str, precision: str = "day") -> str:
    """2026年11月23日, or 23 Nov 2026; less of it where a form asks for a month or a year alone."""
    if precision == "year" and (day.month, day.day) == (1, 1):
        return str(day.year)
    if precision == "month" and day.day == 1:
        return f"{MONTHS[day.month - 1]} {day.year}" if language == "en" else f"{day.year}年{day.month}月"
    if language == "en":
        return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日"


def summary(form: Form, answers: Mapping[str, Any], entity_name: EntityName) -> dict[str, str]:
    """The summary in each of the form's languages; what has no value is left out."""
    pairs = [(form.field(path), _at(answers, path)) for path in form.summary]
    return {
        language: " · ".join(
            shown for field, value in pairs if field and (shown := _shown(field, value, language, entity_name))
        )
        for language in form.languages
    }


def _at(answers: Mapping[str, Any], path: str) -> Any:
    found: Any = answers
    for segment in path.split("/")[1:]:
        found = found.get(segment) if isinstance(found, dict) else None
    return found


def _shown(field: Field, value: Any, language: str, entity_name: EntityName) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value)
    chosen = next((choice.label.get(language, text) for choice in field.choices if choice.name == value), None)
    if chosen is not None:
        return chosen
    if field.entity:
        return entity_name(text, language) or text
    return _date(text, language, field.precision) if field.type == "date" else text


def _date(text: str, language: str, precision: str) -> str:
    try:
        return show_date(date.fromisoformat(text), language, precision)
    except ValueError:
        return text
