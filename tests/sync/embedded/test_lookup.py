"""The entries of indexes in their file: of this database, whole, up to date, and made anew where they are not."""

from __future__ import annotations

import itertools
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sync.embedded import lookup as lookup_module
from sync.embedded.backup import back_up
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.faults import Damaged
from sync.embedded.indexes import Index
from sync.embedded.lookup import Lookup, Range
from sync.store import Info, NotFound
from tests.sync.embedded.conftest import Caller, examined

BY_NAME = Index("_design/names", "by-name", (("name", "asc"),))


def test_a_database_of_the_same_name_has_entries_of_its_own(people: Caller) -> None:
    lookup = people.store.database("north").file.lookup
    assert examined(people, {"town": "t3", "age": 40})[1] > 0
    kept = lookup.read_bytes()
    people.store.delete("north")
    assert not lookup.exists()
    people.store.create("north").put({"_id": "one", "town": "t3", "age": 40})
    index = {"index": {"fields": ["town", "age"]}, "ddoc": "places", "name": "by-town-and-age"}
    people("POST", "/north/_index", index)
    lookup.write_bytes(kept)  # left over from the other one
    assert examined(people, {"town": "t3", "age": 40}) == (1, 1)


@pytest.mark.parametrize("damage", [b"no database at all" * 1_000, b"SQLite format 3\0" + b"\xff" * 8_000])
def test_a_damaged_file_of_entries_is_made_anew(people: Caller, damage: bytes) -> None:
    wanted = examined(people, {"town": "t3", "age": 40})
    lookup = people.store.database("north").file.lookup
    lookup.write_bytes(damage)
    assert examined(people, {"town": "t3", "age": 40}) == wanted
    assert lookup.read_bytes() != damage


def test_entries_of_another_version_of_this_program_are_made_anew(people: Caller) -> None:
    wanted = examined(people, {"town": "t3", "age": 40})
    with closing(sqlite3.connect(people.store.database("north").file.lookup)) as connection:
        connection.executescript("DROP TABLE made; CREATE TABLE made (digest TEXT, upto INTEGER)")
    assert examined(people, {"town": "t3", "age": 40}) == wanted


def test_whichever_page_of_the_entries_is_damaged_all_are_found_once(people: Caller) -> None:
    """Where it is noticed half-way, the query goes on behind what it has."""
    query = {"selector": {"town": {"$gt": ""}, "age": {"$gte": 0}}, "limit": 2_000, "execution_stats": True}
    wanted = people("POST", "/north/_find", query).get_json()["docs"]
    assert len(wanted) == 1_000
    lookup = people.store.database("north").file.lookup
    sound = lookup.read_bytes()
    made_anew = 0
    for start in range(0, len(sound), size := int.from_bytes(sound[16:18])):
        lookup.write_bytes(sound[:start] + b"\xff" * size + sound[start + size :])
        told = people("POST", "/north/_find", query)
        assert told.status_code == 200, told.get_json()
        assert told.get_json()["docs"] == wanted
        made_anew += lookup.read_bytes()[start : start + size] != b"\xff" * size
    assert made_anew > 5


def test_a_query_of_a_database_that_is_gone_leaves_no_entries(people: Caller) -> None:
    database = people.store.database("north")
    places = Lookup(database.file.lookup, database).places(BY_NAME, [BY_NAME], Range())
    people.store.delete("north")
    with pytest.raises(NotFound):
        next(places)
    assert not database.file.lookup.exists()


