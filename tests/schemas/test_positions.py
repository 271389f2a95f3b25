"""Every part of a JSON text is found by line and column, and every mistake of a form is pointed at."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bundled import bundled_texts
from schemas.form import FormError, compile_form
from schemas.positions import MAX_DEPTH, JsonError, read
from schemas.problems import locate

VALUES: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 1]), st.booleans())
def test_what_is_read_is_what_json_reads(value: Any, indent: int | None, ascii_only: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    source = read(text)
    assert source.value == value
    assert type(source.value) is type(value)
    for path, offset in source.values.items():
        assert json.JSONDecoder().raw_decode(text, offset)[0] == node(value, path)


@given(st.text(alphabet='{}[]",:\\ue123 trfalsn\n', max_size=40))
def test_any_text_is_read_as_json_does_or_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(JsonError):
            read(text)
        return
    try:
        assert read(text).value == expected
    except JsonError as error:
        assert "twice" in error.reason or "half" in error.reason


def node(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        value = value[step]
    return value


def test_members_items_and_characters_are_found() -> None:
    source = read('{\r\n  "a": [1,\n        {"b\\u0041": "x\\n\\ud83d\\ude00y"}]\n}')
    assert source.at(("a",)) == (2, 8)
    assert source.key(("a",)) == (2, 3)
    assert source.at(("a", 1, "bA")) == (3, 21)
    assert [source.inside(("a", 1, "bA"), column)[1] for column in (1, 2, 3, 4, 5, 99)] == [22, 23, 25, 37, 38, 38]
    assert source.at(("a", 7, "c")) == source.at(("a",))
    assert source.inside(("a",), 5) == source.at(("a",))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("{", 1, 2),
        ('{"a" 1}', 1, 6),
        ('{"a": 1,}', 1, 9),
        ("[1,\n 2 3]", 2, 4),
        ('{"a": 1}\nx', 2, 1),
        ('["a\nb"]', 1, 2),
        ('["\\x"]', 1, 2),
        ("[01]", 1, 3),
        ("[NaN]", 1, 2),
        ('{"a": 1, "a": 2}', 1, 10),
        ('["\\ud800"]', 1, 2),
        ("[" + "9" * 5_000 + "]", 1, 2),
        ("[" * 100_000, 1, MAX_DEPTH + 2),
        (" " * 5_000_001, 1, 1),
    ],
)
def test_text_that_is_not_json_is_refused_where_it_goes_wrong(text: str, line: int, column: int) -> None:
    with pytest.raises(JsonError) as caught:
        read(text)
    assert caught.value.position == (line, column)


def test_a_byte_order_mark_is_no_content() -> None:
    assert read("\ufeff[1]").value == [1]


FORM = """{
  "form": "visit", "version": 1, "languages": ["zh-Hans", "en"],
  "title": {"zh-Hans": "走访", "en": "Visit"},
  "lists": {"kinds.of": [{"name": "a", "label": {"zh-Hans": "甲", "en": "A"}}]},
  "identity": ["/name"],
  "fields": [
    {"name": "name", "type": "text", "label": {"zh-Hans": "名", "en": "Name"}},
    {"name": "kind", "type": "select_one", "label": {"zh-Hans": "类", "en": "Kind"},
     "choices": [{"name": "x", "label": {"zh-Hans": "一", "en": "X"}},
                 {"name": "y", "label": {"zh-Hans": "二", "en": "Y"}}]},
    {"name": "rows", "type": "repeat", "label": {"zh-Hans": "行", "en": "Rows"}, "fields": [
      {"name": "size", "type": "integer", "label": {"zh-Hans": "大", "en": "Size"}, "relevant": "${kind} = \\"x\\""}
    ]}
  ]
}
"""


def test_the_form_of_these_tests_is_sound() -> None:
    compile_form(read(FORM).value)


@pytest.mark.parametrize(
    ("old", "new", "at", "code"),
    [
        ('"version": 1', '"version": 0', "0,", "bad_property"),
        ('"version": 1', '"versoin": 1', '"versoin"', "unknown_property"),
        ('"zh-Hans": "走访", ', "", '{"en": "Visit"}', "missing_translation"),
        ('"zh-Hans": "甲", ', "", '{"en": "A"}', "missing_translation"),
        ('"name": "a", ', '"name": "a b", ', '"a b"', "bad_choice"),
        ('"name": "y"', '"name": "x"', '"x", "label": {"zh-Hans": "二"', "bad_choice"),
        ('"zh-Hans": "二", ', "", '{"en": "Y"}', "missing_translation"),
        ('["/name"]', '["/name", "/nome"]', '"/nome"', "unknown_path"),
        ('"type": "text"', '"type": "txt"', '"txt"', "bad_property"),
        ('"type": "text"', '"type": "text", "min": 1', '"min"', "unknown_property"),
        ('"name": "size"', '"name": "Size"', '"Size"', "bad_property"),
        ('"name": "size"', '"name": "name"', '"name", "type": "integer"', "duplicate_name"),
        ('"name": "kind"', '"name": "name"', '"name", "type": "select_one"', "duplicate_name"),
        ('"name": "size", ', "", '{"type": "integer"', "missing_property"),
        ("${kind} =", "${kin} =", "${kin}", "unknown_field"),
        ('= \\"x\\"', '= \\"x\\" +', '+"', "syntax"),
        ('= \\"x\\"', '= \\"x\\" or wat(1)', "wat(1)", "unknown_function"),
        ('"relevant"', '"default": {"expression": "nix()"}, "relevant"', "nix()", "unknown_function"),
    ],
)
def test_a_mistake_is_pointed_at(old: str, new: str, at: str, code: str) -> None:
    text = FORM.replace(old, new, 1)
    assert text != FORM
    source = read(text)
    with pytest.raises(FormError) as caught:
        compile_form(source.value)
    problem = next(each for each in caught.value.problems if each.code == code)
    line, column = locate(source, problem)
    assert text.splitlines()[line - 1][column - 1 :].startswith(at)


@given(st.data())
def test_every_problem_has_a_place_whatever_stands_in_the_file(data: st.DataObject) -> None:
    source = read(FORM)
    ways = [way for way in source.values if way]
    broken = json.loads(FORM)
    for way in data.draw(st.lists(st.sampled_from(ways), min_size=1, max_size=3)):
        at = broken
        for step in way[:-1]:
            at = at[step] if has(at, step) else None
        if has(at, way[-1]):
            at[way[-1]] = data.draw(VALUES)
    text = json.dumps(broken, ensure_ascii=False, indent=1)
    source = read(text)
    try:
        compile_form(source.value)
    except FormError as error:
        for problem in error.problems:
            assert 1 <= locate(source, problem).line <= text.count("\n") + 1


def has(value: Any, step: str | int) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and step < len(value)
    return isinstance(value, dict) and step in value


def test_bundled_forms_are_read() -> None:
    for text in bundled_texts().values():
        assert read(text).value == json.loads(text)
