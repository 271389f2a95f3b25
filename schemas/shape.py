"""Brings whatever stands in a record into its form's shape: unknown values out, computed ones away, rows in order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from schemas.form import Field, Form
from schemas.values import Fault

MAX_ROWS = 5_000

Answers = dict[str, Any]
Faults = dict[str, Fault]
Take = Callable[[Any, str, Faults], Any]
"""What a value is in its form's shape, given its path; None where nothing is left of it."""

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@lru_cache(maxsize=256)
def shape_of(form: Form) -> Take:
    """What turns nested values, whatever they hold, into answers of the form; faults are noted by path."""
    return _container(form.fields)


def _container(questions: Iterable[Field]) -> Take:
    members = [(each.name, _take(each)) for each in questions if each.type != "note" and not each.is_computed]
    known = frozenset(["_row", *(each.name for each in questions if each.type != "note")])

    def take(values: Any, path: str, faults: Faults) -> Answers:
        shaped: Answers = {}
        given: Mapping[str, Any] = values if isinstance(values, dict | Mapping) else {}
        for name, below in members:
            value = given.get(name)
            if below is not None:
                value = below(value, f"{path}/{name}", faults)
                if value is not None:
                    shaped[name] = value
            elif value or not is_empty(value):
                shaped[name] = value
        if not known.issuperset(given):
            _note_unknown(given, known, path, faults)
        return shaped

    return take


def _note_unknown(values: Mapping[str, Any], known: frozenset[str], path: str, faults: Faults) -> None:
    for name in values.keys() - known:
        if not is_empty(values[name]):
            faults[f"{path}/{name}"] = Fault("unknown_field")


def _take(question: Field) -> Take | None:
    if question.type == "group":
        return _group(_container(question.fields))
    return _rows(_container(question.fields)) if question.type == "repeat" else None


def _group(inside: Take) -> Take:
    """A group is there even if nothing was filled in: calculations in it need a place."""

    def take(value: Any, path: str, faults: Faults) -> Any:
        if not isinstance(value, dict | Mapping) and not is_empty(value):
            faults[path] = Fault("not_group")
        return inside(value, path, faults)

    return take


def _rows(inside: Take) -> Take:
    def take(value: Any, path: str, faults: Faults) -> list[Answers] | None:
        if is_empty(value):
            return None
        rows: dict[str, Answers] = {}
        for row in value if isinstance(value, list) else [None]:
            key = row.get("_row") if isinstance(row, dict | Mapping) else None
            if not isinstance(key, str) or not _ULID.fullmatch(key) or key in rows or len(rows) >= MAX_ROWS:
                faults[path] = Fault("not_rows")
                continue
            rows[key] = {"_row": key, **inside(row, f"{path}/{key}", faults)}
        return [rows[key] for key in sorted(rows)]

    return take


def is_empty(value: Any) -> bool:
    """Whether a value is none: nothing was filled in."""
    return value is None or value in ("", [], {})


@lru_cache(maxsize=256)
def emptied(form: Form) -> Callable[[Answers], None]:
    """What takes groups and repeats without anything in them out of answers that are in the form's shape."""
    return _emptied(form.fields)


def _emptied(questions: Iterable[Field]) -> Callable[[Answers], None]:
    below = [(each.name, each.type == "group", _emptied(each.fields)) for each in questions if each.is_container]

    def drop(answers: Answers) -> None:
        for name, is_group, within in below:
            value = answers.get(name)
            if value is None:
                continue
            for inner in (value,) if is_group else value:
                within(inner)
            if not value:
                del answers[name]

    return drop
