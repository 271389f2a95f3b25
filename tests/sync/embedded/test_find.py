"""Queries by index: they find what reading every document finds, in the same order, and look at no more."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.embedded import collation
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.selectors import ABSENT, matches, value_at
from sync.store import Row
from tests.sync.embedded.conftest import Caller, examined

DATABASES = itertools.count()
SIMPLE = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, -0.5, -0.0, 2**53, -(2**53)])
    | st.sampled_from(["", "a", "a\0", "a\0b", "ab", "b", "é", "\uffff", "\U0001f600", "a\U0010ffffb"])
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
DOCS = st.lists(
    st.fixed_dictionaries(
        {}, optional={"x": VALUES, "y": SIMPLE, "in": st.fixed_dictionaries({}, optional={"z": SIMPLE})}
    ),
    max_size=12,
)
CONDITIONS = (
    VALUES.filter(lambda value: not isinstance(value, dict))
    | st.builds(
        lambda name, value: {name: value}, st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte", "$ne"]), VALUES
    )
    | st.builds(lambda low, high: {"$gte": low, "$lt": high}, VALUES, VALUES)
    | st.builds(lambda values: {"$in": values}, st.lists(VALUES, max_size=3))
    | st.builds(lambda begin: {"$beginsWith": begin}, st.sampled_from(["", "a", "é"]))
    | st.builds(lambda there: {"$exists": there}, st.booleans())
)
FIELDS = ("x", "y", "in.z")
SELECTORS = st.dictionaries(st.sampled_from([*FIELDS, "_id"]), CONDITIONS, max_size=3) | st.builds(
    lambda one, other: {"$and": [{"x": one}, {"y": other}]}, CONDITIONS, CONDITIONS
)
INDEXES = st.lists(st.lists(st.sampled_from(FIELDS), min_size=1, max_size=2, unique=True), max_size=3)


def pages(call: Caller, name: str, query: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All pages of a query, one after the other, from its bookmark on where it has one."""
    bookmark = query.get("bookmark")
    while True:
        answer = call("POST", f"/{name}/_find", query | ({"bookmark": bookmark} if bookmark else {}))
        assert answer.status_code == 200, answer.get_json()
        page = answer.get_json()
        yield page
        if len(page["docs"]) < query.get("limit", 25):
            return
        bookmark = page["bookmark"]


def found(call: Caller, name: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    return [doc for page in pages(call, name, query) for doc in page["docs"]]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DOCS, SELECTORS, INDEXES, st.booleans(), st.sampled_from([1, 3, 25]))
def test_an_index_finds_what_reading_every_document_finds(
    call: Caller,
    docs: list[dict[str, Any]],
    selector: dict[str, Any],
    indexes: list[list[str]],
    descends: bool,
    limit: int,
) -> None:
    name = f"found-{next(DATABASES)}"
    database = call.store.create(name)
    half = len(docs) // 2
    for number, doc in enumerate(docs[:half]):
        database.put({"_id": f"d{number}", **doc})
    for number, fields in enumerate(indexes):
        index = {"index": {"fields": fields}, "ddoc": f"i{number}", "name": "i"}
        assert call("POST", f"/{name}/_index", index).status_code == 200
    found(call, name, {"selector": selector})  # makes entries, which those that come later must join
    for number, doc in enumerate(docs[half:], half):
        database.put({"_id": f"d{number}", **doc})
    everything = [row.doc for row in database.all(include_docs=True) if row.doc and not row.id.startswith("_")]
    wanted = [doc for doc in everything if matches(selector, doc)]
    assert sorted(each["_id"] for each in found(call, name, {"selector": selector, "limit": limit})) == [
        doc["_id"] for doc in wanted
    ]
    for fields in indexes:
        sort = [{field: "desc" if descends else "asc"} for field in fields]
        query = {"selector": selector | {field: {"$gt": None} for field in fields}, "sort": sort, "limit": limit}
        sorted_by = {
            doc["_id"]: [collation.key(value_at(doc, field)) for field in fields]
            for doc in everything
            if matches(query["selector"], doc) and all(value_at(doc, each, ABSENT) is not ABSENT for each in fields)
        }
        order = sorted(sorted_by, key=lambda each: (sorted_by[each], each), reverse=descends)
        assert [doc["_id"] for doc in found(call, name, query)] == order, (
            query,
            call("POST", f"/{name}/_explain", query),
        )
    call.store.delete(name)


@given(VALUES, VALUES)
def test_bytes_sort_as_the_values_do(one: Any, other: Any) -> None:
    keys, written = [collation.key(each) for each in (one, other)], [collation.encoded(each) for each in (one, other)]
    assert (keys[0] < keys[1], keys[0] == keys[1]) == (written[0] < written[1], written[0] == written[1])
    assert not (keys[0] != keys[1] and written[1].startswith(written[0]))


