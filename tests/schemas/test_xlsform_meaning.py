"""What a workbook means, and what is told of that which has no equivalent: expressions, lookups, choices, columns."""

from __future__ import annotations

import pytest

from schemas.xlsform.read import import_form
from schemas.xlsform.write import export_form
from tests.schemas.workbooks import PLAIN, fields, imported, places, survey, told


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
