"""A record's answers in the order of its form, each with what is wrong beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from schemas.form import Field, Form
from service.office.values import Reader, Shown, row_name, show

TOP_LEVEL = 3
"""Of the headings inside the answers."""
DEEPEST = 6


@dataclass(frozen=True)
class Line:
    """One field, group, repeat or row. `lines` are those inside it, `level` that of its heading."""

    kind: str
    anchor: str
    label: str
    level: int = TOP_LEVEL
    shown: Shown | None = None
    problems: tuple[str, ...] = ()
    case_url: str = ""
    why_url: str = ""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Marks:
    """What is to be told beside a path: sentences about mistakes, and the address of an open case.

    `why` gives the address of the page that says where a path's value comes from.
    """

    problems: Mapping[str, Sequence[str]]
    cases: Mapping[str, str]
    why: Callable[[str], str]

    def on(self, path: str) -> dict[str, Any]:
        return {"problems": tuple(self.problems.get(path, ())), "case_url": self.cases.get(path, "")}


def anchor_of(path: str) -> str:
    """An id for the element that shows a path."""
    return "at" + re.sub(r"[^A-Za-z0-9_]", "-", path)


def lines_of(form: Form, answers: Mapping[str, Any], marks: Marks, reader: Reader) -> tuple[Line, ...]:
    """Every field of the form that has a value or a mistake; notes say nothing and are left out."""
    return tuple(_inside(form.fields, answers, "", _Context(form, marks, reader)))


def strays_of(form: Form, answers: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Top-level answers that the form does not know."""
    return [(f"/{name}", value) for name, value in answers.items() if form.field(f"/{name}") is None]


@dataclass(frozen=True)
class _Context:
    form: Form
    marks: Marks
    reader: Reader
    level: int = TOP_LEVEL

    def deeper(self) -> _Context:
        return replace(self, level=min(self.level + 1, DEEPEST))


def _inside(fields: Iterable[Field], values: Mapping[str, Any], path: str, c: _Context) -> Iterable[Line]:
    for field in fields:
        here = f"{path}/{field.name}"
        value = values.get(field.name)
        if field.type == "group":
            yield from _group(field, value, here, c)
        elif field.type == "repeat":
            yield from _repeat(field, value, here, c)
        elif field.type != "note":
            yield from _answer(field, value, here, c)


def _answer(field: Field, value: Any, path: str, c: _Context) -> Iterable[Line]:
    marks = c.marks.on(path)
    if value is None and not any(marks.values()):
        return
    label, shown = c.reader.pick(field.label, field.name), show(field, value, c.form, c.reader)
    yield Line("field", anchor_of(path), label, shown=shown, why_url=c.marks.why(path), **marks)


def _group(field: Field, value: Any, path: str, c: _Context) -> Iterable[Line]:
    lines = tuple(_inside(field.fields, value if isinstance(value, dict) else {}, path, c.deeper()))
    if lines:
        yield Line("group", anchor_of(path), c.reader.pick(field.label, field.name), c.level, lines=lines)


def _repeat(field: Field, value: Any, path: str, c: _Context) -> Iterable[Line]:
    rows = [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
    marks = c.marks.on(path)
    if not rows and not any(marks.values()):
        return
    lines = tuple(_row(field, row, number, path, c.deeper()) for number, row in enumerate(rows, 1))
    yield Line("repeat", anchor_of(path), c.reader.pick(field.label, field.name), c.level, lines=lines, **marks)


def _row(field: Field, row: Mapping[str, Any], number: int, path: str, c: _Context) -> Line:
    here = f"{path}/{row.get('_row', number)}"
    lines = tuple(_inside(field.fields, row, here, c.deeper()))
    return Line("row", anchor_of(here), row_name(field, number, c.reader), c.level, lines=lines, **c.marks.on(here))