def test_a_query_looks_at_what_its_index_leaves(people: Caller) -> None:
    exact = sum(1 for n in range(1_000) if n % 10 == 3 and n % 77 == 40)
    assert exact > 0
    assert examined(people, {"town": "t3", "age": 40}) == (exact, exact)
    old = sum(1 for n in range(1_000) if n % 10 == 3 and n % 77 >= 70)
    assert examined(people, {"town": "t3", "age": {"$gte": 70}}) == (old, old)
    assert examined(people, {"town": "t3", "age": {"$gte": 70}}, sort=[{"age": "desc"}]) == (old, old)
    assert examined(people, {"town": {"$beginsWith": "t3"}, "age": {"$gt": None}}, limit=5) == (5, 5)
    assert examined(people, {"town": "t3"})[0] == 1_001  # those without an age are not in the index


def test_a_query_whose_selector_no_index_has_says_so(people: Caller) -> None:
    told = people("POST", "/north/_find", {"selector": {"name": "n7"}}).get_json()
    assert [doc["_id"] for doc in told["docs"]] == ["p0007"]
    assert "create an index" in told["warning"]
    assert "warning" not in people("POST", "/north/_find", {"selector": {"town": "t1", "age": 1}}).get_json()


def test_what_changes_changes_its_place_and_what_is_deleted_has_none(people: Caller) -> None:
    query = {"selector": {"town": "t3", "age": {"$gt": 74}}}
    before = [doc["_id"] for doc in found(people, "north", query)]
    database = people.store.database("north")
    gone, moved = database.get(before[0]), database.get(before[1])
    database.put({**gone, "_deleted": True})
    database.put({**moved, "town": "t4"})
    database.put({"_id": "new", "town": "t3", "age": 76})
    after = [doc["_id"] for doc in found(people, "north", query)]
    assert sorted(after) == sorted([*before[2:], "new"])


def test_a_partial_index_answers_who_names_it(people: Caller) -> None:
    old = {"fields": ["town"], "partial_filter_selector": {"age": {"$gte": 75}}}
    people("POST", "/north/_index", {"index": old, "ddoc": "old", "name": "by-town"})
    query = {"selector": {"town": "t3"}, "limit": 500}
    assert len(found(people, "north", query)) == 100
    wanted = [f"p{n:04}" for n in range(1_000) if n % 10 == 3 and n % 77 >= 75]
    for use in ("old", "_design/old", ["old", "by-town"]):
        assert [doc["_id"] for doc in found(people, "north", {**query, "use_index": use})] == wanted
    assert len(found(people, "north", {**query, "use_index": "nobody-s"})) == 100
    assert people("POST", "/north/_find", {**query, "use_index": 5}).status_code == 400


@pytest.mark.parametrize("begin", ["", "b", "b\ud7ff", "b\U0010ffff", "\U0010ffff"])
def test_a_beginning_is_found_whatever_follows_it(call: Caller, begin: str) -> None:
    texts = [begin + more for more in ("", "\1", "x", "\ue000", "\U0010ffff", "\U0010ffff\U0010ffffx")]
    database = call.store.database("north")
    for text in [*texts, "a", "c", "b\ue000x"]:
        database.put({"_id": f"n{text}", "x": text})
    wanted = [f"n{text}" for text in {*texts, "a", "c", "b\ue000x"} if text.startswith(begin)]
    call("POST", "/north/_index", {"index": {"fields": ["x"]}, "ddoc": "x", "name": "by-x"})
    for selector in ({"x": {"$beginsWith": begin}}, {"_id": {"$beginsWith": "n" + begin}}):
        ids = [doc["_id"] for doc in found(call, "north", {"selector": selector})]
        assert sorted(ids) == sorted(wanted)


def test_an_id_that_is_more_than_null_keeps_no_index_away(people: Caller) -> None:
    people("POST", "/north/_index", {"index": {"fields": ["name"]}, "ddoc": "names", "name": "by-name"})
    assert examined(people, {"_id": {"$gt": None}, "name": "n7"}) == (1, 1)


def test_nothing_of_what_is_purged_stays_in_the_entries(people: Caller) -> None:
    database = people.store.database("north")
    rev = database.put({"_id": "secret", "town": "t3-secret", "age": 40})
    assert examined(people, {"town": "t3-secret", "age": 40}) == (1, 1)
    database.purge({"secret": [rev]})
    files = database.file.lookup.parent.glob("*.lookup*")
    assert not any(b"t3-secret" in each.read_bytes() for each in files)
    assert examined(people, {"town": "t3", "age": 40})[1] > 0


def test_a_bookmark_of_another_index_is_refused(people: Caller) -> None:
    by_id = people("POST", "/north/_find", {"selector": {"name": {"$gt": ""}}, "limit": 1}).get_json()["bookmark"]
    query = {"selector": {"town": "t3", "age": 1}, "bookmark": by_id}
    assert people("POST", "/north/_find", query).status_code == 400


def test_a_bookmark_of_another_index_of_as_many_fields_is_refused(people: Caller) -> None:
    for field in ("name", "age"):
        people("POST", "/north/_index", {"index": {"fields": [field]}, "ddoc": field, "name": field})
    query = {"selector": {"name": {"$gt": ""}, "age": {"$gte": 0}}, "limit": 2}
    bookmark = people("POST", "/north/_find", {**query, "use_index": "name"}).get_json()["bookmark"]
    told = [
        people("POST", "/north/_find", {**query, "use_index": use, "bookmark": bookmark}) for use in ("name", "age")
    ]
    assert [each.status_code for each in told] == [200, 400]


