"""The verdict on a record's answers: compiled from the form to marshmallow, every error by path and code.

Three steps: bring the values into the form's shape, settle what is computed and what is irrelevant, then check what
remains. `core/judge.js` is the twin for the tablet; `tests/vectors/answers.json` holds both to the same verdicts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from schemas import messages
from schemas.expression.evaluate import NO_ROW, Condition, condition, program
from schemas.expression.values import Value, to_number
from schemas.form import Expression, Field, Form
from schemas.settle import Settled, settle
from schemas.specify import OTHER
from schemas.standing import FieldReading, Holder
from schemas.values import ANSWERS, Answer, Fault

Text = Mapping[str, str]
MOST_COUNTED = 1_000
"""Rows that a `row_count` may ask for; what is beyond counts as that many."""
UNDEMANDING_STATES = frozenset({"draft", "withdrawn"})


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: the record's path, a code, what the sentence needs, the field's label, the sentence."""

    path: str
    code: str
    params: Mapping[str, Any]
    label: Text
    message: Text

    def as_json(self) -> dict[str, Any]:
        """As it stands in a receipt."""
        return {
            "path": self.path,
            "code": self.code,
            "params": dict(self.params),
            "label": dict(self.label),
            "message": dict(self.message),
        }


@dataclass(frozen=True)
class Judgement:
    """What the values amount to, and everything that is wrong with them, in the order of the form."""

    answers: dict[str, Any]
    problems: tuple[Problem, ...]


def judge(form: Form, values: Mapping[str, Any], *, state: str, now: datetime) -> Judgement:
    """The verdict on a record's values. Pure, and total: it answers for any JSON.

    `values` are nested as answers are and may hold anything; they are not changed. `now` (with its zone) is what
    `now()` and `today()` mean. In the states draft and withdrawn nothing is demanded that is not there yet.
    """
    settled = settle(form, values, now=now)
    faults = dict(settled.faults)
    for path, fault in _type_faults(form, settled.answers):
        faults.setdefault(path, fault)
    demanding = state not in UNDEMANDING_STATES
    for parent, demands in _demands(form) if settled.is_begun else ():
        for holder in settled.holders(parent):
            for demand in demands:
                found = demand.fault(holder, demanding=demanding)
                if found is not None and (path := f"{holder.path}/{demand.field.name}") not in settled.irrelevant:
                    faults.setdefault(path, found)
    for field in _unique_fields(form):
        for path, row in _repeated(field, settled):
            faults.setdefault(path, Fault("not_unique", row=row))
    return Judgement(settled.answers, tuple(_problems(form, faults)))


@lru_cache(maxsize=256)
def _unique_fields(form: Form) -> tuple[Field, ...]:
    return tuple(field for field in form.walk() if field.unique)


def _repeated(field: Field, settled: Settled) -> Iterator[tuple[str, int]]:
    """Where a row has what an earlier one of the same repeat has, and which one that is."""
    first: dict[tuple[str, Any], int] = {}
    for holder in settled.holders(field.parent):
        value = holder.own.get(field.name)
        if holder.rows and isinstance(value, str | int) and not isinstance(value, bool):
            repeat = holder.path[: holder.path.rindex(f"/{holder.rows[-1]['_row']}")]
            row = first.setdefault((repeat, value), holder.position)
            if row != holder.position:
                yield f"{holder.path}/{field.name}", row


class _Demand:
    """What depends on other answers: whether a field is required, whether it meets its condition, how many rows."""

    def __init__(self, form: Form, field: Field) -> None:
        def asked(expression: Any) -> Condition[Holder] | None:
            return condition(expression.tree, FieldReading(form, field)) if expression is not None else None

        self.field = field
        self._required: bool | Condition[Holder] | None = (
            asked(field.required) if isinstance(field.required, Expression) else field.required
        )
        self._constraint = asked(field.constraint)
        self._counted = program(field.row_count.tree, FieldReading(form, field)) if field.row_count else None
        # What entities there are, and what they are like, is known on the tablet alone.
        self._offered = asked(field.choice_filter) if field.choices and not field.entity else None

    def fault(self, holder: Holder, *, demanding: bool) -> Fault | None:
        """What is wrong with the field here, its type aside."""
        value = holder.own.get(self.field.name)
        if self.field.type == "repeat":
            return self._rows_fault(holder, len(value or ()), demanding=demanding)
        if value is None:
            return Fault("required") if demanding and self._is_required(holder) else None
        if self._constraint is not None and not self._constraint(holder, NO_ROW):
            return Fault("constraint")
        return self._choice_fault(holder, value) if self._offered is not None else None

    def _is_required(self, holder: Holder) -> bool:
        return self._required(holder, NO_ROW) if callable(self._required) else bool(self._required)

    def _choice_fault(self, holder: Holder, value: Any) -> Fault | None:
        """A choice that the filter does not offer, as things stand."""
        chosen = value if isinstance(value, list) else [value]
        refused = next((each for each in chosen if not self._is_offered(holder, each)), None)
        return None if refused is None else Fault("not_a_choice", value=refused)

    def _is_offered(self, holder: Holder, name: Any) -> bool:
        if self.field.other and name == OTHER:
            return True  # it has no properties that a filter could ask for
        alike = (choice for choice in self.field.choices if choice.name == name)
        return any(self._offered is None or self._offered(holder, choice.row) for choice in alike)

    def _rows_fault(self, holder: Holder, count: int, *, demanding: bool) -> Fault | None:
        if demanding and self._counted is not None and count != (wanted := _counted(self._counted(holder, NO_ROW))):
            return Fault("row_count", rows=wanted)
        if demanding and count < self.field.min_rows:
            return Fault("min_rows", min=self.field.min_rows)
        if self.field.max_rows is not None and count > self.field.max_rows:
            return Fault("max_rows", max=self.field.max_rows)
        return None


