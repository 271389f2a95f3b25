"""Contract: the changes feed."""

from __future__ import annotations

import threading
import time

from sync.store import Changes, Database
from tests.contract.revisions import A, B, C, revision


def ids(page: Changes) -> list[str]:
    return [change.id for change in page.results]


def written(database: Database, count: int) -> None:
    assert all(each.rev for each in database.put_many([{"_id": f"doc:{n}", "n": n} for n in range(count)]))


def test_an_empty_database_has_no_changes(database: Database) -> None:
    assert database.changes().results == ()


def test_each_document_is_told_once_at_its_latest_change(database: Database) -> None:
    rev = database.put({"_id": "a"})
    database.put({"_id": "b"})
    latest = database.put({"_id": "a", "_rev": rev, "n": 2})
    page = database.changes()
    assert sorted(ids(page)) == ["a", "b"]
    [told] = [change for change in page.results if change.id == "a"]
    assert (told.revs, told.deleted, told.doc) == ((latest,), False, None)


def test_changes_go_on_where_the_last_page_ended(database: Database) -> None:
    database.put({"_id": "a"})
    place = database.changes().last_seq
    assert database.changes(place).results == ()
    database.put({"_id": "b"})
    page = database.changes(place)
    assert ids(page) == ["b"]
    assert database.changes(page.results[-1].seq).results == ()
    assert database.changes(page.last_seq).results == ()


def test_the_update_sequence_of_a_database_is_a_place_in_its_feed(database: Database) -> None:
    database.put({"_id": "a"})
    place = database.info().update_seq
    database.put({"_id": "b"})
    assert ids(database.changes(place)) == ["b"]


def test_pages_together_tell_every_document_once(database: Database) -> None:
    written(database, 10)
    place, told = database.changes(limit=1).last_seq, ids(database.changes(limit=1))
    while (page := database.changes(place, limit=4)).results:
        assert len(page.results) <= 4
        told += ids(page)
        place = page.last_seq
    assert sorted(told) == [f"doc:{n}" for n in range(10)]


def test_pending_is_nothing_on_the_last_page_only(database: Database) -> None:
    written(database, 4)
    page = database.changes(limit=3)
    assert page.pending > 0
    assert database.changes(page.last_seq).pending == 0


def test_bodies_come_where_they_are_asked_for(database: Database) -> None:
    assert database.put_revisions([revision("a", A, n=1), revision("a", B, n=2)]) == []
    [change] = database.changes(include_docs=True).results
    assert change.doc == {"_id": "a", "_rev": f"1-{B}", "n": 2}


def test_leaves_come_where_they_are_asked_for_and_the_winner_first(database: Database) -> None:
    leaves = [revision("a", A), revision("a", B), revision("a", C, _deleted=True)]
    assert database.put_revisions(leaves) == []
    [change] = database.changes(all_leaves=True).results
    assert change.revs[0] == f"1-{B}"
    assert set(change.revs) == {f"1-{A}", f"1-{B}", f"1-{C}"}
    assert not change.deleted
    assert database.changes().results[0].revs == (f"1-{B}",)


def test_a_deletion_is_told(database: Database) -> None:
    rev = database.put({"_id": "a", "n": 1})
    place = database.changes().last_seq
    tomb = database.put({"_id": "a", "_rev": rev, "_deleted": True})
    [change] = database.changes(place, include_docs=True).results
    assert (change.id, change.revs, change.deleted) == ("a", (tomb,), True)
    assert change.doc == {"_id": "a", "_rev": tomb, "_deleted": True}


def test_a_new_losing_branch_is_a_change_too(database: Database) -> None:
    assert database.put_revisions([revision("a", B)]) == []
    place = database.changes().last_seq
    assert database.put_revisions([revision("a", A)]) == []
    [change] = database.changes(place, all_leaves=True).results
    assert change.revs == (f"1-{B}", f"1-{A}")


def test_a_selector_leaves_out_what_it_does_not_match(database: Database) -> None:
    written(database, 6)
    page = database.changes(selector={"n": {"$gte": 4}})
    assert sorted(ids(page)) == ["doc:4", "doc:5"]
    assert database.changes(page.last_seq).results == ()


def test_a_limit_counts_what_the_selector_lets_through(database: Database) -> None:
    for n in range(12):
        database.put({"_id": f"doc:{n:02}", "kind": "rare" if n % 4 == 3 else "common"})
    none = database.changes(limit=1, selector={"kind": "none"})
    assert none.results == ()
    assert database.changes(none.last_seq).results == ()
    page = database.changes(limit=2, selector={"kind": "rare"})
    assert len(page.results) == 2
    told = ids(page) + ids(database.changes(page.last_seq, limit=2, selector={"kind": "rare"}))
    assert sorted(told) == ["doc:03", "doc:07", "doc:11"]


def test_a_wait_ends_when_something_is_written(database: Database) -> None:
    place = database.changes().last_seq
    timer = threading.Timer(0.2, lambda: database.put({"_id": "late"}))
    timer.start()
    started = time.monotonic()
    page = database.changes(place, wait=20)
    timer.join()
    assert ids(page) == ["late"]
    assert time.monotonic() - started < 10


def test_a_wait_ends_by_itself(database: Database) -> None:
    place = database.changes().last_seq
    assert database.changes(place, wait=0.2).results == ()


def test_a_wait_ends_when_it_is_stopped(database: Database) -> None:
    stop = threading.Event()
    timer = threading.Timer(0.2, stop.set)
    timer.start()
    started = time.monotonic()
    assert database.changes(database.changes().last_seq, wait=30, stop=stop).results == ()
    timer.join()
    assert time.monotonic() - started < 10
