"""Contract over HTTP: queries and indexes. Source: CouchDB's `_find` reference and its Mango tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.asking import Asker, refusal

PEOPLE = [
    {"_id": "1", "name": "An", "age": 20, "tags": ["x", "y"], "home": {"town": "Yan"}},
    {"_id": "2", "name": "Bo", "age": 35, "tags": ["y"], "home": {"town": "Hai"}, "boss": None},
    {"_id": "3", "name": "Cui", "age": 50, "tags": [], "home": {"town": "Hai"}},
    {"_id": "4", "name": "Di"},
]


def found(ask: Asker, selector: dict[str, Any], **options: Any) -> list[str]:
    answer = ask("POST", "~/_find", {"selector": selector, **options})
    assert answer.status_code == 200, answer.text
    return [doc["_id"] for doc in answer.json()["docs"]]


@pytest.fixture
def people(ask: Asker) -> Asker:
    ask("POST", "~/_bulk_docs", {"docs": PEOPLE})
    return ask


@pytest.mark.parametrize(
    ("selector", "ids"),
    [
        ({"_id": {"$gt": None}}, "1234"),
        ({"name": "Bo"}, "2"),
        ({"home.town": "Hai"}, "23"),
        ({"home": {"town": "Hai"}}, "23"),
        ({"age": {"$gte": 35}}, "23"),
        ({"age": {"$gt": 20, "$lt": 50}}, "2"),
        ({"age": {"$ne": 20}}, "23"),
        ({"age": {"$exists": False}}, "4"),
        ({"boss": {"$exists": True}}, "2"),
        ({"age": {"$in": [20, 50]}}, "13"),
        ({"age": {"$nin": [20, 50]}}, "2"),
        ({"tags": {"$all": ["x", "y"]}}, "1"),
        ({"tags": {"$size": 0}}, "3"),
        ({"tags": {"$elemMatch": {"$eq": "y"}}}, "12"),
        ({"age": {"$mod": [10, 5]}}, "2"),
        ({"name": {"$type": "string"}}, "1234"),
        ({"$or": [{"name": "An"}, {"age": 50}]}, "13"),
        ({"$and": [{"age": {"$gt": 10}}, {"home.town": "Yan"}]}, "1"),
        ({"$nor": [{"name": "An"}, {"name": "Bo"}]}, "34"),
        ({"$not": {"name": "An"}}, "234"),
        ({"name": {"$regex": "^C"}}, "3"),
        ({"name": {"$beginsWith": "D"}}, "4"),
    ],
)
def test_a_selector_finds_what_it_describes(people: Asker, selector: dict[str, Any], ids: str) -> None:
    assert sorted(found(people, selector)) == list(ids)


def test_documents_come_page_by_page(people: Asker) -> None:
    first = people("POST", "~/_find", {"selector": {"_id": {"$gt": None}}, "limit": 3}).json()
    assert [doc["_id"] for doc in first["docs"]] == ["1", "2", "3"]
    assert found(people, {"_id": {"$gt": None}}, limit=3, bookmark=first["bookmark"]) == ["4"]
    assert found(people, {"_id": {"$gt": None}}, skip=1, limit=2) == ["2", "3"]


def test_only_the_fields_that_are_asked_for_come(people: Asker) -> None:
    answer = people("POST", "~/_find", {"selector": {"_id": "1"}, "fields": ["name", "home.town"]})
    assert answer.json()["docs"] == [{"name": "An", "home": {"town": "Yan"}}]


def test_a_sorting_needs_an_index(people: Asker) -> None:
    query = {"selector": {"age": {"$gt": 0}}, "sort": [{"age": "desc"}]}
    assert refusal(people("POST", "~/_find", query)) == (400, "no_usable_index")
    made = people("POST", "~/_index", {"index": {"fields": ["age"]}, "name": "by-age", "ddoc": "ages"}).json()
    assert made == {"result": "created", "id": "_design/ages", "name": "by-age"}
    again = people("POST", "~/_index", {"index": {"fields": ["age"]}, "name": "by-age", "ddoc": "ages"}).json()
    assert again["result"] == "exists"
    assert found(people, query["selector"], sort=[{"age": "desc"}]) == ["3", "2", "1"]
    assert found(people, query["selector"], sort=["age"], limit=2) == ["1", "2"]


def test_indexes_are_listed_and_taken_away(people: Asker) -> None:
    people("POST", "~/_index", {"index": {"fields": ["age"]}, "name": "by-age", "ddoc": "ages"})
    listing = people("GET", "~/_index").json()
    assert [(index["ddoc"], index["name"]) for index in listing["indexes"]] == [
        (None, "_all_docs"),
        ("_design/ages", "by-age"),
    ]
    assert people("DELETE", "~/_index/_design/ages/json/by-age").json() == {"ok": True}
    assert people("GET", "~/_index").json()["total_rows"] == 1


def test_a_query_is_explained(people: Asker) -> None:
    told = people("POST", "~/_explain", {"selector": {"name": "An"}}).json()
    assert (told["dbname"], told["index"]["name"], told["limit"]) == (people.name, "_all_docs", 25)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"selector": 5},
        {"selector": {"a": {"$strange": 1}}},
        {"selector": {"$or": 5}},
        {"selector": {}, "limit": "x"},
        {"selector": {}, "sort": 5},
        {"selector": {}, "fields": 5},
    ],
)
def test_a_query_that_is_none_is_refused(people: Asker, query: dict[str, Any]) -> None:
    answer = people("POST", "~/_find", query)
    assert 400 <= answer.status_code < 500
    assert answer.json()["error"]
