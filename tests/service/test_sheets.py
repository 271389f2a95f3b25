"""Tables are read as people save them, and written so that no cell is a formula."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from service import sheets
from service.sheets import SheetError, guard, read_rows, unguard, write_rows

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)


@given(TEXT)
def test_what_is_guarded_is_no_formula_and_comes_back(text: str) -> None:
    assert unguard(guard(text)) == text
    assert guard(text)[:1] not in tuple("=+-@\t\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+8613", "-5", "@x", "'=1", "''+", "＝1"])
def test_formulas_are_guarded(text: str) -> None:
    assert guard(text) == f"'{text}"
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_was_written_is_read(tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"a.{suffix}"
    rows = [["code", "name"], ["001", '河口"五金",厂\n二楼'], ["=HYPERLINK(1)", "'-x"], ["", "only"], ["last"]]
    write_rows(file, rows)
    assert [cells for _, cells in read_rows(file)] == rows
    assert list(tmp_path.iterdir()) == [file]


def test_no_cell_of_a_written_file_is_a_formula(tmp_path: Path) -> None:
    rows = [[f"{mark}cmd|' /C calc'!A0"] for mark in "=+-@"]
    write_rows(tmp_path / "a.xlsx", rows)
    cells = [cell for row in load_workbook(tmp_path / "a.xlsx").active.iter_rows() for cell in row]  # type: ignore[union-attr]
    assert [cell.data_type for cell in cells] == ["s"] * 4
    write_rows(tmp_path / "a.csv", rows)
    data = (tmp_path / "a.csv").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf'=cmd")
    assert all(line.lstrip(b"\xef\xbb\xbf").startswith(b"'") for line in data.splitlines())


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("utf-8", ","), ("utf-8-sig", ","), ("gb18030", ","), ("gbk", ";"), ("utf-16", "\t"), ("utf-8", "\t")],
)
def test_csv_is_read_as_spreadsheets_save_it(tmp_path: Path, encoding: str, delimiter: str) -> None:
    file = tmp_path / "a.CSV"
    text = delimiter.join(["code", "name"]) + "\r\n\r\n" + delimiter.join([" E1 ", "河口厂"]) + "\r\n"
    file.write_bytes(text.encode(encoding))
    assert read_rows(file) == [(1, ["code", "name"]), (3, ["E1", "河口厂"])]


def book(file: Path, *rows: list[Any], formats: dict[str, str] | None = None) -> Path:
    workbook = Workbook()
    sheet = workbook.worksheets[0]
    for row in rows:
        sheet.append(row)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    workbook.save(file)
    return file


def test_cells_of_a_workbook_become_text(tmp_path: Path) -> None:
    moment = datetime(2026, 3, 1, 8, 30)  # noqa: DTZ001 - spreadsheets know no zones
    row = [7, 7.0, 1.5, True, date(2026, 3, 1), moment, time(8, 30), None, "x", 42]
    file = book(tmp_path / "a.xlsx", ["a"], [], row, formats={"J3": "00000"})
    expected = ["7", "7", "1.5", "yes", "2026-03-01", "2026-03-01T08:30:00", "08:30:00", "", "x", "00042"]
    assert read_rows(file) == [(1, ["a"]), (3, expected)]


@pytest.mark.parametrize(("value", "said"), [(123456789012345678, "last digits"), ("#REF!", "the error #REF!")])
def test_a_cell_that_lost_its_value_is_named(tmp_path: Path, value: Any, said: str) -> None:
    with pytest.raises(SheetError, match=f"row 2, column B: .*{said}"):
        read_rows(book(tmp_path / "a.xlsx", ["a"], ["b", value]))


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.txt", "a"])
@pytest.mark.parametrize("data", [b"\x80\x81\xff\x00", b"PK\x03\x04", b'"a\nb', b"a\0b"])
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SheetError):
        read_rows(tmp_path / name)


@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    whole = book(folder / "whole.xlsx", ["a", "b"], [1, "x"])
    broken = folder / "broken.xlsx"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(broken, "w") as target:
        names = source.namelist()
        hit = data.draw(st.sampled_from(names))
        for name in names:
            content = source.read(name)
            if name == hit:
                at = data.draw(st.integers(0, len(content)))
                content = data.draw(st.sampled_from([content[:at], content[:at] + b"<x" + content[at:], b""]))
            target.writestr(name, content)
    try:
        read_rows(broken)
    except SheetError as error:
        assert str(error)


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n" * 20)
    for limit, value in (("MAX_ROWS", 10), ("MAX_COLUMNS", 1), ("MAX_BYTES", 10)):
        with monkeypatch.context() as patch:
            patch.setattr(sheets, limit, value)
            with pytest.raises(SheetError):
                read_rows(file)
    file.write_text("a\n" + "x" * 10_001)
    with pytest.raises(SheetError, match="row 2, column A"):
        read_rows(file)
    big = book(tmp_path / "a.xlsx", ["a"])
    monkeypatch.setattr(sheets, "MAX_UNPACKED", 10)
    with pytest.raises(SheetError, match="unpacks"):
        read_rows(big)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="cannot be written"):
        write_rows(tmp_path / "no" / "a.csv", [["a"]])
    with pytest.raises(SheetError, match="neither"):
        write_rows(tmp_path / "a.ods", [["a"]])
