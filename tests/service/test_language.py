"""The three catalogues say the same things, and every page uses only what they have."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from string import Formatter

import pytest
from flask import Flask, request

from schemas.messages import LANGUAGES
from schemas.summary import show_date
from service.errors import STATUS
from service.language import catalogue, known, negotiate, pick, show_short, translate

ROOT = Path(__file__).parents[2] / "service"
BUILT = (
    *("case.kind.", "case.settles.", "held.", "records.", "state.", "verdict.", "cases.", "error."),
    *("forms_change.", "forms_failure.", "forms_severity."),
    *(
        "case_done.",
        "case_ended.",
        "case_entry.",
        "case_rule.",
        "case_rule_of.",
        "cases.by.",
        "comparison_match.",
    ),
    *("batch_reason.", "batch_result."),
    *("bundle_result.", "bundle_why.", "why.case.", "why.role.", "why.policy.", "record_fault."),
    *("delivery.state.", "delivery.why."),
)
"""Beginnings of keys that templates and code complete at run time."""


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_blanks(language: str) -> None:
    first = catalogue(LANGUAGES[0])
    assert set(catalogue(language)) == set(first)
    differing = [key for key in first if fields(first[key]) != fields(catalogue(language)[key])]
    assert differing == []
    assert [key for key, text in catalogue(language).items() if not text.strip()] == []


def used_keys() -> set[str]:
    keys: set[str] = set()
    for path in (*ROOT.rglob("*.html"), *ROOT.rglob("*.py")):
        text = path.read_text("utf-8")
        keys |= set(re.findall(r"\bt\('([a-z_.]+)'", text))
        keys |= set(re.findall(r"(?:translate|say)\(\s*\"([a-z_.]+)\"", text))
        keys |= set(re.findall(r'"(value\.[a-z_]+)"', text))
    return keys


def test_pages_and_code_use_only_sentences_that_there_are() -> None:
    used = used_keys()
    assert len(used) > 60
    complete = {key for key in used if not key.endswith(".")}
    assert complete - set(catalogue("en")) == set()
    assert {key for key in used if key.endswith(".")} <= set(BUILT)


def test_every_sentence_is_used_somewhere() -> None:
    used = used_keys()
    idle = {key for key in catalogue("en") if key not in used and not key.startswith(BUILT)}
    assert idle == set()


def test_every_error_has_its_sentence_and_every_sentence_its_error() -> None:
    sentences = {key.removeprefix("error.") for key in catalogue("en") if key.startswith("error.")}
    assert sentences == set(STATUS)


def test_traditional_chinese_is_no_copy_of_simplified() -> None:
    same = [key for key, text in catalogue("zh-Hans").items() if catalogue("zh-Hant")[key] == text]
    assert len(same) < len(catalogue("zh-Hans")) / 4


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("en-GB", "en"),
        ("fr", None),
    ],
)
def test_a_language_tag_finds_its_catalogue(tag: str, language: str | None) -> None:
    assert known(tag) == language


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/", {}, "zh-Hans"),
        ("/", {"Accept-Language": "fr, en;q=0.5"}, "en"),
        ("/", {"Accept-Language": "*"}, "zh-Hans"),
        ("/", {"Accept-Language": "en", "Cookie": "rounds_language=zh-Hant"}, "zh-Hant"),
        ("/?lang=en", {"Cookie": "rounds_language=zh-Hant"}, "en"),
        ("/?lang=tlh", {"Accept-Language": "zh-TW"}, "zh-Hant"),
    ],
)
def test_the_readers_language_is_found(path: str, headers: dict[str, str], language: str) -> None:
    with Flask(__name__).test_request_context(path, headers=headers):
        assert negotiate(request) == language


def test_a_text_that_lacks_the_language_falls_back() -> None:
    assert pick({"zh-Hans": "企业", "en": "Enterprise"}, "zh-Hant") == "企业"
    assert pick({"en": "Enterprise"}, "zh-Hans") == "Enterprise"
    assert pick({}, "en", "none") == "none"


def test_dates_are_written_as_each_language_writes_them() -> None:
    assert show_date(date(2026, 11, 23), "zh-Hans") == "2026年11月23日"
    assert show_date(date(2026, 11, 23), "en") == "23 Nov 2026"
    now = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
    assert show_short(datetime(2026, 11, 23, 9, 5, tzinfo=UTC), now, "en") == "09:05"
    assert show_short(datetime(2026, 3, 2, tzinfo=UTC), now, "zh-Hans") == "3月2日"
    assert show_short(datetime(2025, 3, 2, tzinfo=UTC), now, "en") == "2025-03-02"


def test_a_sentence_takes_its_parameters() -> None:
    assert "15" in translate("error.too_many_attempts", "en", minutes=15)
