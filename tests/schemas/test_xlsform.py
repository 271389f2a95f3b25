"""XLSForm workbooks as people write them: what they become, what is told of them; forms that go out and come back."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Sequence
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from pyxform.xls2xform import convert

from schemas.bundled import bundled
from schemas.form import compile_form, parse
from schemas.xlsform import sheets
from schemas.xlsform.languages import tag
from schemas.xlsform.read import Imported, import_form
from schemas.xlsform.write import authored, export_form

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


def test_a_small_form_imports_without_a_note() -> None:
    found = survey(
        [*PLAIN, "hint", "required", "constraint", "constraint_message"],
        ["text", "name", "Name", "As on the card", "yes", None, None],
        ["integer", "age", "Age", None, "true()", ". >= 0 and . <= 120", "That cannot be"],
        settings=[["form_title", "form_id", "version"], ["People", "people", "3"]],
    )
    assert found.notes == ()
    assert found.definition == {
        "form": "people",
        "version": 3,
        "languages": ["en"],
        "title": {"en": "People"},
        "fields": [
            {
                "name": "name",
                "type": "text",
                "required": True,
                "label": {"en": "Name"},
                "hint": {"en": "As on the card"},
            },
            {
                "name": "age",
                "type": "integer",
                "required": True,
                "constraint": ". >= 0 and . <= 120",
                "label": {"en": "Age"},
                "message": {"en": "That cannot be"},
            },
        ],
    }


@pytest.mark.parametrize(
    ("written", "ours"),
    [
        ("text", "text"),
        ("string", "text"),
        ("integer", "integer"),
        ("int", "integer"),
        ("decimal", "decimal"),
        ("date", "date"),
        ("time", "time"),
        ("dateTime", "datetime"),
        ("datetime", "datetime"),
        ("note", "note"),
        ("image", "photo"),
        ("photo", "photo"),
        ("audio", "audio"),
        ("video", "video"),
        ("file", "file"),
        ("barcode", "barcode"),
        ("geopoint", "geopoint"),
        ("geotrace", "geotrace"),
        ("geoshape", "geoshape"),
        ("acknowledge", "boolean"),
        ("select_one yn", "select_one"),
        ("select one from yn", "select_one"),
        ("select_multiple yn", "select_many"),
        ("select all that apply from yn", "select_many"),
        ("rank yn", "rank"),
        ("range", "integer"),
        ("hidden", "text"),
        ("percentage", "integer"),
    ],
)
def test_every_type_has_its_equivalent(written: str, ours: str) -> None:
    choices = [["list_name", "name", "label"], ["yn", "yes", "Yes"], ["yn", "no", "No"]]
    found = survey(PLAIN, [written, "q", "Question"], choices=choices)
    assert fields(found)["q"]["type"] == ours
    assert not [note for note in found.notes if note.severity != "changed"], told(found)


def test_metadata_becomes_what_a_record_has_of_it() -> None:
    found = survey(
        PLAIN,
        ["start", "start", None],
        ["end", "end", None],
        ["today", "today", None],
        ["deviceid", "deviceid", None],
        ["username", "username", None],
        ["phonenumber", "phone", None],
        ["text", "a", "A"],
    )
    known = fields(found)
    assert known["start"]["default"] == {"expression": "now()"}
    assert known["today"]["default"] == {"expression": "today()"}
    assert set(known) == {"start", "today", "a"}
    assert places(found) == {("passed over", "survey", row, "type") for row in (3, 5, 6, 7)}


def test_nested_repeats_and_sums_over_them() -> None:
    found = survey(
        [*PLAIN, "calculation", "repeat_count"],
        ["begin repeat", "houses", "Houses", None, None],
        ["begin_group", "inside", None, None, None],
        ["begin_repeat", "people", "People", None, "2"],
        ["decimal", "weight", "Weight", None, None],
        ["calculate", "double", None, "../weight * 2", None],
        ["calculate", "place", None, "position(../..)", None],
        ["end_repeat", None, None, None, None],
        ["end group", None, None, None, None],
        ["calculate", "in_house", None, "sum(${double})", None],
        ["end repeat", None, None, None, None],
        ["calculate", "number", None, "count(${people})", None],
        ["calculate", "said", None, "if(${number} > 1, 'many', 'few')", None],
    )
    known = fields(found)
    assert [each["name"] for each in known["houses"]["fields"]] == ["inside", "in_house"]
    assert (known["people"]["min_rows"], known["people"]["max_rows"]) == (2, 2)
    assert known["double"]["calculate"] == "${weight} * 2"
    assert known["place"]["calculate"] == "position(..)"
    values = {name: entry["value"] for name, entry in known.items() if "value" in entry}
    assert values == {
        "double": "decimal",
        "place": "integer",
        "in_house": "decimal",
        "number": "integer",
        "said": "text",
    }


def test_a_count_that_is_worked_out_is_kept() -> None:
    found = survey(
        [*PLAIN, "repeat_count"],
        ["integer", "n", "How many?", None],
        ["begin_repeat", "people", "People", "${n}"],
        ["text", "who", "Who", None],
        ["end_repeat", None, None, None],
    )
    assert "min_rows" not in fields(found)["people"]
    assert fields(found)["people"]["row_count"] == "${n}"
    assert places(found) == set()


def test_a_loop_becomes_a_repeat() -> None:
    found = survey(
        PLAIN,
        ["begin loop over l", "each", "Each"],
        ["integer", "n", "How many %(label)s?"],
        ["end loop", None, None],
        choices=[["list_name", "name", "label"], ["l", "a", "A"]],
    )
    assert fields(found)["each"]["type"] == "repeat"
    assert places(found) == {("changed", "survey", 2, "type")}


def test_a_cascade_keeps_its_filters_and_the_properties_of_choices() -> None:
    found = survey(
        [*PLAIN, "choice_filter"],
        ["select_one province", "province", "Province", None],
        ["select_one city", "city", "City", "province = ${province}"],
        ["select_one county", "county", "County", "province=current()/../province and city=${city}"],
        choices=[
            ["list_name", "name", "label", "province", "city"],
            ["province", "sx", "Shanxi", None, None],
            ["province", "hb", "Hebei", None, None],
            ["city", "ty", "Taiyuan", "sx", None],
            ["county", "xd", "Xiaodian", "sx", "ty"],
        ],
    )
    assert found.notes == ()
    assert found.definition is not None
    assert found.definition["lists"]["county"] == [
        {"name": "xd", "label": {"en": "Xiaodian"}, "province": "sx", "city": "ty"}
    ]
    assert fields(found)["county"]["choice_filter"] == "province=${province} and city=${city}"


def test_or_other_is_a_property_of_the_select() -> None:
    found = survey(
        PLAIN,
        ["select_multiple fruit or_other", "fruit", "Fruit"],
        choices=[["list_name", "name", "label"], ["fruit", "pear", "Pear"]],
    )
    assert found.notes == ()
    assert found.definition is not None
    assert [each["name"] for each in found.definition["lists"]["fruit"]] == ["pear"]
    assert fields(found)["fruit"]["other"] is True
    assert "fruit_other" not in fields(found)
    form = parse(found.definition)
    assert [choice.name for choice in form.by_path["/fruit"].choices] == ["pear", "other"]
    assert form.by_path["/fruit_other"].required is True


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"choice_filter": "name != 'x'"},
        {"other": {"label": {"en": "None of these"}, "specify": {"en": "Which one?"}}},
        {"choices": [{"name": "pear", "label": {"en": "Pear"}}, {"name": "other", "label": {"en": "Another"}}]},
    ],
)
def test_a_select_that_takes_something_else_goes_out_and_comes_back(more: dict[str, Any]) -> None:
    select = {"name": "fruit", "type": "select_one", "label": {"en": "Fruit"}, "other": True}
    select |= {"choices": [{"name": "pear", "label": {"en": "Pear"}}], **more}
    form = {"form": "f", "version": 1, "languages": ["en"], "title": {"en": "F"}, "fields": [select]}
    assert import_form(export_form(form).data).definition == form
    told = export_form(form).notes
    assert any(note.column == "rounds::other" for note in told) == bool({"choice_filter", "other"} & set(more))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Chinese (zh-Hans)", "zh-Hans"),
        ("中文(简体)", "zh-Hans"),
        ("简体中文 (zh-Hans)", "zh-Hans"),
        ("中文", "zh-Hans"),
        ("zh", "zh-Hans"),
        ("zh_CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("繁體中文", "zh-Hant"),
        ("Chinese Traditional", "zh-Hant"),
        ("English (en)", "en"),
        ("english", "en"),
        ("en_GB", "en"),
        ("Français (fr)", "fr"),
        ("French", "fr"),
        ("Português (pt-BR)", "pt-BR"),
    ],
)
def test_languages_are_known_however_they_are_written(written: str, expected: str) -> None:
    assert tag(written) == expected


def test_translations_and_what_stands_in_for_those_that_are_missing() -> None:
    found = imported(
        survey=[
            ["type", "name", "label::English (en)", "label::中文(简体)", "hint::English (en)", "hint::中文(简体)"],
            ["select_one yn", "ok", "All right?", "好吗？", "Ask", None],
        ],
        choices=[
            ["list_name", "name", "label::English (en)", "label::中文(简体)"],
            ["yn", "y", "Yes", "是"],
            ["yn", "n", "No", None],
        ],
        settings=[["form_title", "form_id", "default_language"], ["Check", "check", "中文(简体)"]],
    )
    assert found.definition is not None
    assert found.definition["languages"] == ["zh-Hans", "en"]
    assert fields(found)["ok"]["label"] == {"zh-Hans": "好吗？", "en": "All right?"}
    assert fields(found)["ok"]["hint"] == {"zh-Hans": "Ask", "en": "Ask"}
    assert found.definition["lists"]["yn"][1]["label"] == {"zh-Hans": "No", "en": "No"}
    assert places(found) == {
        ("changed", "survey", 2, "hint"),
        ("changed", "choices", 3, "label"),
        ("changed", "settings", 2, "form_title"),
    }


def test_bare_texts_are_in_the_language_that_they_stand_in_for() -> None:
    header = ["type", "name", "label::Français (fr)"]
    lists = [["list_name", "name", "label"], ["l", "o", "Oui"]]
    only = imported(survey=[header, ["select_one l", "q", "Ça va ?"]], choices=lists)
    assert only.definition is not None
    assert only.definition["languages"] == ["fr"]
    beside = imported(survey=[[*header, "label"], ["select_one l", "q", "Ça va ?", "All right?"]], choices=lists)
    assert beside.definition is not None
    assert beside.definition["languages"] == ["fr", "en"]
    assert fields(beside)["q"]["label"] == {"fr": "Ça va ?", "en": "All right?"}


def test_our_own_columns_hold_what_they_can_hold_or_are_told() -> None:
    found = survey(
        [*PLAIN, "rounds::merge", "rounds::max_length", "rounds::fields", "rounds::colour", "rounds::required"],
        ["text", "a", "A", "latest", "20", "[]", "red", "true"],
        ["text", "b", "B", "sideways", "many", None, None, "null"],
    )
    assert fields(found)["a"] == {
        "name": "a",
        "type": "text",
        "required": True,
        "label": {"en": "A"},
        "merge": "latest",
        "max_length": 20,
    }
    assert {(row, column) for _, _, row, column in places(found)} == {
        (2, "rounds::fields"),
        (2, "rounds::colour"),
        (3, "rounds::merge"),
        (3, "rounds::max_length"),
    }


def test_old_spellings_of_headers_and_types_are_read() -> None:
    found = imported(
        survey=[
            ["Type", "Name", "caption", "relevance", "read_only"],
            ["add text prompt", "a", "甲", None, None],
            ["q int", "b", "乙", "${a} != ''", "yes"],
        ]
    )
    assert found.notes == ()
    assert found.definition is not None
    assert found.definition["languages"] == ["zh-Hans"]
    assert fields(found)["b"] == {
        "name": "b",
        "type": "integer",
        "readonly": True,
        "relevant": "${a} != ''",
        "label": {"zh-Hans": "乙"},
    }


def test_names_that_forms_do_not_allow_are_changed_everywhere() -> None:
    found = survey(
        [*PLAIN, "relevant", "calculation"],
        ["text", "FullName", "Name", None, None],
        ["integer", "Q-1", "Age", "${FullName} != ''", None],
        ["integer", "年龄", "Age again", "/data/FullName = 'x'", None],
        ["begin_group", "g", "G", None, None],
        ["text", "FullName2", "Name", None, None],
        ["end_group", None, None, None, None],
        ["calculate", "c", None, None, "concat(${FullName}, '${FullName}', ${Q-1})"],
    )
    known = fields(found)
    assert list(known) == ["full_name", "q_1", "field_4", "g", "full_name2", "c"]
    assert known["q_1"]["relevant"] == "${full_name} != ''"
    assert known["field_4"]["relevant"] == "${full_name} = 'x'"
    assert known["c"]["calculate"] == "concat(${full_name}, '${FullName}', ${q_1})"
    assert places(found) == {("changed", "survey", row, "name") for row in (2, 3, 4, 6)}


def test_the_same_name_in_two_groups_gets_a_number() -> None:
    found = survey(
        PLAIN,
        ["begin_group", "one", "One"],
        ["text", "who", "Who"],
        ["end_group", None, None],
        ["begin_group", "two", "Two"],
        ["text", "who", "Who"],
        ["end_group", None, None],
    )
    assert [each["name"] for each in fields(found)["two"]["fields"]] == ["who_2"]
    assert places(found) == {("changed", "survey", 6, "name")}


def test_unknown_functions_are_named_with_their_row() -> None:
    found = survey(
        [*PLAIN, "calculation", "relevant", "constraint", "constraint_message"],
        ["decimal", "x", "X", None, None, "randomize(.) > 0 and digest(., 'MD5') != ''", "No"],
        ["calculate", "y", None, "base64-decode(${x})", None, None, None],
        ["text", "z", "Z", None, "jr:itext('a') = ${y}", None, None],
    )
    known = fields(found)
    assert "constraint" not in known["x"]
    assert "message" not in known["x"]
    assert known["y"]["calculate"] == "''"
    assert "relevant" not in known["z"]
    lines = told(found)
    assert lines[0].startswith(
        "survey, row 2, column constraint: dropped: Rounds has no function randomize(), digest(): randomize(.)"
    )
    assert lines[1].startswith("survey, row 3, column calculation: dropped: Rounds has no function base64-decode()")
    assert lines[2].startswith("survey, row 4, column relevant: dropped: Rounds has no function jr:itext()")


@pytest.mark.parametrize(
    ("calculation", "said"),
    [
        ("${x} +", "syntax"),
        ("regex(${x}, '(?=a)')", "regular expression"),
        ("count(instance('l')/root/item)", "syntax"),
    ],
)
def test_what_is_no_expression_here_is_told(calculation: str, said: str) -> None:
    found = survey([*PLAIN, "calculation"], ["text", "x", "X", None], ["calculate", "y", None, calculation])
    (line,) = told(found)
    assert line.startswith("survey, row 3")
    assert said in line


def test_conditions_defaults_and_what_runs_once() -> None:
    found = survey(
        [*PLAIN, "default", "required", "readonly", "calculation"],
        ["date", "day", "Day", "today()", "no", None, None],
        ["date", "begun", "Begun", "2026-11-23", None, None, None],
        ["integer", "n", "N", "5", "${day} != ''", "yes", None],
        ["time", "at", "At", "9:30", None, None, None],
        ["geopoint", "here", "Here", "37.8 112.5 0 10", None, None, None],
        ["select_multiple l", "many", "Many", "a b", None, None, None],
        ["integer", "bad", "Bad", "five", None, None, None],
        ["calculate", "id", None, None, None, None, "once(uuid())"],
        choices=[["list_name", "name", "label"], ["l", "a", "A"], ["l", "b", "B"]],
    )
    known = fields(found)
    assert known["day"]["default"] == {"expression": "today()"}
    assert known["begun"]["default"] == "2026-11-23"
    assert (known["n"]["default"], known["n"]["required"], known["n"]["readonly"]) == (5, "${day} != ''", True)
    assert known["at"]["default"] == "09:30"
    assert known["here"]["default"] == {"lat": "37.8", "lon": "112.5", "altitude": "0", "accuracy": "10"}
    assert known["many"]["default"] == ["a", "b"]
    assert (known["id"]["type"], known["id"]["default"]) == ("text", {"expression": "once(uuid())"})
    assert places(found) == {("dropped", "survey", 8, "default")}


def test_ranges_signatures_and_acknowledgements() -> None:
    found = survey(
        [*PLAIN, "parameters", "appearance", "required", "relevant"],
        ["range", "r", "R", "start=0 end=10 step=2", None, None, None],
        ["range", "part", "Part", "start=0 end=1 step=0.1", None, None, None],
        ["image", "signed", "Signed", None, "signature", "yes", None],
        ["acknowledge", "read", "I have read it", None, None, "yes", None],
        ["note", "thanks", "Thank you", None, None, None, "${read} = 'OK'"],
        ["text", "long", "Long", None, "multiline", None, None],
        ["image", "pic", "Picture", "max-pixels=800", None, None, None],
    )
    known = fields(found)
    assert {name: known["r"][name] for name in ("type", "min", "max", "constraint")} == {
        "type": "integer",
        "min": 0,
        "max": 10,
        "constraint": ". mod 2 = 0",
    }
    assert (known["part"]["type"], known["part"]["min"], known["part"]["max"]) == ("decimal", "0", "1")
    assert known["signed"]["type"] == "signature"
    assert "appearance" not in known["signed"]
    assert (known["read"]["type"], known["read"]["constraint"]) == ("boolean", ". = true()")
    assert known["thanks"]["relevant"] == "${read} = true()"
    assert known["long"]["appearance"] == "multiline"
    assert known["pic"]["max_files"] == 1
    assert places(found) == {("changed", "survey", 3, "parameters"), ("changed", "survey", 8, "parameters")}


def test_lookups_reach_lists_and_entities() -> None:
    found = survey(
        [*PLAIN, "calculation"],
        ["select_one city", "city", "City", None],
        ["calculate", "city_name", None, "jr:choice-name(${city}, '${city}')"],
        ["calculate", "zone", None, "instance('city')/root/item[name = ${city}]/zone"],
        ["select_one_from_file enterprise.csv", "firm", "Firm", None],
        ["calculate", "owner", None, "pulldata('enterprise', 'owner', 'name', ${firm})"],
        choices=[["list_name", "name", "label", "zone"], ["city", "ty", "Taiyuan", "north"]],
    )
    known = fields(found)
    assert known["city_name"]["calculate"] == "instance('city')/root/item[name = ${city}]/label"
    assert (known["firm"]["type"], known["firm"]["entity"]) == ("entity", "enterprise")
    assert places(found) == {("changed", "survey", 3, "calculation"), ("changed", "survey", 5, "type")}


def test_selects_from_files_choose_entities() -> None:
    found = survey(
        PLAIN,
        ["select_multiple_from_file Our-Firms.csv", "firms", "Firms"],
        ["select_one_from_file person.csv", "who", "Who"],
    )
    known = fields(found)
    assert (known["firms"]["type"], known["firms"]["choices"]) == ("select_many", {"entity": "our-firms"})
    assert (known["who"]["type"], known["who"]["entity"]) == ("entity", "person")
    assert places(found) == {("changed", "survey", 2, "type"), ("changed", "survey", 3, "type")}


def test_entities_of_selects_go_out_and_come_back() -> None:
    chosen = {"label": {"en": "X"}, "choices": {"entity": "firm"}}
    questions = [
        {"name": "one", "type": "select_one", **chosen, "other": True, "default": "entity:firm:1"},
        {"name": "many", "type": "select_many", **chosen, "default": ["entity:firm:1", "entity:firm:2"]},
        {"name": "thing", "type": "entity", "label": {"en": "X"}, "entity": "firm", "default": "entity:firm:1"},
    ]
    definition = {"form": "f", "version": 1, "languages": ["en"], "title": {"en": "X"}, "fields": questions}
    exported = export_form(definition)
    assert import_form(exported.data).definition == definition
    needed = [note for note in exported.notes if "firm.csv" in note.text]
    assert [note.row for note in needed] == [2, 3, 4]


def test_every_column_and_sheet_without_equivalent_is_told() -> None:
    found = imported(
        survey=[
            [*PLAIN, "media::image", "required_message", "trigger", "body::accuracyThreshold", "save_to", "$kuid"],
            ["text", "a", "Hello **you**", "a.png", "Please", None, None, "who", "xyz"],
            ["geopoint", "c", "Where is ${a}?", None, None, None, "5", None, None],
        ],
        choices=[["list_name", "name", "label"]],
        settings=[["form_id", "style", "instance_name"], ["f", "pages", "concat('x', ${a})"]],
        entities=[["list_name", "label"], ["people", "${a}"]],
    )
    assert places(found) == {
        ("changed", "survey", 2, "label"),
        ("dropped", "survey", 2, "save_to"),
        ("changed", "survey", 3, "label"),
        ("dropped", "survey", 3, "body::accuracyThreshold"),
        ("passed over", "settings", 2, "style"),
        ("changed", "settings", 2, "instance_name"),
        ("dropped", "entities", 2, ""),
    }
    assert found.definition is not None
    assert fields(found)["a"]["required_message"] == {"en": "Please"}
    assert found.definition["summary"] == ["/a"]


def test_choices_whose_names_cannot_stand_are_renamed() -> None:
    found = survey(
        PLAIN,
        ["select_one l", "q", "Q"],
        choices=[["list_name", "name", "label"], ["l", "a", "A"], ["l", "b", "B"], ["l", "a", "A again"]],
        settings=[["form_id", "allow_choice_duplicates"], ["f", "yes"]],
    )
    assert found.definition is not None
    assert [each["name"] for each in found.definition["lists"]["l"]] == ["a", "b", "a_2"]
    assert places(found) == {("changed", "choices", 4, "name")}


def test_scores_and_ranks_of_kobotoolbox_become_groups() -> None:
    found = survey(
        [*PLAIN, "kobo--score-choices", "kobo--rank-items"],
        ["begin_score", "rating", "How were", "marks", None],
        ["score__row", "speed", "Speed", None, None],
        ["score__row", "manner", "Manner", None, None],
        ["end_score", None, None, None, None],
        ["begin_rank", "order", "Order", None, "marks"],
        ["rank__level", "first", "First", None, None],
        ["end_rank", None, None, None, None],
        choices=[["list_name", "name", "label"], ["marks", "good", "Good"], ["marks", "bad", "Bad"]],
    )
    assert found.notes == ()
    assert [(each["name"], each["type"]) for each in fields(found)["rating"]["fields"]] == [
        ("speed", "select_one"),
        ("manner", "select_one"),
    ]
    assert fields(found)["first"]["choices"] == {"list": "marks"}


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


def test_a_comparison_with_a_choice_that_there_is_not_is_what_it_always_comes_to() -> None:
    found = survey(
        [*PLAIN, "relevant"],
        ["select_one  l", "q", "Q", None],
        ["text", "a", "A", "${q} = 'one' or ${q} = 'gone'"],
        ["text", "b", "B", "${q} != 'gone' and not(selected(${q}, 'gone'))"],
        ["text", "c", "C", "${q} = 'gone'"],
        choices=[["list_name", "name", "label"], ["l", "one", "One"]],
    )
    known = fields(found)
    assert known["a"]["relevant"] == "${q} = 'one' or false()"
    assert known["b"]["relevant"] == "true() and not(false())"
    assert "c" not in known
    assert places(found) == {("changed", "survey", row, "relevant") for row in (3, 4, 5)}


def test_what_xlsform_itself_passes_over_is_no_loss() -> None:
    found = survey(
        [*PLAIN, "my notes", "body::look", "rows", "trigger", "calculation", "default"],
        ["text", "a", "A", "as agreed", "x", "5", None, None, None],
        [None, None, None, "a comment", None, None, None, None, None],
        ["start-geopoint", "spot", None, None, None, None, None, None, None],
        ["calculate", "b", None, None, None, None, "${a}", "string-length(${a})", "7"],
        ["calculate", "c", None, None, None, None, "${a}", "now()", None],
        settings=[["form_id", "public_key", "add_none_option"], ["f", "MII", "yes"]],
    )
    known = fields(found)
    assert known["a"]["appearance"] == "multiline"
    assert (known["spot"]["type"], known["b"]["calculate"]) == ("geopoint", "string-length(${a})")
    assert (known["b"]["trigger"], known["c"]["trigger"]) == (["/a"], ["/a"])
    assert places(found) == {
        ("passed over", "survey", 2, "my notes"),
        ("passed over", "survey", 2, "body::look"),
        ("passed over", "survey", 3, "type"),
        ("changed", "survey", 4, "label"),
        ("changed", "survey", 4, "type"),
        ("passed over", "settings", 2, "public_key"),
        ("dropped", "settings", 2, "add_none_option"),
    }


def test_answers_that_others_empty_or_suggest_keep_their_triggers() -> None:
    found = survey(
        [*PLAIN, "calculation", "trigger"],
        ["text", "Stall", "Stall", None, None],
        ["begin_group", "g", "G", None, "${Stall}"],
        ["text", "keeper", "Keeper", "concat('Keeper of ', ${Stall})", "${Stall}"],
        ["text", "sells", "Sells", None, "${Stall}, ${keeper}"],
        ["note", "n", "N", None, "${Stall}"],
        ["calculate", "drawn", None, "random()", "${Stall}"],
        ["end_group", None, None, None, None],
    )
    known = fields(found)
    assert (known["keeper"]["trigger"], known["keeper"]["calculate"]) == (["/stall"], "concat('Keeper of ', ${stall})")
    assert known["sells"]["trigger"] == ["/stall", "/g/keeper"]
    assert {"trigger"} & {*known["g"], *known["n"], *known["drawn"]} == set()
    assert {("dropped", "survey", 7, "trigger"), ("passed over", "survey", 6, "trigger")} <= places(found)
    assert found.definition is not None
    assert import_form(export_form(found.definition).data).definition == found.definition


def test_what_a_person_and_the_last_record_tell_is_there_where_something_reads_it() -> None:
    found = survey(
        [*PLAIN, "relevant", "default"],
        ["username", "username", None, None, None],
        ["deviceid", "deviceid", None, None, None],
        ["simserial", "simserial", None, None, None],
        ["text", "a", "A", "${username} != 'li.wei'", "${last-saved#a}"],
    )
    known = fields(found)
    assert known["username"]["default"] == {"expression": "property('username')"}
    assert known["username"]["readonly"] is True
    assert (known["a"]["relevant"], known["a"]["default"]) == (
        "${username} != 'li.wei'",
        {"expression": "${last-saved#a}"},
    )
    assert {"deviceid", "simserial"} & set(known) == set()
    assert [note for note in found.notes if note.severity == "dropped"] == []


def test_a_bare_name_is_empty_as_in_xpath() -> None:
    found = survey(
        [*PLAIN, "calculation", "required"],
        ["calculate", "c", None, "concat(yes, '-yes-', ${a})", None],
        ["text", "a", "A", None, "basic"],
    )
    assert fields(found)["c"]["calculate"] == "concat('', '-yes-', ${a})"
    assert fields(found)["a"]["required"] == "''"
    assert [note.severity for note in found.notes if note.column in ("calculation", "required")] == [
        "changed",
        "changed",
    ]


def test_pictures_sounds_and_films_come_in_and_go_out_by_language() -> None:
    found = survey(
        [
            "type",
            "name",
            "label::English (en)",
            "label::French (fr)",
            "image",
            "media::audio::French (fr)",
            "big-image",
        ],
        ["select_one l", "a", "A", "A", "a.png", "a.mp3", "a big.png"],
        ["note", "n", "N", "N", "x/y.png", None, None],
        choices=[
            ["list_name", "name", "label::English (en)", "label::French (fr)", "image::English (en)"],
            ["l", "x", "X", "X", "x.png"],
        ],
    )
    known = fields(found)
    assert known["a"]["media"] == {
        "image": {"en": "a.png", "fr": "a.png"},
        "big-image": {"en": "a big.png", "fr": "a big.png"},
        "audio": {"fr": "a.mp3"},
    }
    assert found.definition is not None
    assert [each.get("media") for each in found.definition["lists"]["l"]] == [{"image": {"en": "x.png"}}]
    assert "media" not in known["n"]
    assert ("dropped", "survey", 3, "image") in places(found)
    assert import_form(export_form(found.definition).data).definition == found.definition


def test_rows_are_counted_and_a_note_has_no_answer() -> None:
    found = survey(
        [*PLAIN, "repeat_count", "calculation"],
        ["integer", "Number", "Number", None, None],
        ["note", "n", "N", None, None],
        ["calculate", "c", None, None, "if(${n} = ${n}, 'same', 'other')"],
        ["begin_repeat", "r", "R", "${Number} + 1", None],
        ["text", "t", "T", None, None],
        ["end_repeat", None, None, None, None],
    )
    assert fields(found)["r"]["row_count"] == "${number} + 1"
    assert fields(found)["c"]["calculate"] == "if('' = '', 'same', 'other')"
    assert not any(note.severity == "dropped" for note in found.notes)
    assert found.definition is not None
    assert import_form(export_form(found.definition).data).definition == found.definition
