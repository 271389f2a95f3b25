"""The verdict on a record's answers: compiled from the form to marshmallow, every error by path and code.

Three steps: bring the values into the form's shape, settle what is computed and what is irrelevant, then check what
remains. `core/judge.js` is the twin for the tablet; `tests/vectors/answers.json` holds both to the same verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from schemas import messages
from schemas.expression.evaluate import holds
from schemas.form import Choice, Expression, Field, Form
from schemas.settle import Place, Settled, settle
from schemas.values import ANSWERS, Answer, Fault

Text = Mapping[str, str]
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
    checked = _Check(settled, faults, demanding=state not in UNDEMANDING_STATES)
    checked.run(form)
    return Judgement(settled.answers, tuple(_problems(form, settled, faults)))


class _Check:
    """What depends on other answers: whether one is required, whether it meets its condition, how many rows."""

    def __init__(self, settled: Settled, faults: dict[str, Fault], *, demanding: bool) -> None:
        self._settled = settled
        self._faults = faults
        self._demanding = demanding

    def run(self, form: Form) -> None:
        for field in demanding_fields(form):
            for place in self._settled.places(field):
                if place.path not in self._faults and place.path not in self._settled.irrelevant:
                    fault = self._fault(field, place)
                    if fault is not None:
                        self._faults[place.path] = fault

    def _fault(self, field: Field, place: Place) -> Fault | None:
        if field.type == "repeat":
            return self._rows_fault(field, place)
        if place.value is None:
            return Fault("required") if self._demanding and self._required(field, place) else None
        if field.constraint is not None and not holds(field.constraint.tree, self._settled.context(field, place)):
            return Fault("constraint")
        return self._choice_fault(field, place) if field.choice_filter is not None and field.choices else None

    def _choice_fault(self, field: Field, place: Place) -> Fault | None:
        """A choice that the filter does not offer, as things stand."""
        offered = {choice.name for choice in offered_choices(field, place, self._settled)}
        chosen = place.value if isinstance(place.value, list) else [place.value]
        refused = next((each for each in chosen if each not in offered), None)
        return None if refused is None else Fault("not_a_choice", value=refused)

    def _required(self, field: Field, place: Place) -> bool:
        if isinstance(field.required, Expression):
            return holds(field.required.tree, self._settled.context(field, place))
        return field.required

    def _rows_fault(self, field: Field, place: Place) -> Fault | None:
        count = len(place.value or ())
        if self._demanding and count < field.min_rows:
            return Fault("min_rows", min=field.min_rows)
        if field.max_rows is not None and count > field.max_rows:
            return Fault("max_rows", max=field.max_rows)
        return None


def offered_choices(field: Field, place: Place, settled: Settled) -> list[Choice]:
    """The choices that a select offers at a place, by its `choice_filter`."""
    if field.choice_filter is None:
        return list(field.choices)
    context, tree = settled.context(field, place), field.choice_filter.tree
    return [choice for choice in field.choices if holds(tree, replace(context, item=choice.row))]


@lru_cache(maxsize=256)
def demanding_fields(form: Form) -> tuple[Field, ...]:
    """The fields that demand something, of their value or of how many rows there are."""
    return tuple(field for field in form.walk() if _demands(field))


def _demands(field: Field) -> bool:
    if field.type == "repeat":
        return field.min_rows > 0 or field.max_rows is not None
    return field.type not in ("group", "note") and (
        bool(field.required) or field.constraint is not None or field.choice_filter is not None
    )


def _problems(form: Form, settled: Settled, faults: Mapping[str, Fault]) -> Iterator[Problem]:
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
    own = code == "constraint" and field is not None and field.message
    message = dict(field.message) if own and field else messages.text(code, label=label, path=path, **fault.params)
    return Problem(path, code, dict(fault.params), label, message)


def _type_faults(form: Form, answers: Mapping[str, Any]) -> Iterator[tuple[str, Fault]]:
    schema = compiled(form)
    if not _is_sound(schema, answers):
        yield from _flat(schema.validate(answers), answers, "")


def _is_sound(schema: Schema, answers: Mapping[str, Any]) -> bool:
    """Whether every field takes its answer. Asks the schema's own fields, without gathering errors: most have none."""
    for name, value in answers.items():
        field = schema.load_fields.get(name)
        if isinstance(field, fields.Nested):
            if not all(_is_sound(field.schema, below) for below in (value if field.many else (value,))):
                return False
        elif isinstance(field, Answer):
            try:
                field.check(value)
            except ValidationError:
                return False
    return True


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
