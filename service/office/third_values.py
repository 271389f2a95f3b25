"""Another value than those that stand: how a page asks for it, and what the form that comes back holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from schemas.files import FILES
from schemas.form import Field, Form
from service import language
from service.office.values import Reader, show
from service.readmodel.paging import Row

LISTED_CHOICES = 200
INPUTS = {
    "text": "textarea",
    "integer": "number",
    "score": "text",
    "decimal": "text",
    "date": "date",
    "time": "time",
    "datetime": "datetime-local",
    "barcode": "text",
}
"""Types that can be typed in place, and how."""
MANY = frozenset({"select_many", "rank"})
_INTEGER = re.compile(r"-?[0-9]{1,16}")


def asked(case: Row, field: Field | None, form: Form, reader: Reader, given: Sequence[str]) -> dict[str, Any] | None:
    """How another value is asked for; None for types that nobody can type in, such as a place on the map."""
    if field is None or field.is_computed:
        return None
    if field.type in FILES:
        return _files(case, field, form, reader, given)
    if field.type in {"select_one", *MANY} and not field.entity and 0 < len(field.choices) <= LISTED_CHOICES:
        choices = [(choice.name, reader.pick(choice.label, choice.name)) for choice in field.choices]
        return {"choices": choices, "multiple": field.type in MANY, "ranked": field.type == "rank", "given": given}
    if field.type == "boolean":
        choices = [("true", reader.say("value.yes")), ("false", reader.say("value.no"))]
        return {"choices": choices, "multiple": False, "given": given}
    kind = INPUTS.get(field.type)
    return {"input": kind, "given": given} if kind else None


def _files(case: Row, field: Field, form: Form, reader: Reader, given: Sequence[str]) -> dict[str, Any]:
    """Any of the pictures or files that anybody has given."""
    values = [head["value"] for head in case["heads"] if head["value"]]
    digests = dict.fromkeys(str(each) for value in values for each in (value if isinstance(value, list) else [value]))
    return {"files": [(digest, show(field, [digest], form, reader)) for digest in digests], "given": given}


def typed(field: Field, form: Form, given: Sequence[str]) -> Any:
    """What came back, as a value of the field's type; None for nothing. What does not fit stays text, for the judge to
    refuse.
    """
    texts = [text.replace("\r\n", "\n").strip() for text in given if text.strip()]
    if not texts:
        return None
    if field.type == "rank":
        return _ranked(field, given)
    if field.type == "select_many" or field.type in FILES - {"signature"}:
        return texts
    return _read(field, form, texts[0])


def _read(field: Field, form: Form, text: str) -> Any:
    if field.type == "boolean":
        return {"true": True, "false": False}.get(text, text)
    if field.type == "integer" and _INTEGER.fullmatch(text):
        return int(text)
    return _moment(text, form) if field.type == "datetime" else text


def _ranked(field: Field, given: Sequence[str]) -> list[str]:
    """Choices by the place that was typed beside each, in the order of the form where places are equal."""
    placed = [
        (int(place), number, choice.name)
        for number, (choice, place) in enumerate(zip(field.choices, given, strict=False))
        if place.strip().isdecimal() and len(place) < 6
    ]
    return [name for _, _, name in sorted(placed)]


def _moment(text: str, form: Form) -> str:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (local if local.tzinfo else local.replace(tzinfo=form.timezone)).isoformat(timespec="seconds")


def names_of(field: Field, value: Any, reader: Reader) -> list[str] | None:
    """The words of a value that is a list of choices; None for any other."""
    if field.type not in MANY or not isinstance(value, list):
        return None
    labels = {choice.name: choice.label for choice in field.choices}
    return [language.pick(labels.get(str(each)), reader.lang, str(each)) for each in value]
