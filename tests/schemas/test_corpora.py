"""Workbooks that others wrote: all import or are refused with a sentence, and go out and in again unchanged.

`make tools` fetches the packages of tests/corpora.txt, whose source archives hold them.
"""

from __future__ import annotations

import copy
import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from schemas.form import compile_form
from schemas.xlsform.notes import DROPPED, REFUSED, Refused
from schemas.xlsform.read import Imported, import_form
from schemas.xlsform.sheets import read_sheets
from schemas.xlsform.workbook import read_workbook
from schemas.xlsform.write import export_form

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv/corpora"
DOCS = ROOT / "docs/forms.md"
ENDINGS = (".xls", ".xlsx", ".xlsm")
LEAST = 60
"""Workbooks that differ from each other, in all packages together."""
SHARE = 0.9
"""Of those that pyxform accepts, how many import without loss. None is left out: three of the others (`bad_calc.xlsx`,
`xl_date_ambiguous.xlsx`, `warnings.xls`) hold what ODK Validate refuses as well, and count against it all the same."""

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="`make tools` fetches the workbooks that others wrote")


@cache
def workbooks() -> Mapping[str, bytes]:
    """Every workbook once, by package and path."""
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    for archive in sorted(FOLDER.glob("*.tar.gz")):
        for name, data in _in(archive):
            digest = hashlib.sha256(data).hexdigest()
            if digest not in seen:
                seen.add(digest)
                found[name] = data
    return found


def _in(archive: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            if member.name.lower().endswith(ENDINGS) and (file := opened.extractfile(member)):
                yield member.name, file.read()


@cache
def imported() -> Mapping[str, Imported]:
    return {name: import_form(data) for name, data in workbooks().items()}


def lost(found: Imported) -> list[str]:
    """What of a workbook is not in its form; see “Without loss” in docs/forms.md."""
    return [str(note) for note in found.notes if note.severity == DROPPED]


def test_there_are_workbooks_of_several_projects() -> None:
    assert len(workbooks()) >= LEAST
    assert len({name.split("/")[0] for name in workbooks()}) == 3


def test_every_workbook_makes_a_form_or_says_in_a_sentence_why_not() -> None:
    for name, found in imported().items():
        refusals = [note for note in found.notes if note.severity == REFUSED]
        assert (found.definition is None) == bool(refusals), name
        assert all(re.fullmatch(r"\S+( \S+)+.*", note.text, re.DOTALL) for note in refusals), (name, refusals)
        if found.definition is not None:
            compile_form(found.definition)


def test_only_what_pyxform_refuses_is_refused() -> None:
    """Every XLSForm makes a form, whatever of it is lost."""
    for name, found in imported().items():
        accepted = True
        try:
            read_workbook(workbooks()[name])
        except Refused:
            accepted = False
        assert (found.definition is not None) == accepted, name


def test_export_and_import_change_nothing() -> None:
    for name, found in imported().items():
        if found.definition is not None:
            again = import_form(export_form(found.definition).data)
            assert again.definition == found.definition, name


def test_what_is_lost_is_named_with_its_place_and_is_no_more_than_it_was() -> None:
    valid = {name: found for name, found in imported().items() if found.definition is not None}
    losses = {name: lost(found) for name, found in valid.items() if lost(found)}
    for name, notes in losses.items():
        print(name, *notes, sep="\n  ")
    whole = len(valid) - len(losses)
    print(f"{whole} of {len(valid)} without loss")
    assert whole / len(valid) >= SHARE
    places = [note for found in valid.values() for note in found.notes if note.severity == DROPPED]
    assert [note for note in places if not note.sheet or note.row < 2 or not note.text] == []
    assert f"{whole} of {len(valid)} such workbooks" in DOCS.read_text("utf-8")


@cache
def small() -> list[dict[str, list[list[str]]]]:
    """The cells of workbooks that are imported soon, headers first."""
    found = []
    for name, each in imported().items():
        raw = read_sheets(workbooks()[name]) if each.definition is not None else {}
        sheets = {key.removesuffix("_header"): list(raw[key][0]) for key in raw if key.endswith("_header") and raw[key]}
        cells = {
            key: [heads, *([row.get(head, "") for head in heads] for row in raw[key])] for key, heads in sheets.items()
        }
        if 0 < sum(len(row) for rows in cells.values() for row in rows) < 300:
            found.append(cells)
    return found


ODD = ["", "${", "${a} =", "'", "begin_repeat", "end_group", "select_one", "calculate", "../..", "name", "label::"]
ODD += ["media::image::", "rounds::choices", '{"expression": 1}', "[" * 300, "9" * 400, "\u202e", "=1+1", "or_other"]


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_a_workbook_with_any_cells_changed_is_imported_or_refused(data: st.DataObject) -> None:
    cells = copy.deepcopy(data.draw(st.sampled_from(small())))
    for _ in range(data.draw(st.integers(1, 6))):
        rows = cells[data.draw(st.sampled_from(sorted(cells)))]
        row = data.draw(st.sampled_from(rows))
        others = [text for each in rows for text in each if text]
        if row:
            row[data.draw(st.integers(0, len(row) - 1))] = data.draw(st.sampled_from([*ODD, *others]))
    found = import_form(workbook(cells))
    assert (found.definition is None) == any(note.severity == REFUSED for note in found.notes)
    if found.definition is not None:
        compile_form(found.definition)
        assert import_form(export_form(found.definition).data).definition == found.definition


@given(data=st.data())
@settings(max_examples=50, deadline=None)
def test_a_file_with_any_bytes_changed_is_imported_or_refused(data: st.DataObject) -> None:
    some = [each for each in workbooks().values() if len(each) < 40_000]
    whole = bytearray(data.draw(st.sampled_from(some)))
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    found = import_form(bytes(whole[: data.draw(st.integers(len(whole) // 2, len(whole)))]))
    assert (found.definition is None) == any(note.severity == REFUSED for note in found.notes)


def workbook(cells: Mapping[str, list[list[str]]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for title, rows in cells.items():
        sheet = book.create_sheet(title)
        for number, row in enumerate(rows, start=1):
            for column, text in enumerate(row, start=1):
                cell = sheet.cell(number, column, ILLEGAL_CHARACTERS_RE.sub("", text))
                cell.data_type = "s"
    out = BytesIO()
    book.save(out)
    return out.getvalue()
