"""Tables as people keep them: CSV and XLSX files, read and written as rows of text."""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException

Row = tuple[int, list[str]]
"""The number of a row, as spreadsheets count, and its cells."""

MAX_BYTES = 50_000_000
MAX_UNPACKED = 500_000_000
MAX_ROWS = 200_000
MAX_COLUMNS = 100
MAX_CELL = 10_000
SUFFIXES = (".csv", ".xlsx")

_EXACT = 10**15
_ERRORS = {"#N/A", "#NAME?", "#REF!", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"}
_ZEROS = re.compile("0{2,40}")
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_GUARDED = re.compile("''*[=+\\-@\t\r\n＝＋－＠]")


class SheetError(Exception):
    """A file that is no table, or one that is over a limit; the sentence says which row."""


def guard(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """The text that was guarded."""
    return text[1:] if _GUARDED.match(text) else text


def read_rows(file: Path) -> list[Row]:
    """The rows of a CSV or XLSX file (its first sheet) that hold something, cells trimmed. Raises `SheetError`."""
    suffix = _suffix(file)
    try:
        if file.stat().st_size > MAX_BYTES:
            raise SheetError(f"is larger than {MAX_BYTES // 1_000_000} MB")
        rows = _read_csv(file.read_bytes()) if suffix == ".csv" else _read_xlsx(file)
        return list(_within_limits(rows))
    except OSError as error:
        raise SheetError(f"cannot be read: {error.strerror or error}") from None


def write_rows(file: Path, rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV (UTF-8 with its mark, as spreadsheets expect it) or XLSX file; no cell of it can be a formula."""
    suffix = _suffix(file)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        if suffix == ".csv":
            with part.open("w", encoding="utf-8-sig", newline="", errors="replace") as out:
                csv.writer(out).writerows([guard(cell) for cell in row] for row in rows)
        else:
            book = Workbook(write_only=True)
            sheet = book.create_sheet("Sheet1")
            for row in rows:
                sheet.append([ILLEGAL_CHARACTERS_RE.sub("", guard(cell)) or None for cell in row])
            book.save(part)
        part.replace(file)
    except OSError as error:
        raise SheetError(f"cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def _suffix(file: Path) -> str:
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise SheetError("is neither .csv nor .xlsx")
    return suffix


def _within_limits(rows: Iterable[Row]) -> Iterator[Row]:
    for count, (number, cells) in enumerate(rows):
        if count > MAX_ROWS:
            raise SheetError(f"has more than {MAX_ROWS:,} rows")
        if len(cells) > MAX_COLUMNS:
            raise SheetError(f"row {number}: there are more than {MAX_COLUMNS} columns")
        for index, cell in enumerate(cells):
            if len(cell) > MAX_CELL:
                raise SheetError(f"row {number}, column {get_column_letter(index + 1)}: the text is too long")
        yield number, cells


def _trimmed(cells: Iterable[str]) -> list[str]:
    """Cells without blanks around them, and none that are empty at the end."""
    found = [unguard(cell.strip()) for cell in cells]
    while found and not found[-1]:
        found.pop()
    return found


def _read_csv(data: bytes) -> Iterator[Row]:
    text = _decoded(data)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):
            if cells := _trimmed(row):
                yield number, cells
    except csv.Error as error:
        raise SheetError(f"row {number + 1}: {error}") from None


def _decoded(data: bytes) -> str:
    """Text in the encodings that spreadsheets save: UTF-8, UTF-16 with its mark, GB18030 (which holds GBK)."""
    if data.startswith(b"PK\x03\x04"):
        raise SheetError("is a workbook; call it .xlsx")
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ["utf-16"] if marked else ["utf-8-sig", "gb18030"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise SheetError("is no text in UTF-8 or GB18030")


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(",;\t", key=head.count)


def _read_xlsx(file: Path) -> Iterator[Row]:
    try:
        _check_package(file)
        book = load_workbook(file, read_only=True, data_only=True)
        try:
            if not book.worksheets:
                raise SheetError("has no sheet")
            sheet = book.worksheets[0]
            sheet.reset_dimensions()
            for number, row in enumerate(sheet.iter_rows(), 1):
                cells = [_cell(cell, number, index) for index, cell in enumerate(row, 1)]
                if trimmed := _trimmed(cells):
                    yield number, trimmed
        finally:
            book.close()
    except SheetError:
        raise
    except (zipfile.BadZipFile, InvalidFileException, ParseError, EOFError, NotImplementedError) as error:
        raise SheetError(f"is no XLSX workbook: {error}") from None
    except (
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
    ) as error:  # A damaged workbook.
        raise SheetError(f"is a damaged XLSX workbook: {type(error).__name__} {error}") from None


def _check_package(file: Path) -> None:
    with zipfile.ZipFile(file) as package:
        if sum(entry.file_size for entry in package.infolist()) > MAX_UNPACKED:
            raise SheetError(f"unpacks to more than {MAX_UNPACKED // 1_000_000} MB")


def _cell(cell: Any, row: int, column: int) -> str:
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        if value in _ERRORS:
            raise SheetError(f"row {row}, column {get_column_letter(column)}: the cell shows the error {value}")
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        if abs(value) >= _EXACT:
            where = f"row {row}, column {get_column_letter(column)}"
            raise SheetError(f"{where}: the last digits of this number may be lost; make the cell a text")
        text = str(int(value)) if value == int(value) else repr(value)
        return text.zfill(len(cell.number_format)) if _ZEROS.fullmatch(cell.number_format) else text
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date | time) else str(value)