def _counted(value: Value) -> int:
    """How many rows a `row_count` asks for: none where it comes to no number."""
    number = to_number(value)
    return 0 if math.isnan(number) else int(max(0.0, min(number, float(MOST_COUNTED))))


@lru_cache(maxsize=256)
def _demands(form: Form) -> tuple[tuple[Field | None, tuple[_Demand, ...]], ...]:
    """The fields that demand something, of their value or of how many rows there are, by what they stand in."""
    found: dict[Field | None, list[_Demand]] = {}
    for field in form.walk():
        if _is_demanding(field):
            found.setdefault(field.parent, []).append(_Demand(form, field))
    return tuple((parent, tuple(demands)) for parent, demands in found.items())


def _is_demanding(field: Field) -> bool:
    if field.type == "repeat":
        return field.min_rows > 0 or field.max_rows is not None or field.row_count is not None
    return field.type not in ("group", "note") and (
        bool(field.required) or field.constraint is not None or field.choice_filter is not None
    )


def _problems(form: Form, faults: Mapping[str, Fault]) -> Iterator[Problem]:
    if not faults:
        return
    position = {field.path: number for number, field in enumerate(form.walk())}

    def place(path: str) -> tuple[int, str]:
        field = form.field(path)
        return (position[field.path] if field else len(position), path)

    for path in sorted(faults, key=place):
        yield _problem(form.field(path), path, faults[path])


def _problem(field: Field | None, path: str, fault: Fault) -> Problem:
    code, label = str(fault), dict(field.label) if field else {}
    own = _own_sentence(field, code) if field else {}
    message = dict(own) if own else messages.text(code, label=label, path=path, **fault.params)
    return Problem(path, code, dict(fault.params), label, message)


def _own_sentence(field: Field, code: str) -> Text:
    """What the form itself says of it; empty where it says nothing."""
    return {"constraint": field.message, "required": field.required_message}.get(code, {})


def _type_faults(form: Form, answers: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    try:
        _sound(form)(answers)
    except ValidationError:
        yield from _flat(compiled(form).validate(answers), answers, "")


Check = Callable[[Any], None]
"""Raises `ValidationError` where a value is not what its question asks for."""


@lru_cache(maxsize=256)
def _sound(form: Form) -> Check:
    """Asks every field of the form's marshmallow schema for its value, and stops at the first that refuses.

    Gathering the errors of a whole record, which most have none of, is left to the schema itself.
    """
    return _all_sound(compiled(form))


def _all_sound(schema: Schema) -> Check:
    checks = {name: _check_of(field) for name, field in schema.load_fields.items()}

    def check(answers: Mapping[str, Any]) -> None:
        for name, value in answers.items():
            found = checks.get(name)
            if found is not None:
                found(value)

    return check


def _check_of(field: fields.Field[Any]) -> Check | None:
    if isinstance(field, fields.Nested):
        within = _all_sound(field.schema)
        return _each(within) if field.many else within
    return field.check if isinstance(field, Answer) else None


def _each(check: Check) -> Check:
    def all_of(rows: Iterable[Any]) -> None:
        for row in rows:
            check(row)

    return all_of


def _flat(errors: Mapping[Any, Any], data: Any, prefix: str) -> Iterator[tuple[str, Fault]]:
    """marshmallow's nested errors by record path; rows by their ULIDs instead of their positions."""
    for key, found in errors.items():
        below = data[key]
        path = f"{prefix}/{below['_row'] if isinstance(key, int) else key}"
        if isinstance(found, Mapping):
            yield from _flat(found, below, path)
        else:
            yield path, found[0]


@lru_cache(maxsize=256)
def compiled(form: Form) -> Schema:
    """The form as a marshmallow schema for answers that are in its shape."""
    return _schema(form.fields)()


def _schema(questions: tuple[Field, ...]) -> type[Schema]:
    members: dict[str, Any] = {each.name: _member(each) for each in questions if each.type != "note"}
    members["Meta"] = type("Meta", (), {"unknown": EXCLUDE})
    return type("Answers", (Schema,), members)


def _member(question: Field) -> fields.Field[Any]:
    if question.is_container:
        return fields.Nested(_schema(question.fields), many=question.type == "repeat")
    return ANSWERS[question.type](question)
