"""The sheets of a workbook as rows of named cells; pyxform reads the headers and says whether it is an XLSForm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import orjson
from pyxform import aliases
from pyxform.errors import PyXFormError
from pyxform.parsing.sheet_headers import process_header
from pyxform.question import MultipleChoiceQuestion, Option
from pyxform.survey import Survey
from pyxform.xls2xform import convert

from schemas.xlsform.kobo import expand
from schemas.xlsform.notes import Refused
from schemas.xlsform.sheets import read_sheets

NESTED = frozenset({"bind", "control", "media", "instance", "rounds"})
"""First parts of headers whose second part says what the column holds, as in `bind::type`."""
EXPRESSIVE = {
    "jr:constraintMsg": "constraint_message",
    "jr:requiredMsg": "required_message",
    "jr:count": "repeat_count",
    "calculate": "calculation",
    **{name: name for name in ("relevant", "required", "readonly", "constraint", "appearance")},
}
_KNOWN: dict[str, tuple[Mapping[str, Any], frozenset[str]]] = {
    "survey": (aliases.survey_header, frozenset(MultipleChoiceQuestion.get_slot_names())),
    "choices": (aliases.list_header, frozenset(Option.get_slot_names())),
    "external_choices": (aliases.list_header, frozenset(Option.get_slot_names())),
    "settings": (aliases.settings_header, frozenset(Survey.get_slot_names())),
}
_UNKNOWN_TYPE = re.compile(r"[Uu]nknown question type '([^']*)'")
_SHEET = re.compile(r"\bOn the '(\w+)' sheet")
_ROW = re.compile(r"\[row : (\d+)\]|\brow (?:number )?(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """What a header means: `name` in one spelling, and the language behind it."""

    name: str
    language: str
    header: str


@dataclass(frozen=True)
class Row:
    """One row that is not empty; `number` counts as in the sheet, whose headers are row 1."""

    sheet: str
    number: int
    cells: Mapping[Column, str]

    def get(self, name: str) -> str:
        """The cell of a column; of one with languages, the first that is filled."""
        return next((text for column, text in self.cells.items() if column.name == name), "")

    def texts(self, name: str) -> dict[str, str]:
        """A column's cells by language, as it is written in the header."""
        return {column.language: text for column, text in self.cells.items() if column.name == name}

    def header(self, name: str) -> str:
        """How the author wrote the header of a column."""
        return next((column.header for column in self.cells if column.name == name), name)


@dataclass(frozen=True)
class Sheet:
    """One sheet."""

    columns: Sequence[Column] = ()
    rows: Sequence[Row] = ()


@dataclass(frozen=True)
class Workbook:
    """The sheets by name, in lower case."""

    sheets: Mapping[str, Sheet] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Sheet:
        return self.sheets.get(name, Sheet())


def read_workbook(data: bytes) -> Workbook:
    """The sheets of an XLSForm. Raises `Refused` where it is none, is broken, too large, or pyxform refuses it."""
    raw = read_sheets(data)
    expand(raw)
    _accept(raw)
    return Workbook({name: _sheet(name, raw[name], raw[f"{name}_header"]) for name in raw if f"{name}_header" in raw})


def _accept(raw: Mapping[str, Any]) -> None:
    """Have pyxform convert the workbook; what it refuses is refused here too, in its words."""
    try:
        convert(deepcopy(dict(raw)))
    except PyXFormError as error:
        text = " ".join(str(error).split())
        context = error.context or {}
        found = _ROW.search(text)
        row = context.get("row") or (found and (found[1] or found[2])) or _row_of_type(raw, text)
        named = _SHEET.search(text)
        sheet = str(context.get("sheet") or (named[1] if named else "survey" if row else ""))
        text = re.sub(r"^\[row : \d+\]\s*", "", text)
        raise Refused(text, sheet, int(row), str(context.get("column") or "")) from None
    except RecursionError as error:
        raise Refused("the form is nested too deeply", "survey") from error
    except Exception as error:  # pyxform trips over some of what it does not expect
        raise Refused(f"pyxform cannot read it ({type(error).__name__}: {error})") from error


def _row_of_type(raw: Mapping[str, Any], text: str) -> int:
    """The row of the question type that pyxform names without saying where it stands; 0 where it names none."""
    found = _UNKNOWN_TYPE.search(text)
    rows = enumerate(raw.get("survey", ()), start=2)
    return next((number for number, row in rows if found and row.get("type") == found[1]), 0)


def _sheet(name: str, rows: Sequence[Mapping[str, str]], header: Sequence[Mapping[str, Any]]) -> Sheet:
    headers = list(header[0]) if header else []
    doubled = any("::" in each for each in headers)
    columns = {each: column_of(name, each, doubled) for each in headers}
    return Sheet(list(columns.values()), list(_rows(name, rows, columns)))


def _rows(sheet: str, rows: Sequence[Mapping[str, str]], columns: Mapping[str, Column]) -> Iterator[Row]:
    for number, cells in enumerate(rows, start=2):
        filled = {columns[header]: text for header, text in cells.items() if text}
        if filled:
            yield Row(sheet, number, filled)


def column_of(sheet: str, header: str, doubled: bool = True) -> Column:
    """What a header means on a sheet; with `doubled`, languages stand behind `::` and never behind `:`."""
    known, names = _KNOWN.get(sheet, ({}, frozenset()))
    _, tokens = process_header(header, doubled, known, names)
    parts = [str(token) for token in tokens]
    if parts[0] == "rounds":
        return Column("::".join(parts), "", header)
    if parts[0] in NESTED and len(parts) > 1:
        name = EXPRESSIVE.get(parts[1], "::".join(parts[:2]))
        return Column(name, "::".join(parts[2:]), header)
    return Column(parts[0], "::".join(parts[1:]), header)


def is_known(sheet: str, name: str) -> bool:
    """Whether a column means anything to XLSForm, so that something is lost where it has no equivalent."""
    known, names = _KNOWN[sheet]
    return "::" in name or name in names or name in known or name in EXPRESSIVE.values()


def decoded(cell: str) -> Any:
    """What a cell of one of our own columns holds: JSON, or a text as it stands."""
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        return cell
