"""Brings a record's values into its form's shape, then works out what is computed and what is irrelevant.

Fields are taken in the order of what they depend on, so that one pass settles all of them: an irrelevant value counts
for nothing in whatever reads it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from schemas.dependencies import order
from schemas.expression.evaluate import Context, evaluate, holds
from schemas.expression.functions import halves_up
from schemas.expression.values import Value, from_answer, to_number, to_text, to_truth
from schemas.form import Field, Form
from schemas.values import SAFE_INTEGER, Fault

_ULID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")
MAX_ROWS = 5_000
ROW_MARK = "row"


Rows = tuple[tuple[Field, dict[str, Any], int], ...]
Holder = tuple[str, dict[str, Any], Rows]


@dataclass(frozen=True, slots=True)
class Place:
    """One instance of a field: its record path, its value (None where there is none), what holds it, its rows.

    `rows` are the rows that it stands in, outermost first, each with its repeat and its number from 1.
    """

    path: str
    value: Any
    holder: dict[str, Any]
    rows: Rows


class Settled:
    """A record's answers, with what was found on the way."""

    def __init__(self, form: Form, answers: dict[str, Any], faults: dict[str, Fault], now: datetime) -> None:
        self.form = form
        self.answers = answers
        self.faults = faults
        self.irrelevant: set[str] = set()
        self._held: dict[str, list[Holder]] = {}
        moment = now.astimezone(form.timezone)
        self._now = moment.isoformat(timespec="milliseconds")
        self._today = moment.date().isoformat()

    def places(self, field: Field) -> Iterator[Place]:
        """Where a field stands now: once, or once in each row that is there. Not below what is irrelevant."""
        for path, holder, rows in self._holders(field.parent):
            yield Place(f"{path}/{field.name}", holder.get(field.name), holder, rows)

    def drop(self, field: Field, place: Place) -> None:
        """A field is irrelevant here: it, and all below it, counts for nothing."""
        self.irrelevant.add(place.path)
        place.holder.pop(field.name, None)
        if field.is_container:
            self._held.clear()

    def _holders(self, parent: Field | None) -> list[Holder]:
        """What the fields below a container stand in; remembered, since all of them ask."""
        if parent is None:
            return [("", self.answers, ())]
        if parent.path not in self._held:
            self._held[parent.path] = list(self._find_holders(parent))
        return self._held[parent.path]

    def _find_holders(self, parent: Field) -> Iterator[Holder]:
        for path, holder, rows in self._holders(parent.parent):
            place = f"{path}/{parent.name}"
            if place in self.irrelevant:
                continue
            if parent.type == "group":
                yield place, holder.get(parent.name, {}), rows
            else:
                for number, row in enumerate(holder.get(parent.name, ()), 1):
                    yield f"{place}/{row['_row']}", row, (*rows, (parent, row, number))

    def context(self, field: Field, place: Place) -> Context:
        """What an expression of this field may read at this place."""
        return Context(
            resolve=lambda path: self._resolve(path, place.rows),
            at=self._at,
            self_value=from_answer(place.value),
            position=place.rows[-1][2] if place.rows else 0,
            now=self._now,
            today=self._today,
            rows=self._rows,
        )

    def _rows(self, name: str) -> list[Mapping[str, Any]]:
        return [choice.row for choice in self.form.lists.get(name, ())]

    def _resolve(self, path: str, rows: Rows) -> Value:
        """The value at a schema path: in the same row where there is one, else all of them as a list."""
        start: tuple[str, dict[str, Any]] = ("", self.answers)
        for repeat, row, _ in rows:
            if path.startswith(repeat.path + "/"):
                start = (repeat.path, row)
        names = path[len(start[0]) + 1 :].split("/")
        return self._read(start[0], [start[1]], names)

    def _at(self, path: str, rows: Mapping[str, float]) -> Value:
        """The value at a schema path in the rows of these numbers; empty where there is none."""
        holder: Any = self.answers
        prefix = ""
        for name in path.split("/")[1:]:
            prefix = f"{prefix}/{name}"
            holder = holder.get(name) if isinstance(holder, dict) else None
            if self.form.by_path[prefix].type == "repeat":
                holder = _row(holder, rows.get(prefix, math.nan))
        return from_answer(holder)

    def _read(self, prefix: str, holders: list[Any], names: list[str]) -> Value:
        many = False
        for depth, name in enumerate(names):
            prefix = f"{prefix}/{name}"
            field, last = self.form.by_path[prefix], depth == len(names) - 1
            if field.type == "repeat":
                holders = [row for holder in holders for row in holder.get(name, ())]
                many = True
                if last:
                    return [ROW_MARK for _ in holders]
            elif not last or field.type == "group":
                holders = [holder.get(name, {}) for holder in holders]
            else:
                found = [from_answer(holder.get(name)) for holder in holders]
                return [to_text(each) if isinstance(each, list) else each for each in found] if many else found[0]
        return ""


