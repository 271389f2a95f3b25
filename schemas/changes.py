"""What a new version of a form changes for records that are under way: those filled in with an older one.

Such a record goes over to the new version with its next edit. Nothing is ever taken out of its edits; what is lost is
lost to the answers, where a value that the new version has no use for counts for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from schemas.definition import COMPUTED, EXPRESSIONS, FILES, SELECTS
from schemas.expression.parse import Tree
from schemas.form import Choice, Expression, Field, Form
from schemas.values import BARCODE_LENGTH, TEXT_LENGTH


class Severity(StrEnum):
    """What a change may do to a record under way; the worst comes first."""

    LOSES_VALUE = "loses_value"
    JUDGED_DIFFERENTLY = "judged_differently"
    SAFE = "safe"


LOSES, DIFFERENTLY, SAFE = Severity.LOSES_VALUE, Severity.JUDGED_DIFFERENTLY, Severity.SAFE


@dataclass(frozen=True)
class Change:
    """One difference between two versions: where (a field's path in the old one, or the new), a slug, a sentence."""

    path: str
    code: str
    severity: Severity
    sentence: str


_TEXTS = frozenset({"text", "barcode"})
_CHOSEN = SELECTS | {"entity"}
_WRITTEN = _TEXTS | {"select_one", "date", "time", "datetime", "decimal", "entity"}
_KEEPS = frozenset(
    [
        *((old, new) for old in _WRITTEN for new in _TEXTS),
        *((old, new) for old in FILES for new in FILES),
        ("select_many", "rank"),
        ("rank", "select_many"),
        ("geoshape", "geotrace"),
        ("entity", "select_one"),
        ("select_one", "entity"),
    ]
)
"""Types whose values may stand where the type is changed: they are of one shape."""

_STRICTER = {
    "min": 1,
    "min_rows": 1,
    "max": -1,
    "max_length": -1,
    "places": -1,
    "max_files": -1,
    "max_rows": -1,
}
"""Limits, and in which direction they become stricter."""

_WORDING = ("label", "hint", "media", "message", "required_message", "row_label", "appearance", "default", "readonly")


def compare(old: Form, new: Form) -> tuple[Change, ...]:
    """Every difference that matters to records under way, the worst ones first, else in the order of the form."""
    found = [*_heads(old, new), *_mapped(old, new), *_gone(old, new), *_kept(old, new), *_added(old, new)]
    return tuple(sorted(found, key=lambda change: list(Severity).index(change.severity)))


def _heads(old: Form, new: Form) -> Iterator[Change]:
    if tuple(map(_now(old, new), old.identity)) != new.identity:
        yield Change("", "identity", DIFFERENTLY, "other fields make two records the same thing")
    if old.timezone.key != new.timezone.key:
        yield Change("", "timezone", DIFFERENTLY, f"today and now are those of {new.timezone.key}")
    if gone := [each for each in old.languages if each not in new.languages]:
        yield Change("", "languages", SAFE, f"is no longer written in {', '.join(gone)}")
    if (old.title, tuple(map(_now(old, new), old.summary))) != (new.title, new.summary):
        yield Change("", "title", SAFE, "records are called otherwise in lists")


def _now(old: Form, new: Form) -> Callable[[str], str]:
    """Where a path of the old version is, as the new one maps it."""
    return lambda path: new.mapping.path(path, old.version)


def _mapped(old: Form, new: Form) -> Iterator[Change]:
    """What the mapping of the new version does, and what it should not."""
    if tuple(step for step in new.mapping.steps if step.version <= old.version) != old.mapping.steps:
        sentence = f"no longer reads what older versions hold as version {old.version} did"
        yield Change("", "mapping", LOSES, sentence)
    now = _now(old, new)
    counts = Counter(now(field.path) for field in old.walk())
    for field in old.walk():
        place = now(field.path)
        if counts[place] > 1 and place in new.by_path:
            yield Change(field.path, "mapping", LOSES, f"becomes {place}, and so does another field")
        elif place != field.path and place in new.by_path:
            yield from _moved(field, new.by_path[place], now)
        for choice in field.choices if place in new.by_path else ():
            name = new.mapping.choice(field.path, choice.name, old.version)
            if name != choice.name:
                yield Change(place, "choice_mapped", SAFE, f"the choice {_called(choice)} counts as {name}")


def _moved(before: Field, after: Field, now: Callable[[str], str]) -> Iterator[Change]:
    if [now(each.path) for each in _repeats(before)] != [each.path for each in _repeats(after)]:
        sentence = f"is {after.path} now, in other rows; its value stays behind"
        yield Change(before.path, "mapping", LOSES if any(map(_is_filled, before.walk())) else SAFE, sentence)
    elif before.parent is None or after.path != f"{now(before.parent.path)}/{before.name}":
        yield Change(before.path, "renamed", SAFE, f"is {after.path} now; what is filled in goes along")


def _repeats(field: Field) -> list[Field]:
    """The repeats that a field stands in, innermost first."""
    above = field.parent
    found = []
    while above is not None:
        found += [above] if above.type == "repeat" else []
        above = above.parent
    return found


def _gone(old: Form, new: Form) -> Iterator[Change]:
    """Fields that are no longer where they were; of a container that is gone, its fields are not told one by one."""
    places = {field.name: field.path for field in new.walk()}
    told: set[str] = set()
    for field in old.walk():
        if new.mapping.path(field.path, old.version) in new.by_path:
            continue
        place = places.get(field.name)
        if place is not None:
            severity = LOSES if any(map(_is_filled, field.walk())) else SAFE
            if field.parent is None or place != f"{places.get(field.parent.name)}/{field.name}":
                yield Change(field.path, "moved", severity, f"stands at {place} now; its value stays behind")
        elif field.parent is None or field.parent.path not in told:
            count = sum(1 for each in field.walk() if _is_filled(each) and each.name not in places)
            inside = "1 answer" if count == 1 else f"{count} answers"
            what = f"was removed with the {inside} in it" if field.is_container else "was removed"
            severity = LOSES if count else SAFE
            yield Change(field.path, "removed", severity, f"{what}; what is filled in counts for nothing")
        told.add(field.path)


def _kept(old: Form, new: Form) -> Iterator[Change]:
    for before in old.walk():
        after = new.by_path.get(new.mapping.path(before.path, old.version))
        if after is None:
            continue
        read = _read(before, after, old, new)
        if before.type != after.type:
            yield _retyped(before, after, is_converted=read.type == after.type)
        if _fits(read, after):
            yield from _compared(read, after)


def _read(before: Field, after: Field, old: Form, new: Form) -> Field:
    """A field of the old version as the new one reads it: what it refers to, its choices, its type."""
    steps = new.mapping.since(old.version)
    names = {choice.name: new.mapping.choice(before.path, choice.name, old.version) for choice in before.choices}
    choices = {names[choice.name]: replace(choice, name=names[choice.name]) for choice in before.choices}
    kind = [step.converted[after.path] for step in steps if after.path in step.converted]
    conditions = {
        name: Expression(found.text, _moved_refs(found.tree, _now(old, new)))
        for name in EXPRESSIONS
        if isinstance(found := getattr(before, name), Expression)
    }
    read: dict[str, Any] = {"type": (kind or [before.type])[-1], **conditions}
    if any(after.path in step.choices for step in steps):
        read["choices"] = tuple(choices.values())
    return replace(before, **read)


def _moved_refs(tree: Tree, now: Callable[[str], str]) -> Tree:
    moved = {**tree, "ref": now(tree["ref"])} if "ref" in tree else dict(tree)
    return {**moved, "args": [_moved_refs(arg, now) for arg in tree["args"]]} if "args" in tree else moved


def _compared(before: Field, after: Field) -> Iterator[Change]:
    yield from _asked(before, after)
    yield from _computed(before, after)
    yield from _limited(before, after)
    yield from _chosen(before, after)
    path = after.path
    if after.unique and not before.unique:
        yield Change(path, "unique", DIFFERENTLY, "must differ from row to row now")
    if after.type == "date" and before.precision != after.precision != "day":
        yield Change(path, "precision", DIFFERENTLY, f"asks for a {after.precision} alone, kept as its first day")
    if not _same(before.row_count, after.row_count):
        sentence = f"has as many rows as {_text(after.row_count)}" if after.row_count else "has any number of rows"
        yield Change(path, "row_count", DIFFERENTLY if after.row_count else SAFE, sentence)
    if before.trigger != after.trigger:
        yield Change(path, "trigger", SAFE, "is emptied or worked out anew by other fields than before")
    if before.merge != after.merge:
        sentence = f"where two people filled it differently, {after.merge} counts instead of {before.merge}"
        yield Change(path, "merge", DIFFERENTLY, sentence)
    if before.entity != after.entity and after.type in _CHOSEN:
        about = [each.entity or "choices of its own" for each in (after, before)]
        yield Change(path, "entity", LOSES, f"is about {about[0]} instead of {about[1]}; what was chosen is refused")
    if [getattr(before, name) for name in _WORDING] != [getattr(after, name) for name in _WORDING]:
        yield Change(path, "wording", SAFE, "reads or looks otherwise, or begins with another value")


def _asked(before: Field, after: Field) -> Iterator[Change]:
    path = after.path
    if not _same(before.required, after.required):
        if after.required is True:
            yield Change(path, "required", DIFFERENTLY, "must be answered now")
        elif after.required is False or before.required is True:
            yield Change(path, "required", SAFE, "need not be answered as often")
        else:
            yield Change(path, "required", DIFFERENTLY, f"must be answered where {_text(after.required)}")
    if not _same(before.relevant, after.relevant):
        if after.relevant is None:
            yield Change(path, "relevant", DIFFERENTLY, "is always asked now")
        else:
            sentence = f"is asked only where {_text(after.relevant)}; elsewhere a value counts for nothing"
            yield Change(path, "relevant", LOSES if any(map(_is_filled, before.walk())) else DIFFERENTLY, sentence)
    if not _same(before.constraint, after.constraint):
        if after.constraint is None:
            yield Change(path, "constraint", SAFE, "has no condition any more")
        else:
            yield Change(path, "constraint", DIFFERENTLY, f"has to meet the condition {_text(after.constraint)}")


def _computed(before: Field, after: Field) -> Iterator[Change]:
    if after.type in COMPUTED and before.value != after.value and before.value:
        yield Change(after.path, "value", DIFFERENTLY, f"amounts to {after.value} instead of {before.value}")
    if before.type != after.type or _same(_worked_out(before), _worked_out(after)):
        return
    if _worked_out(after) is None:
        yield Change(after.path, "calculate", DIFFERENTLY, "is filled in by people now")
    elif _worked_out(before) is None:
        yield Change(after.path, "calculate", LOSES, "is calculated now; what people filled in is replaced")
    else:
        yield Change(after.path, "calculate", DIFFERENTLY, f"is calculated as {_text(after.calculate)}")


def _worked_out(field: Field) -> Expression | None:
    """What gives the value of a field that nobody fills: where there is a trigger, an answer is only replaced."""
    return field.calculate if not field.trigger or field.type in COMPUTED else None


def _limited(before: Field, after: Field) -> Iterator[Change]:
    for name, direction in _STRICTER.items():
        was, now = _limit(before, name), _limit(after, name)
        if was == now or (name == "max_length" and before.type not in _TEXTS and after.max_length is None):
            continue
        word = name.replace("_", " ")
        if now is None:
            yield Change(after.path, name, SAFE, f"has no {word} any more")
        elif was is None or (now - was) * direction > 0:
            yield Change(after.path, name, DIFFERENTLY, f"has a stricter {word}: {now:f}")
        else:
            yield Change(after.path, name, SAFE, f"has a wider {word}: {now:f}")


def _chosen(before: Field, after: Field) -> Iterator[Change]:
    choices = {choice.name: choice for choice in after.choices}
    known = {choice.name: choice for choice in before.choices}
    for name in known if choices else ():
        if name not in choices:
            sentence = f"the choice {_called(known[name])} was removed; where it was chosen it is refused"
            yield Change(after.path, "choice_removed", LOSES, sentence)
    for name in choices if known else ():
        if name not in known:
            severity = DIFFERENTLY if after.type == "rank" else SAFE
            yield Change(after.path, "choice_added", severity, f"the choice {_called(choices[name])} is new")
        elif choices[name].label != known[name].label:
            sentence = f"the choice {_called(known[name])} is called {_called(choices[name])}"
            yield Change(after.path, "choice_renamed", SAFE, sentence)
    if not _same(before.choice_filter, after.choice_filter):
        if after.choice_filter is None:
            yield Change(after.path, "choice_filter", SAFE, "offers all its choices")
        else:
            sentence = f"offers only choices for which {_text(after.choice_filter)}"
            yield Change(after.path, "choice_filter", DIFFERENTLY, sentence)
    elif any(name in choices and choices[name].extra != known[name].extra for name in known) and after.choice_filter:
        yield Change(after.path, "choice_filter", DIFFERENTLY, "offers its choices in other cases")


def _added(old: Form, new: Form) -> Iterator[Change]:
    known = {field.name for field in old.walk()}
    here = {new.mapping.path(path, old.version) for path in old.by_path}
    told: set[str] = set()
    for field in new.walk():
        if field.path in here or (field.name in known and field.path not in old.by_path):
            continue
        if field.parent is None or field.parent.path not in told:
            must = _is_demanded(field)
            sentence = "is new and must be answered; records under way lack it" if must else "is new"
            yield Change(field.path, "added", DIFFERENTLY if must else SAFE, sentence)
        told.add(field.path)


def _is_demanded(field: Field) -> bool:
    """Whether a record that has nothing there may be returned for it."""
    if field.type == "repeat":
        return field.min_rows > 0 or field.row_count is not None
    return field.required is not False or any(map(_is_demanded, field.fields))


def _retyped(before: Field, after: Field, *, is_converted: bool) -> Change:
    sentence = f"is of the type {after.type} instead of {before.type}"
    path = after.path
    if not any(map(_is_filled, before.walk())):
        return Change(path, "type", DIFFERENTLY, sentence)
    if is_converted:
        return Change(path, "type", DIFFERENTLY, f"{sentence}; what can be turned into it is")
    if _fits(before, after):
        return Change(path, "type", DIFFERENTLY, f"{sentence}; values stay and are judged anew")
    return Change(path, "type", LOSES, f"{sentence}; what is filled in does not fit")


def _fits(before: Field, after: Field) -> bool:
    """Whether the values of the one may stand in the other."""
    kinds = (before.type, after.type)
    return before.type == after.type or kinds in _KEEPS or set(kinds) == COMPUTED


def _is_filled(field: Field) -> bool:
    """Whether people put something there."""
    return not field.is_container and field.type != "note" and _worked_out(field) is None


def _limit(field: Field, name: str) -> Decimal | None:
    value = getattr(field, name)
    if name == "max_length" and field.type in _TEXTS and value is None:
        value = TEXT_LENGTH if field.type == "text" else BARCODE_LENGTH
    return None if value is None else Decimal(value)


def _same(before: Any, after: Any) -> bool:
    if isinstance(before, Expression) and isinstance(after, Expression):
        return before.tree == after.tree
    return bool(before == after)


def _text(condition: Any) -> str:
    return condition.text if isinstance(condition, Expression) else str(condition)


def _called(choice: Choice) -> str:
    return f"{choice.name} ({next(iter(choice.label.values()), '')})"