def as_given(bookmark: str) -> str:
    return base64.urlsafe_b64encode(bookmark.encode()).decode()


@pytest.mark.parametrize("change", [{"_deleted": True}, {"town": "elsewhere"}])
def test_a_query_that_shows_conflicts_shows_what_it_has_read(
    people: Caller, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    """Whatever a colleague makes of it before it is answered."""
    database = people.store.database("north")
    other = {"_id": "p0003", "_rev": f"1-{'0' * 32}", "town": "t3", "age": 3}
    database.put_revisions([other])
    query = {"selector": {"town": "t3", "age": 3}, "conflicts": True}
    before = people("POST", "/north/_find", query).get_json()["docs"]
    assert [doc["_conflicts"] for doc in before if doc["_id"] == "p0003"] == [[other["_rev"]]]
    original = EmbeddedDatabase.all
    mine = {name: value for name, value in before[0].items() if name != "_conflicts"}

    def reading(database: EmbeddedDatabase, **options: Any) -> list[Row]:
        rows = original(database, **options)
        if options.get("keys"):
            database.put({**mine, **change})
        return rows

    monkeypatch.setattr(EmbeddedDatabase, "all", reading)
    told = people("POST", "/north/_find", query)
    assert told.status_code == 200, told.get_json()
    first = told.get_json()["docs"][0]
    assert (first["_id"], first["_rev"], first["town"]) == (mine["_id"], mine["_rev"], "t3")
    assert first.get("_conflicts", []) == [other["_rev"]] * ("town" in change)  # which is the winner after the deletion


NO_BOOKMARKS = (
    "",
    "7",
    '[["name"],"n7","p0007"]',
    '{"fields":["name"],"key":"4","id":"p0007"}',
    '{"fields":["name"],"key":"40"}',
    '{"fields":"name","key":"40","id":"p0007"}',
    '{"fields":[],"key":"","id":7}',
)


@pytest.mark.parametrize("bookmark", NO_BOOKMARKS)
def test_what_is_no_bookmark_is_refused(still: Caller, bookmark: str) -> None:
    query = {"selector": {"name": "n7"}, "bookmark": as_given(bookmark) or "?"}
    assert still("POST", "/north/_find", query).status_code == 400


@pytest.mark.parametrize(("direction", "age"), [("asc", 1_000), ("desc", -1)])
def test_a_page_goes_on_where_the_index_was_left_whatever_has_changed_since(
    people: Caller, monkeypatch: pytest.MonkeyPatch, direction: str, age: int
) -> None:
    """A colleague changes the last document of a page between the reading of the index and that of the documents."""
    query = {"selector": {"town": "t3", "age": {"$gte": -1}}, "sort": [{"age": direction}], "limit": 10}
    wanted = [doc["_id"] for doc in found(people, "north", query)]
    with monkeypatch.context() as patched:
        patched.setattr(EmbeddedDatabase, "all", changing(wanted[9], {"age": age}))
        first = people("POST", "/north/_find", query).get_json()
    assert [doc["age"] for doc in first["docs"]][-1] == age
    ids = [doc["_id"] for doc in first["docs"]]
    rest = found(people, "north", {**query, "bookmark": first["bookmark"]})
    assert [*ids, *(doc["_id"] for doc in rest)] == [*wanted, wanted[9]]


def changing(doc_id: str, change: dict[str, Any]) -> Callable[..., list[Row]]:
    """`EmbeddedDatabase.all` in whose way somebody comes who changes one of the documents that it is to read."""
    original = EmbeddedDatabase.all

    def reading(database: EmbeddedDatabase, **options: Any) -> list[Row]:
        if doc_id in (options.get("keys") or ()):
            database.put({**database.get(doc_id), **change})
        return original(database, **options)

    return reading


@pytest.mark.parametrize("levels", [500, 1_000])
def test_what_is_nested_too_deeply_to_be_compared_is_refused(people: Caller, levels: int) -> None:
    value = "[" * levels + "]" * levels
    people("POST", "/north/_index", {"index": {"fields": ["name"]}, "ddoc": "names", "name": "by-name"})
    bookmarks = (f'{{"fields":["name"],"key":{value},"id":"p0001"}}', f'{{"fields":{value},"key":"40","id":"p0001"}}')
    for body in (
        f'{{"selector":{{"name":{value}}}}}',
        f'{{"selector":{{"age":{{"$in":[{value}]}}}}}}',
        *(f'{{"selector":{{"name":"n7"}},"bookmark":"{as_given(each)}"}}' for each in bookmarks),
    ):
        assert people("POST", "/north/_find", body.encode()).status_code == 400
    assert people("POST", "/north/_explain", f'{{"selector":{{"name":{value}}}}}'.encode()).status_code == 400
    partial = f'{{"index":{{"fields":["x"],"partial_filter_selector":{{"x":{value}}}}}}}'
    assert people("POST", "/north/_index", partial.encode()).status_code == 400
