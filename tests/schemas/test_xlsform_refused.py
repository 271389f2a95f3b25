"""Workbooks that are no forms, or damaged: a sentence says where, and nothing crashes."""

from __future__ import annotations

import random
import zipfile
from io import BytesIO

import pytest

from schemas.bundled import bundled
from schemas.xlsform import sheets
from schemas.xlsform.read import import_form
from schemas.xlsform.write import export_form
from tests.schemas.workbooks import PLAIN, Rows, book, fields, imported, places, survey


@pytest.mark.parametrize(
    ("rows", "place", "said"),
    [
        ([["text", "a b", "A"]], ("survey", 2), "name"),
        ([["text", "a", "A"], ["hologram", "b", "B"]], ("survey", 3), "hologram"),
        ([["text", "a", "A"], ["begin_group", "g", "G"]], ("survey", 3), "begin_group"),
        ([["text", "a", "A"], ["end_group", None, None]], ("survey", 3), "end_group"),
        ([["text", "a", "A"], ["text", None, "B"]], ("survey", 3), "no name"),
        ([["text", "a", "A"], ["text", "a", "B"]], ("survey", 3), "a"),
        ([["begin_kobomatrix", "m", "M"]], ("survey", 2), "matrix"),
        ([["select_one nowhere", "a", "A"]], ("survey", 2), "nowhere"),
    ],
)
def test_what_no_program_accepts_is_refused_where_it_stands(rows: Rows, place: tuple[str, int], said: str) -> None:
    choices = [["list_name", "name", "label"], ["l", "a", "A"]]
    found = survey(PLAIN, *rows, choices=choices)
    assert found.definition is None
    (note,) = found.notes
    assert (note.severity, note.sheet, note.row) == ("refused", *place)
    assert said in note.text


def test_a_form_that_is_too_deep_is_refused_where_it_is() -> None:
    begin = [["begin_group", f"g{depth}", "G"] for depth in range(11)]
    found = survey(PLAIN, *begin, ["text", "a", "A"], *([["end_group", None, None]] * 11))
    assert found.definition is None
    assert ("refused", "survey", 11) in {(note.severity, note.sheet, note.row) for note in found.notes}


def test_a_question_that_nobody_can_be_asked_is_left_out() -> None:
    found = survey([*PLAIN, "relevant"], ["text", "a", "A", "false()"], ["text", "b", "B", None])
    assert set(fields(found)) == {"b"}
    assert places(found) == {("changed", "survey", 2, "relevant")}


def _repacked(data: bytes, name: str, part: bytes) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for each in old.namelist():
            new.writestr(each, part if each == name else old.read(each))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"type,name,label\ntext,a,A\n",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        book(survey=[]),
        book(survey=[PLAIN]),
        book(survey=[[None], ["text"]]),
        book(other=[["a"]], more=[["b"]]),
        book(survey=[["type", "type", "name"], ["text", "text", "a"]]),
        book(survey=[PLAIN, ["text", "a", "A"]], settings=[["form_id"]])[:-200],
        _repacked(book(survey=[PLAIN]), SHEET, b"<worksheet><sheetData><row><c><v>"),
        _repacked(book(survey=[PLAIN]), SHEET, bytes(60 * 2**20)),
        _repacked(book(survey=[PLAIN]), "xl/workbook.xml", b"<a/>"),
        book(survey=[PLAIN, *([["text", f"q{n}", "Q"] for n in range(sheets.MAX_ROWS + 1)])]),
        book(survey=[[f"column{n}" for n in range(sheets.MAX_COLUMNS + 9)]]),
        bytes(sheets.MAX_BYTES + 1),
    ],
    ids=range(16),
)
def test_what_is_no_form_is_refused_with_a_sentence(data: bytes) -> None:
    found = import_form(data)
    assert found.definition is None
    assert found.notes[-1].severity == "refused"
    assert found.notes[-1].text


def test_damaged_workbooks_never_crash() -> None:
    chance = random.Random(7)
    whole = export_form(bundled()["self-check"]).data
    for _ in range(60):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 20)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        import_form(bytes(damaged))
        import_form(chance.randbytes(chance.randrange(400)))


def test_strange_cells_never_crash() -> None:
    chance = random.Random(11)
    header = [
        *PLAIN,
        "relevant",
        "calculation",
        "default",
        "parameters",
        "repeat_count",
        "choice_filter",
        "rounds::min",
    ]
    words = [
        "a",
        "${a}",
        "yes",
        "'",
        "((",
        "..",
        "start=",
        "=1+1",
        "{}",
        "[1]",
        "null",
        "select_one l",
        "\u200b",
        "1e999",
    ]
    kinds = ["text", "integer", "select_one l", "calculate", "range", "rank l", "begin_group", "end_group", "note"]
    choices = [["list_name", "name", "label"], ["l", "a", "A"], ["l", 1, True], ["l", None, "x"]]
    for _ in range(150):
        rows = [
            [chance.choice(kinds), f"q{number}", "Q", *(chance.choice([None, *words]) for _ in header[3:])]
            for number in range(chance.randint(1, 4))
        ]
        imported(survey=[header, *rows], choices=choices)
