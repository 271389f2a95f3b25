"""The bytes of a workbook as sheets of texts: `.xlsx` by openpyxl, the older `.xls` by xlrd, both with limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any
from zipfile import ZipFile

import xlrd  # type: ignore[import-untyped]
from openpyxl.reader.excel import ExcelReader
from pyxform import constants
from pyxform.errors import PyXFormError
from pyxform.xls2json_backends import (
    get_excel_column_headers,
    get_excel_rows,
    xls_value_to_unicode,
    xlsx_value_to_str,
)

from schemas.xlsform.notes import Refused

MAX_BYTES = 10 * 2**20
MAX_UNPACKED = 25 * 2**20
MAX_ROWS = 5_000
MAX_COLUMNS = 300
MAX_FILES_INSIDE = 1_000
OLDER = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""What an .xls file begins with."""


@dataclass(frozen=True)
class _Sheet:
    """One sheet as a file has it: `rows` gives the cells from row 1 on, at most so many in a row."""

    title: str
    rows: Callable[[int], Iterator[Sequence[Any]]]
    text: Callable[[Any], str]


def read_sheets(data: bytes) -> dict[str, Any]:
    """The sheets that XLSForm knows, as pyxform has them. Raises `Refused` for what is broken or too large."""
    if len(data) > MAX_BYTES:
        raise Refused(f"the file is larger than {MAX_BYTES // 2**20} MB")
    book, close = _older(data) if data.startswith(OLDER) else _newer(data)
    try:
        return _process(book)
    except Refused:
        raise
    except PyXFormError as error:
        raise Refused(str(error)) from None
    except Exception as error:
        raise Refused("a sheet of the workbook is broken; save it as .xlsx again") from error
    finally:
        close()


def _newer(data: bytes) -> tuple[list[_Sheet], Callable[[], None]]:
    try:
        with ZipFile(BytesIO(data)) as archive:
            sizes = [info.file_size for info in archive.infolist()]
        if sum(sizes) > MAX_UNPACKED or len(sizes) > MAX_FILES_INSIDE:
            raise Refused(f"unpacked, the file is larger than {MAX_UNPACKED // 2**20} MB")
        reader = ExcelReader(BytesIO(data), read_only=True, data_only=True)
        reader.read()
    except Refused:
        raise
    except Exception as error:  # openpyxl lets whatever is wrong with the bytes through as it comes
        raise Refused("this is no .xlsx or .xls workbook, or a broken one; save it as .xlsx again") from error

    def sheet(title: str) -> _Sheet:
        found = reader.wb[title]
        return _Sheet(
            title, lambda width: found.iter_rows(max_col=width), lambda cell: str(xlsx_value_to_str(cell.value))
        )

    return [sheet(title) for title in reader.wb.sheetnames], reader.archive.close


def _older(data: bytes) -> tuple[list[_Sheet], Callable[[], None]]:
    try:
        book = xlrd.open_workbook(file_contents=data, ragged_rows=True, logfile=BytesIO())
    except Exception as error:  # as openpyxl
        raise Refused("this .xls workbook is broken or protected; save it as .xlsx") from error

    def sheet(found: Any) -> _Sheet:
        def text(cell: Any) -> str:
            return str(xls_value_to_unicode(cell.value, cell.ctype, book.datemode))

        return _Sheet(found.name, lambda width: (row[:width] for row in found.get_rows()), text)

    return [sheet(each) for each in book.sheets()], book.release_resources


def _process(book: Sequence[_Sheet]) -> dict[str, Any]:
    """What pyxform makes of a workbook, with a limit."""
    raw: dict[str, Any] = {"sheet_names": [sheet.title for sheet in book]}
    for sheet in book:
        name = sheet.title.lower()
        if name not in constants.SUPPORTED_SHEET_NAMES:
            if len(book) > 1:
                continue
            name = constants.SURVEY
        raw |= _read(name, sheet)
    return raw


def _read(name: str, sheet: _Sheet) -> dict[str, Any]:
    first = next(sheet.rows(MAX_COLUMNS + 21), ())
    headers = get_excel_column_headers(_text(sheet, cell) or None for cell in first)
    if len(headers) > MAX_COLUMNS:
        raise Refused(f"the sheet has more than {MAX_COLUMNS} columns", name)
    below: Iterable[Sequence[Any]] = islice(sheet.rows(len(headers)), 1, MAX_ROWS + 2) if headers else ()
    found = get_excel_rows(headers, below, lambda cell, _row, _key: _text(sheet, cell))
    if len(found) > MAX_ROWS:
        raise Refused(f"the sheet has more than {MAX_ROWS} rows; long lists belong among the entities", name)
    return {
        name: found,
        f"{name}_header": [{header: None for header in headers if header is not None}] if headers else [],
    }


def _text(sheet: _Sheet, cell: Any) -> str:
    return "" if cell.value is None or cell.value == "" else sheet.text(cell).strip()
