"""XLSForm workbooks for tests, and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook

from schemas.form import compile_form
from schemas.xlsform.read import Imported, import_form

Rows = Sequence[Sequence[Any]]
PLAIN = ["type", "name", "label"]


def book(**sheets: Rows) -> bytes:
    """A workbook with these sheets."""
    made = Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def imported(**sheets: Rows) -> Imported:
    """What becomes of these sheets; whatever is imported can be published."""
    found = import_form(book(**sheets))
    if found.definition is not None:
        compile_form(found.definition)
    return found


def fields(found: Imported) -> dict[str, dict[str, Any]]:
    """Every field by its name."""
    assert found.definition is not None, told(found)

    def walk(entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        by_name: dict[str, dict[str, Any]] = {}
        for entry in entries:
            by_name |= {entry["name"]: entry} | walk(entry.get("fields", []))
        return by_name

    return walk(found.definition["fields"])


def told(found: Imported) -> list[str]:
    return [str(note) for note in found.notes]


def places(found: Imported) -> set[tuple[str, str, int, str]]:
    return {(note.severity, note.sheet, note.row, note.column) for note in found.notes}


def survey(header: Sequence[str], *rows: Sequence[Any], **sheets: Rows) -> Imported:
    return imported(survey=[header, *rows], **sheets)
