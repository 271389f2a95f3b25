"""Records that may be the same thing, side by side: aligned line by line, with a choice wherever they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for

from schemas.files import FILES
from schemas.form import Field, Form
from service.api.records import lists
from service.office.case_view import when
from service.office.differences import Piece, pieces
from service.office.names import Names
from service.office.values import Reader, Shown, row_name, show, state_of
from service.readmodel.paging import Row
from sync.edits import same

BETWEEN = "|"
"""Between team and record in a form's value; neither has it."""


@dataclass(frozen=True)
class Cell:
    """One record's answer. `choice` is what a form sends for it; empty where there is nothing to choose."""

    shown: Shown
    pieces: tuple[Piece, ...] = ()
    choice: str = ""
    chosen: bool = False


@dataclass(frozen=True)
class Line:
    """`kind` is `heading`, `field` (one of several answers stands) or `row` (rows may be taken along)."""

    kind: str
    label: str
    path: str = ""
    differs: bool = False
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class _Side:
    """One record: what the page says of it, its answers, and how they are read."""

    row: Row
    reader: Reader
    name: str


def side_by_side(case: Row, names: Names) -> dict[str, Any]:
    """The records of a case in columns, and lines in the order of the form. `keep` in the address chooses the column
    that is ticked throughout.
    """
    sides = [side for known in case["detail"].get("documents", ()) if (side := _side(known, names)) is not None]
    kept = _kept(len(sides))
    form = next((found for side in sides if (found := names.form(side.row["form"], side.row["version"]))), None)
    walk = _Walk(form, tuple(sides), kept) if form else None
    lines = list(walk.inside(form.fields, "", [side.row["answers"] for side in sides])) if walk and form else []
    return {
        "columns": [_column(side, names, number == kept) for number, side in enumerate(sides)],
        "lines": lines,
        "differing": sum(line.differs for line in lines),
        "joined": [BETWEEN.join((each["team"], each["record"])) for each in case["detail"].get("joined", ())],
        "match": case["detail"].get("match", ""),
        "count": case["detail"].get("count", len(sides)),
        "teams": [(names.team(team), count) for team, count in case["detail"].get("teams", {}).items()],
        "compared": case["detail"].get("compared"),
    }


def _side(known: Mapping[str, str], names: Names) -> _Side | None:
    row = lists().record(known["record"], None, known["team"])
    return _Side(row, names.reader(known["team"]), BETWEEN.join((known["team"], known["record"]))) if row else None


def _kept(count: int) -> int:
    given = request.args.get("keep", "0")
    return int(given) if given.isdecimal() and len(given) < 3 and int(given) < count else 0


def _column(side: _Side, names: Names, kept: bool) -> dict[str, Any]:
    row, form = side.row, names.form(side.row["form"], side.row["version"])
    survivor, begun = request.form.get("survivor"), lists().begun(row["id"], row["team"])
    return {
        "name": side.name,
        "url": url_for("office.record", record_id=row["id"], team=row["team"]),
        "label": side.reader.pick(row["label"]),
        "team": names.team(row["team"]),
        "by": names.person(begun["by"] if begun else row["updated_by"]),
        "at": when(begun["at"] if begun else row["updated"], form, side.reader, names),
        "state": state_of(row["state"], side.reader).text,
        "verdict": row["verdict"],
        "reason": row["reason"],
        "collisions": row["collision_count"],
        "kept": side.name == survivor if survivor else kept,
    }


@dataclass(frozen=True)
class _Walk:
    """The form, walked in step through all records. Where `owner` is a row, its lines choose nothing by themselves."""

    form: Form
    sides: Sequence[_Side]
    kept: int

    def inside(self, fields: Sequence[Field], path: str, values: Sequence[Any]) -> Iterator[Line]:
        """The lines of these fields, given each record's values at their place."""
        for field in fields:
            here, each = f"{path}/{field.name}", [_member(value, field.name) for value in values]
            if field.type == "note" or all(value in (None, "", [], {}) for value in each):
                continue
            if field.type == "group":
                yield from self._under(field, list(self.inside(field.fields, here, each)))
            elif field.type == "repeat":
                yield from self._under(field, list(self._rows(field, here, each)))
            else:
                yield self._field(field, here, each)

    def _under(self, field: Field, lines: Sequence[Line]) -> Iterator[Line]:
        if lines:
            yield Line("heading", self._pick(field))
            yield from lines

    def _pick(self, field: Field) -> str:
        return self.sides[0].reader.pick(field.label, field.name)

    def _field(self, field: Field, path: str, values: Sequence[Any]) -> Line:
        shown = [show(field, value, self.form, side.reader) for value, side in zip(values, self.sides, strict=True)]
        differs = any(not same(value, values[0]) for value in values)
        if not differs or field.is_computed:
            return Line("field", self._pick(field), path, differs, tuple(Cell(each) for each in shown))
        filled = [number for number, value in enumerate(values) if value not in (None, "", [], {})]
        preferred = self.kept if self.kept in filled else None if field.type in FILES else filled[0]
        cells = [self._cell(field, path, shown, number, number in filled, preferred) for number in range(len(shown))]
        return Line("field", self._pick(field), path, differs, tuple(cells))

    def _cell(
        self, field: Field, path: str, shown: Sequence[Shown], number: int, filled: bool, preferred: int | None
    ) -> Cell:
        name, first = self.sides[number].name, shown[0].text
        given = request.form.get(f"at:{path}")
        marks = number > 0 and filled and field.type == "text" and first and shown[number].text != first
        return Cell(
            shown[number],
            pieces(first, shown[number].text) if marks else (),
            name if filled else "",
            given == name if request.method == "POST" else number == preferred,
        )

    def _rows(self, repeat: Field, path: str, values: Sequence[Any]) -> Iterator[Line]:
        """Rows that say the same stand on one line, whichever record they are in."""
        found: dict[str, dict[int, Mapping[str, Any]]] = {}
        for number, rows in enumerate(values):
            for row in rows if isinstance(rows, list) else ():
                if isinstance(row, dict):
                    found.setdefault(self._told(repeat, row, number), {}).setdefault(number, row)
        for place, (text, by_side) in enumerate(found.items(), 1):
            yield self._row(repeat, path, place, text, by_side)

    def _row(self, repeat: Field, path: str, place: int, text: str, by_side: Mapping[int, Mapping[str, Any]]) -> Line:
        differs = len(by_side) < len(self.sides)
        taken = request.form.getlist("row")
        cells = []
        for number, side in enumerate(self.sides):
            row = by_side.get(number)
            choice = f"{path}/{row.get('_row')}{BETWEEN}{side.name}" if row and differs else ""
            cells.append(Cell(Shown(text) if row else Shown(), (), choice, choice in taken))
        return Line("row", row_name(repeat, place, self.sides[0].reader), path, differs, tuple(cells))

    def _told(self, repeat: Field, row: Mapping[str, Any], number: int) -> str:
        """A row in words: its answers one below the other."""
        side = self.sides[number]
        walk = replace(self, sides=(side,), kept=0)
        lines = walk.inside(repeat.fields, "", [row])
        joint, file = (": " if side.reader.lang == "en" else "："), side.reader.say("record.attachment")
        said = [line for line in lines if line.kind != "heading"]
        return "\n".join(f"{line.label}{joint}{line.cells[0].shown.text or file}" for line in said)


def _member(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else None
