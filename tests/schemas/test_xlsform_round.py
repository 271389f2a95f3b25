"""Forms that go out as workbooks and come back the same."""

from __future__ import annotations

from io import BytesIO

import pytest
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from schemas.bundled import bundled
from schemas.form import compile_form
from schemas.xlsform.read import import_form
from schemas.xlsform.write import authored, export_form
from tests.schemas.workbooks import fields


@pytest.mark.parametrize("name", sorted(bundled()))
def test_a_form_that_goes_out_comes_back_the_same(name: str) -> None:
    exported = export_form(bundled()[name])
    assert convert(exported.data, file_type=".xlsx").xform
    back = import_form(exported.data)
    assert back.definition == bundled()[name]
    assert back.notes == ()


def test_a_published_form_goes_out_as_its_author_wrote_it() -> None:
    """Save that what else may be chosen has all its texts by then."""
    written = {name: value for name, value in bundled()["self-check"].items() if name != "$schema"}
    assert authored(compile_form(written)) == written
    published = compile_form(bundled()["enterprise-visit"])
    found = import_form(export_form(published).data).definition
    assert found == authored(published)
    assert compile_form(found) == published


def test_what_xlsform_lacks_goes_out_in_columns_of_our_own() -> None:
    exported = export_form(bundled()["enterprise-visit"])
    columns = {note.column for note in exported.notes}
    assert {"rounds::merge", "rounds::identity", "rounds::max_files", "rounds::row_label"} <= columns
    sheet = load_workbook(BytesIO(exported.data))["survey"]
    header = [cell.value for cell in sheet[1]]
    rows = {row[header.index("name")].value: row for row in sheet.iter_rows(min_row=2)}
    assert rows["place"][header.index("rounds::merge")].value == "latest"
    assert rows["capacity_use"][header.index("constraint")].value == ". >= 0 and . <= 100"
    assert rows["findings"][header.index("constraint")].value == (
        "(string-length(.) >= 10) and string-length(.) <= 2000"
    )


def test_a_change_in_the_workbook_is_a_change_in_the_form() -> None:
    made = load_workbook(BytesIO(export_form(bundled()["enterprise-visit"]).data))
    sheet = made["survey"]
    header = [cell.value for cell in sheet[1]]
    for row in sheet.iter_rows(min_row=2):
        if row[header.index("name")].value == "findings":
            row[header.index("constraint")].value = "(string-length(.) >= 20) and string-length(.) <= 2000"
            row[header.index("label::English (en)")].value = "= What it showed"
            row[header.index("label::English (en)")].data_type = "s"
    out = BytesIO()
    made.save(out)
    found = fields(import_form(out.getvalue()))["findings"]
    assert found["constraint"] == "string-length(.) >= 20"
    assert found["label"]["en"] == "= What it showed"


def test_texts_that_a_cell_cannot_hold_as_they_are_come_back_all_the_same() -> None:
    definition = {
        "form": "odd",
        "version": 1,
        "languages": ["en"],
        "title": {"en": "=1+1"},
        "lists": {
            "l": [
                {"name": "a", "label": {"en": " A "}, "size": 5, "value": "x", "open": True},
                {"name": "b", "label": {"en": "#N/A"}, "note": "plain"},
            ]
        },
        "fields": [
            {"name": "one", "type": "text", "label": {"en": "a\u0007b\r\nc "}, "default": "a - b"},
            {"name": "two", "type": "boolean", "label": {"en": "123"}, "default": False, "required": False},
            {
                "name": "three",
                "type": "select_one",
                "choices": [{"name": "true", "label": {"en": "T"}}],
                "label": {"en": "T"},
                "default": "true",
            },
            {"name": "four", "type": "select_many", "choices": {"list": "l"}, "label": {"en": "F"}, "default": ["a"]},
            {"name": "five", "type": "score", "calculate": "1 + 1", "value": "decimal", "label": {"en": "S"}},
            {"name": "six", "type": "decimal", "min": "0.5", "max": 7, "label": {"en": "S"}, "merge": "max"},
            {"name": "seven", "type": "photo", "label": {"en": "S"}},
            {
                "name": "eight",
                "type": "calculate",
                "calculate": "pulldata('l', 'note', 'name', if(${three} = 'true', 'b', ')'))",
                "value": "text",
                "label": {"en": "E"},
            },
        ],
    }
    compile_form(definition)
    exported = export_form(definition)
    back = import_form(exported.data).definition
    assert back is not None
    assert back["fields"] == definition["fields"]
    assert back["title"] == definition["title"]
    assert back == definition
