"""Where the fields of a form stand in a record, and how their expressions read it from there.

The way from an expression to what it reads depends on the form alone, so it is found once, when the form is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from schemas.expression.evaluate import Read, Row
from schemas.expression.values import Value, from_answer
from schemas.form import Field, Form

ROW_MARK = "row"

Answers = dict[str, Any]
Rows = tuple[Answers, ...]
Start = Callable[["Holder"], Answers]


class Record:
    """The answers that are being judged, and the time that `now()` means."""

    __slots__ = ("_form", "_moment", "_now", "answers")

    def __init__(self, form: Form, answers: Answers, moment: datetime) -> None:
        self.answers = answers
        self._form = form
        self._moment = moment
        self._now = ""

    @property
    def now(self) -> str:
        """RFC 3339, in the form's zone, to the millisecond."""
        if not self._now:
            self._now = self._moment.astimezone(self._form.timezone).isoformat(timespec="milliseconds")
        return self._now


class Holder:
    """One instance of what fields stand in: the record itself, a group, or a row.

    `path` is the record's path to it, `own` the answers in it, `rows` the rows that it stands in, outermost first,
    `position` the number of the innermost, from 1, or 0 outside any.
    """

    __slots__ = ("own", "path", "position", "record", "rows")

    def __init__(self, path: str, own: Answers, rows: Rows, position: int, record: Record) -> None:
        self.path = path
        self.own = own
        self.rows = rows
        self.position = position
        self.record = record

    def group(self, name: str) -> Holder:
        """What the fields of a group stand in."""
        return Holder(f"{self.path}/{name}", self.own.get(name, {}), self.rows, self.position, self.record)

    def below(self, name: str) -> Iterator[Holder]:
        """What the fields of a repeat stand in, row by row."""
        for number, row in enumerate(self.own.get(name, ()), 1):
            yield Holder(f"{self.path}/{name}/{row['_row']}", row, (*self.rows, row), number, self.record)

    @property
    def now(self) -> str:
        return self.record.now

    @property
    def today(self) -> str:
        return self.record.now[:10]


class FieldReading:
    """The ways from one field's expressions to what they read."""

    def __init__(self, form: Form, field: Field) -> None:
        self._form = form
        self._field = field
        self._repeats = list(_repeats_above(field))

    def ref(self, path: str) -> Read[Holder]:
        """The field in the same row where there is one, else its values in all rows as a list."""
        start, prefix = self._start(path)
        names = path[len(prefix) + 1 :].split("/")
        *way, last = [self._form.by_path[f"{prefix}/{'/'.join(names[: end + 1])}"] for end in range(len(names))]
        if last.type == "group":
            return lambda _: ""
        if any(each.type == "repeat" for each in (*way, last)):
            return _many(start, way, last)
        return _one(start, [each.name for each in way], last.name)

    def own(self) -> Read[Holder]:
        """The value of the field itself."""
        name = self._field.name
        return lambda holder: from_answer(holder.own.get(name))

    def indexed(self, path: str, repeats: Sequence[str]) -> Callable[[Holder, Sequence[float]], Value]:
        """The value in the rows of these numbers; empty where there is none."""
        names = path.split("/")[1:]
        way = [self._form.by_path["/" + "/".join(names[: end + 1])] for end in range(len(names))]

        def read(holder: Holder, numbers: Sequence[float]) -> Value:
            wanted = dict(zip(repeats, numbers, strict=True))
            node: Any = holder.record.answers
            for each in way:
                node = node.get(each.name) if isinstance(node, dict) else None
                if each.type == "repeat":
                    node = _row(node, wanted.get(each.path, math.nan))
            return from_answer(node)

        return read

    def rows(self, name: str) -> Callable[[Holder], Sequence[Row]]:
        """The choices of a list of the form; entities are looked up on the tablet alone."""
        found = [choice.row for choice in self._form.lists.get(name, ())]
        return lambda _: found

    def _start(self, path: str) -> tuple[Start, str]:
        """The innermost row around the field that the path leads through, else the record; and its schema path."""
        for depth, repeat in reversed(list(enumerate(self._repeats))):
            if path.startswith(f"{repeat.path}/"):
                return _from_row(depth), repeat.path
        return _from_record, ""


def _repeats_above(field: Field) -> Iterator[Field]:
    if field.parent is not None:
        yield from _repeats_above(field.parent)
        if field.parent.type == "repeat":
            yield field.parent


def _from_record(holder: Holder) -> Answers:
    return holder.record.answers


def _from_row(depth: int) -> Start:
    return lambda holder: holder.rows[depth]


def _one(start: Start, groups: Sequence[str], name: str) -> Read[Holder]:
    if not groups:
        return lambda holder: from_answer(start(holder).get(name))

    def read(holder: Holder) -> Value:
        node: Mapping[str, Any] = start(holder)
        for group in groups:
            node = node.get(group, _NOTHING)
        return from_answer(node.get(name))

    return read


_NOTHING: Mapping[str, Any] = {}


def _many(start: Start, way: Sequence[Field], last: Field) -> Read[Holder]:
    def read(holder: Holder) -> Value:
        nodes: list[Mapping[str, Any]] = [start(holder)]
        for each in way:
            nodes = _next(nodes, each)
        if last.type == "repeat":
            return [ROW_MARK for _ in _next(nodes, last)]
        # A list of choices is one text by now, so that nothing nests.
        return [from_answer(node.get(last.name)) for node in nodes]  # type: ignore[misc]

    return read


def _next(nodes: list[Mapping[str, Any]], field: Field) -> list[Mapping[str, Any]]:
    if field.type == "repeat":
        return [row for node in nodes for row in node.get(field.name, ())]
    return [node.get(field.name, _NOTHING) for node in nodes]


def _row(rows: Any, number: float) -> Any:
    found = rows if isinstance(rows, list) else []
    return found[math.trunc(number) - 1] if not math.isnan(number) and 1 <= number < len(found) + 1 else None