def _row(rows: Any, number: float) -> Any:
    found = rows if isinstance(rows, list) else []
    return found[math.trunc(number) - 1] if not math.isnan(number) and 1 <= number < len(found) + 1 else None


def settle(form: Form, values: Mapping[str, Any], *, now: datetime) -> Settled:
    """The values as answers of the form: unknown ones out, computed ones in, irrelevant ones gone."""
    faults: dict[str, Fault] = {}
    settled = Settled(form, _shape(values, form.by_name, "", faults), faults, now)
    for field in order(form):
        for place in list(settled.places(field)):
            _settle_place(settled, field, place)
    _drop_empty(settled.answers, form.by_name)
    return settled


def _settle_place(settled: Settled, field: Field, place: Place) -> None:
    if field.relevant is not None and not holds(field.relevant.tree, settled.context(field, place)):
        settled.drop(field, place)
    elif field.calculate is not None and field.is_computed:
        computed = _normal(evaluate(field.calculate.tree, settled.context(field, place)), field.value or field.type)
        if computed is None:
            place.holder.pop(field.name, None)
        else:
            place.holder[field.name] = computed


def _normal(value: Value, kind: str) -> Any:
    """What a calculation came to, in the normal form of its type; None where it came to nothing."""
    if kind == "boolean":
        return to_truth(value)
    if kind not in ("integer", "decimal"):
        return to_text(value) or None
    if value == "":
        return None
    number = to_number(value)
    if math.isnan(number) or math.isinf(number) or abs(number) > SAFE_INTEGER:
        return None
    if kind == "integer":
        return int(halves_up(number))
    return _plain_decimal(number)


def _plain_decimal(number: float) -> str:
    """A decimal without exponent, as short as it can be without losing anything."""
    return format(Decimal(to_text(number)), "f")


def _shape(values: Any, questions: Mapping[str, Field], prefix: str, faults: dict[str, Fault]) -> dict[str, Any]:
    shaped: dict[str, Any] = {}
    for name, value in values.items() if isinstance(values, Mapping) else ():
        path, field = f"{prefix}/{name}", questions.get(name)
        if name == "_row" or _is_empty(value):
            continue
        if field is None or field.type == "note":
            faults[path] = Fault("unknown_field")
        elif field.type == "group":
            shaped[name] = _shape_group(value, field, path, faults)
        elif field.type == "repeat":
            shaped[name] = _shape_rows(value, field, path, faults)
        elif not field.is_computed:
            shaped[name] = value
    return {field.name: shaped[field.name] for field in questions.values() if field.name in shaped} | _groups(
        questions, shaped
    )


def _groups(questions: Mapping[str, Field], shaped: Mapping[str, Any]) -> dict[str, Any]:
    """Groups that nothing was filled in: calculations in them need a place."""
    return {
        name: _shape({}, field.by_name, "", {})
        for name, field in questions.items()
        if field.type == "group" and name not in shaped
    }


def _shape_group(value: Any, field: Field, path: str, faults: dict[str, Fault]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        faults[path] = Fault("not_group")
        value = {}
    return _shape(value, field.by_name, path, faults)


def _shape_rows(value: Any, field: Field, path: str, faults: dict[str, Fault]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for row in value if isinstance(value, list) else [None]:
        key = row.get("_row") if isinstance(row, Mapping) else None
        if not isinstance(key, str) or not _ULID.fullmatch(key) or key in rows or len(rows) >= MAX_ROWS:
            faults[path] = Fault("not_rows")
            continue
        rows[key] = {"_row": key, **_shape(row, field.by_name, f"{path}/{key}", faults)}
    return [rows[key] for key in sorted(rows)]


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _drop_empty(answers: dict[str, Any], questions: Mapping[str, Field]) -> None:
    for name, field in questions.items():
        value = answers.get(name)
        if field.type == "group" and value is not None:
            _drop_empty(value, field.by_name)
        elif field.type == "repeat":
            for row in value or ():
                _drop_empty(row, field.by_name)
        if name in answers and _is_empty(answers[name]):
            del answers[name]
