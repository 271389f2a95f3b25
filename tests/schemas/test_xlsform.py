"""XLSForm workbooks as people write them: what they become."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import parse
from schemas.xlsform.languages import tag
from schemas.xlsform.read import import_form
from schemas.xlsform.write import export_form
from tests.schemas.workbooks import PLAIN, fields, imported, places, survey, told


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