def test_what_is_wrong_with_the_database_is_no_fault_of_its_entries(people: Caller) -> None:
    examined(people, {"town": "t3", "age": 40})
    database = people.store.database("north")
    with closing(sqlite3.connect(database.path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'meta'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
    with database.path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    kept = database.file.lookup.read_bytes()
    with ThreadPoolExecutor(1) as another, pytest.raises(Damaged):  # whose connection has nothing in memory
        another.submit(list, Lookup(database.file.lookup, database).places(BY_NAME, [BY_NAME], Range())).result()
    assert database.file.lookup.read_bytes() == kept


def numbers(database: EmbeddedDatabase) -> list[int]:
    """Of the indexes that have entries."""
    with closing(sqlite3.connect(database.file.lookup)) as connection:
        return [number for [number] in connection.execute("SELECT number FROM made")]


def test_entries_that_somebody_takes_away_are_still_there_for_who_found_them(
    people: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding and reading them, somebody comes who has heard of another index alone."""
    database = people.store.database("north")
    others = iter([Lookup(database.file.lookup, database).places(Index(None, "", (("age", "asc"),)), [], Range())])

    def query(*about: Any) -> Any:
        for other in others:
            assert len(list(other)) == 1_000
            assert found_number not in numbers(database)
        return original(*about)

    original = lookup_module._query
    mine = Lookup(database.file.lookup, database)
    assert len(list(mine.places(BY_NAME, [BY_NAME], Range()))) == 1_000
    [found_number] = numbers(database)
    monkeypatch.setattr(lookup_module, "_query", query)
    assert len(list(mine.places(BY_NAME, [BY_NAME], Range()))) == 1_000


def test_who_has_older_news_than_the_entries_makes_nothing_anew(
    people: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = people.store.database("north")
    mine = Lookup(database.file.lookup, database)
    before = len(list(mine.places(BY_NAME, [BY_NAME], Range()))), numbers(database)
    original = EmbeddedDatabase.info
    asked = itertools.count()

    def info(database: EmbeddedDatabase) -> Info:
        old = original(database)
        if next(asked) == 1:  # the first time is when the file is opened, which one does at a time
            database.put({"_id": "news", "name": "news"})
            assert len(list(mine.places(BY_NAME, [BY_NAME], Range()))) == before[0] + 1
        return old

    monkeypatch.setattr(EmbeddedDatabase, "info", info)
    after = len(list(mine.places(BY_NAME, [BY_NAME], Range()))), numbers(database)
    assert after == (before[0] + 1, before[1])


def test_who_asks_while_the_entries_are_taken_away_is_answered_all_the_same(call: Caller) -> None:
    database = call.store.database("north")
    database.put_many([{"_id": f"p{n}", "town": f"t{n % 5}"} for n in range(100)])
    call("POST", "/north/_index", {"index": {"fields": ["town"]}, "ddoc": "towns", "name": "by-town"})
    query = {"selector": {"town": "t3"}, "limit": 100}
    wanted = [f"p{n}" for n in sorted(map(str, range(3, 100, 5)))]

    def ask(caller: Caller) -> list[tuple[int, list[str]]]:
        told = [caller("POST", "/north/_find", query) for _ in range(50)]
        return [(each.status_code, [doc["_id"] for doc in each.get_json().get("docs", ())]) for each in told]

    callers = [Caller(call.store) for _ in range(4)]
    with ThreadPoolExecutor(len(callers)) as threads:
        asked = [threads.submit(ask, caller) for caller in callers]
        while not all(each.done() for each in asked):
            rev = database.put({"_id": "gone", "town": "t3-gone"})
            database.purge({"gone": [rev]})
    answers = [answer for each in asked for answer in each.result()]
    assert answers == [(200, wanted)] * len(callers) * 50


def test_entries_of_an_index_that_is_gone_go_when_another_is_made(people: Caller) -> None:
    examined(people, {"town": "t3", "age": 40})
    people("DELETE", "/north/_index/_design/places/json/by-town-and-age")
    people("POST", "/north/_index", {"index": {"fields": ["name"]}, "ddoc": "names", "name": "by-name"})
    assert examined(people, {"name": "n7"}) == (1, 1)
    with closing(sqlite3.connect(people.store.database("north").file.lookup)) as connection:
        assert connection.execute("SELECT count(DISTINCT number), count(*) FROM entry").fetchone() == (1, 1_000)


def test_an_index_that_came_by_replication_and_is_none_is_passed_over(people: Caller) -> None:
    view = {"map": {"fields": {"name": "asc"}, "partial_filter_selector": {"a": {"$strange": 1}}}}
    design = {"_id": "_design/odd", "language": "query", "views": {"odd": view, "none": {"map": {"fields": {}}}}}
    people.store.database("north").put(design)
    assert people("GET", "/north/_index").get_json()["total_rows"] == 2
    assert examined(people, {"name": "n7"})[1] == 1


def test_a_file_of_entries_is_no_database_and_in_no_backup(people: Caller, tmp_path: Path) -> None:
    examined(people, {"town": "t3", "age": 40})
    assert people.store.database("north").file.lookup.exists()
    assert people.store.names() == ["north"]
    back_up({"north": people.store.database("north").path}, [], tmp_path / "backup", made="", version="", told=print)
    assert not list((tmp_path / "backup").rglob("*.lookup*"))
