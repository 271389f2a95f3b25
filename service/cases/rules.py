"""Rules that settle many conflicts at once: which of the values a rule would take, or why it cannot say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.form import Form
from service.cases.decisions import Choice
from sync.edits import same
from sync.merge import Collision, Folded, Head, is_row
from sync.origin import origin_of
from sync.policy import combined

NONE_FITS, SEVERAL_FIT, NOT_FOR_THIS_FIELD = "none_fits", "several_fit", "not_for_this_field"


@dataclass(frozen=True)
class Rule:
    """`name` is one of `RULES`; `whose` names the person or device for the rules that ask for one."""

    name: str
    whose: str = ""


@dataclass(frozen=True)
class Context:
    """What a rule may look at: one collision, the record that it is in, and who supervises the record's team."""

    collision: Collision
    folded: Folded
    form: Form
    supervisors: Collection[str]

    def origin(self, head: Head) -> Head:
        """Who gave a value first, where a decision that was taken back has set it again."""
        return origin_of(self.collision.path, head, self.folded.edits)


@dataclass(frozen=True)
class Outcome:
    """What a rule says: a choice, or the reason why it has none."""

    choice: Choice | None = None
    reason: str | None = None


def apply(rule: Rule, context: Context, note: str | None) -> Outcome:
    """What the rule makes of one collision."""
    if rule.name == "union":
        return _union(context, note)
    return _one_of(_FITTING[rule.name](rule, context), context, note)


def _latest(_: Rule, context: Context) -> Sequence[Head]:
    return context.collision.heads[-1:]


def _signed(_: Rule, context: Context) -> Sequence[Head]:
    """Values from the tablet that the record was signed on, set no later than the signature."""
    signing = [
        each[-1]
        for path, each in context.folded.heads.items()
        if each[-1].present and (field := context.form.field(path)) and field.type == "signature"
    ]
    return [
        head
        for head in context.collision.heads
        if any(_before(context.origin(head), signature, context) for signature in signing)
    ]


def _before(value: Head, signature: Head, context: Context) -> bool:
    return value.device == signature.device and value.at <= signature.at


def _supervisor(_: Rule, context: Context) -> Sequence[Head]:
    return [head for head in context.collision.heads if context.origin(head).by in context.supervisors]


def _person(rule: Rule, context: Context) -> Sequence[Head]:
    return [head for head in context.collision.heads if context.origin(head).by == rule.whose]


def _device(rule: Rule, context: Context) -> Sequence[Head]:
    return [head for head in context.collision.heads if context.origin(head).device == rule.whose]


_FITTING: Mapping[str, Callable[[Rule, Context], Sequence[Head]]] = {
    "latest": _latest,
    "signed": _signed,
    "supervisor": _supervisor,
    "person": _person,
    "device": _device,
}
RULES = (*_FITTING, "union")
WITH_WHOSE = frozenset({"person", "device"})


def _one_of(fitting: Sequence[Head], context: Context, note: str | None) -> Outcome:
    if not fitting:
        return Outcome(reason=NONE_FITS)
    last = fitting[-1]
    if any(head.present != last.present or not same(head.value, last.value) for head in fitting):
        return Outcome(reason=SEVERAL_FIT)
    return Outcome(Choice(edit=last.edit_id, note=note, heads=_ids(context)))


def _union(context: Context, note: str | None) -> Outcome:
    """Everything that anybody chose or photographed, each once."""
    path, heads = context.collision.path, context.collision.heads
    field = context.form.field(path)
    together: Any = None if is_row(path) or field is None else combined("union", heads, field.type)
    if together is None:
        return Outcome(reason=NOT_FOR_THIS_FIELD)
    return Outcome(Choice(value=together, note=note, heads=_ids(context)))


def _ids(context: Context) -> frozenset[str]:
    return frozenset(head.edit_id for head in context.collision.heads)
