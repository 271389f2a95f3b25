"""Records to the bytes of a workbook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font

Record = dict[str, str]
"""The filled cells of a row, by header."""

FIRST = ["type", "list_name", "name"]
LAST = "rounds::"


def workbook(sheets: Mapping[str, Sequence[Record]]) -> bytes:
    """A workbook with these sheets, each with its headers in row 1; every cell is text."""
    book = Workbook()
    book.remove(book.active)
    for title, records in sheets.items():
        sheet = book.create_sheet(title)
        headers = _headers(records)
        for column, header in enumerate(headers, start=1):
            _put(sheet, 1, column, header).font = Font(bold=True)
            for row, record in enumerate(records, start=2):
                if text := record.get(header):
                    _put(sheet, row, column, text)
        sheet.freeze_panes = "A2"
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _headers(records: Sequence[Record]) -> list[str]:
    """The headers in the order in which they first occur; our own ones stand last."""
    found = dict.fromkeys(header for record in records for header, text in record.items() if text)
    return sorted(found, key=lambda header: (header not in FIRST, header.startswith(LAST)))


def _put(sheet: Any, row: int, column: int, text: str) -> Any:
    cell = sheet.cell(row, column, ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"  # else a text that begins with = would be a formula
    return cell
