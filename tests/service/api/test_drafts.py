"""Drafts: kept with their mistakes, seen by those who may, and out of every tablet's reach by replication."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.form import compile_form
from tests.service.conftest import Office, Tablet

DEFINITION: dict[str, Any] = {
    "form": "count",
    "version": 1,
    "languages": ["en"],
    "title": {"en": "Count"},
    "fields": [{"name": "shops", "type": "integer", "label": {"en": "Shops"}, "max": 9}],
}
TEXT = json.dumps(DEFINITION, indent=2)


def keep(office: Office, text: str = TEXT, user: str = "office", **more: Any) -> Any:
    return office.call("PUT", "/api/v1/drafts/count", user, json={"text": text, **more})


def test_a_draft_is_kept_as_it_was_written_and_compiled_for_those_who_try_it(office: Office) -> None:
    assert keep(office).status_code == 200
    shown = office.get("/api/v1/drafts/count", "chen.jie").get_json()
    assert (shown["text"], shown["by"], shown["faults"]) == (TEXT, "office", [])
    assert shown["definition"] == compile_form(DEFINITION)
    (listed,) = office.get("/api/v1/drafts", "chen.jie").get_json()["items"]
    assert (listed["form"], listed["title"], listed["faults"]) == ("count", {"en": "Count"}, 0)


@pytest.mark.parametrize(
    ("language", "said"), [("en", "no such field"), ("zh-CN", "不存在的题目"), ("zh-TW", "不存在的題目")]
)
def test_a_draft_with_mistakes_is_kept_and_they_are_named_by_line_in_the_readers_language(
    office: Office, language: str, said: str
) -> None:
    broken = TEXT.replace('"max": 9', '"relevant": "${shop} = 1"')
    assert keep(office, broken).status_code == 200
    headers = {"Accept-Language": language}
    shown = office.get("/api/v1/drafts/count", "office", headers=headers).get_json()
    assert shown["definition"] is None
    (fault,) = shown["faults"]
    assert (fault["line"], fault["path"], fault["code"]) == (17, "/shops", "unknown_field")
    assert said in fault["sentence"] and "shops" in fault["sentence"]
    assert broken.splitlines()[16][fault["column"] - 1 :].startswith("${shop}")


def test_what_is_no_json_is_kept_too(office: Office) -> None:
    (fault,) = keep(office, "{").get_json()["faults"]
    assert (fault["line"], fault["column"], fault["code"]) == (1, 2, "not_json")


def test_of_two_authors_the_second_is_told(office: Office) -> None:
    rev = keep(office).get_json()["rev"]
    assert keep(office, TEXT + "\n", rev=rev).status_code == 200
    assert keep(office, TEXT + "\n\n", rev=rev).get_json()["error"] == "conflict"
    assert keep(office, TEXT + "\n\n").status_code == 200


def test_a_draft_that_is_thrown_away_is_gone(office: Office) -> None:
    keep(office)
    assert office.call("DELETE", "/api/v1/drafts/count", "office").status_code == 200
    assert office.get("/api/v1/drafts", "office").get_json()["items"] == []
    for method in ("GET", "DELETE"):
        assert office.call(method, "/api/v1/drafts/count", "office").get_json()["error"] == "draft_unknown"
    assert keep(office).status_code == 200


@pytest.mark.parametrize(
    ("user", "read", "write"),
    [("li.wei", 403, 403), ("chen.jie", 200, 403), ("office", 200, 200), ("admin", 200, 200), (None, 401, 401)],
)
def test_who_may(office: Office, user: str | None, read: int, write: int) -> None:
    keep(office)
    assert office.get("/api/v1/drafts", user).status_code == read
    assert office.get("/api/v1/drafts/count", user).status_code == read
    assert office.call("PUT", "/api/v1/drafts/count", user, json={"text": TEXT}).status_code == write
    assert office.call("DELETE", "/api/v1/drafts/count", user).status_code == write


def test_no_tablet_gets_a_draft_by_replication(office: Office) -> None:
    keep(office)
    Tablet(office, "chen.jie")
    assert office.get("/db/office/draft:count", "chen.jie").status_code in (401, 403, 404)
    rows = office.parts.directory.reference.all(start="draft:", end="draft:\ufff0")
    assert list(rows) == []
    assert "count" not in {each["form"] for each in office.get("/api/v1/forms", "li.wei").get_json()["items"]}
