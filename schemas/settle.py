"""Works out what is computed and what is irrelevant in a record that has its form's shape.

Fields are taken in the order of what they depend on, so that one pass settles all of them: an irrelevant value counts
for nothing in whatever reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from schemas.cost import LIMIT, cost
from schemas.dependencies import order
from schemas.expression.evaluate import NO_ROW, Condition, Program, condition, program
from schemas.expression.functions import halves_up
from schemas.expression.values import Value, to_number, to_text, to_truth
from schemas.form import Field, Form
from schemas.shape import Faults, emptied, shape_of
from schemas.standing import FieldReading, Holder, Record
from schemas.values import COMPUTED_LENGTH, SAFE_INTEGER, Fault


class Settled:
    """A record's answers, with what was found on the way; `is_begun` is false where its expressions cost too much."""

    def __init__(self, record: Record, faults: Faults) -> None:
        self.answers = record.answers
        self.faults = faults
        self.irrelevant: set[str] = set()
        self.is_begun = True
        self._held: dict[Field | None, list[Holder]] = {None: [Holder("", record.answers, (), 0, record)]}

    def holders(self, parent: Field | None) -> list[Holder]:
        """What the fields of a container stand in now: one, or one for each row. Not below what is irrelevant."""
        found = self._held.get(parent)
        if found is None and parent is not None:
            found = self._held[parent] = self._find_holders(parent)
        return found or []

    def _find_holders(self, parent: Field) -> list[Holder]:
        around = [
            holder for holder in self.holders(parent.parent) if f"{holder.path}/{parent.name}" not in self.irrelevant
        ]
        if parent.type == "group":
            return [holder.group(parent.name) for holder in around]
        return [row for holder in around for row in holder.below(parent.name)]

    def drop(self, field: Field, holder: Holder) -> None:
        """A field is irrelevant here: it, and all below it, counts for nothing."""
        self.irrelevant.add(f"{holder.path}/{field.name}")
        holder.own.pop(field.name, None)
        if field.is_container:
            self._held = {None: self._held[None]}


@dataclass(frozen=True, slots=True)
class _Step:
    """What is worked out for one field: whether it is relevant, and what it comes to."""

    field: Field
    relevant: Condition[Holder] | None
    calculate: Program[Holder] | None

    def settle(self, settled: Settled, holder: Holder) -> None:
        """Work it out at one place."""
        if self.relevant is not None and not self.relevant(holder, NO_ROW):
            settled.drop(self.field, holder)
        elif self.calculate is not None:
            computed = _normal(self.calculate(holder, NO_ROW), self.field.value or self.field.type)
            if isinstance(computed, str) and len(computed) > COMPUTED_LENGTH:
                settled.faults[f"{holder.path}/{self.field.name}"] = Fault("too_long", max=COMPUTED_LENGTH)
                computed = None
            if computed is None:
                holder.own.pop(self.field.name, None)
            else:
                holder.own[self.field.name] = computed


@lru_cache(maxsize=256)
def _steps(form: Form) -> tuple[_Step, ...]:
    return tuple(_step(form, field) for field in order(form))


def _step(form: Form, field: Field) -> _Step:
    reading = FieldReading(form, field)
    return _Step(
        field,
        condition(field.relevant.tree, reading) if field.relevant is not None else None,
        program(field.calculate.tree, reading) if field.calculate is not None and field.is_computed else None,
    )


def settle(form: Form, values: Mapping[str, Any], *, now: datetime) -> Settled:
    """The values as answers of the form: unknown ones out, computed ones in, irrelevant ones gone."""
    faults: Faults = {}
    settled = Settled(Record(form, shape_of(form)(values, "", faults), now), faults)
    if cost(form, settled.answers) > LIMIT:
        faults[""] = Fault("too_costly")
        settled.is_begun = False
    for step in _steps(form) if settled.is_begun else ():
        for holder in settled.holders(step.field.parent):
            step.settle(settled, holder)
    emptied(form)(settled.answers)
    return settled


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
    text = to_text(number)
    return format(Decimal(text), "f") if "e" in text else text
