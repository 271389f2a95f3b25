"""Contract: revisions that were made elsewhere, the winner among them, and which of them are missing."""

from __future__ import annotations

from typing import Any

import pytest

from sync.store import BadRequest, Conflict, Database, Document, Missing, NotFound
from tests.contract.revisions import A, B, C, D, revision, revs


def store(database: Database, *docs: Document) -> None:
    assert database.put_revisions(docs) == []


def test_a_revision_is_kept_as_it_is_with_its_ancestry(database: Database) -> None:
    store(database, revision("a", C, B, A, n=3))
    assert database.get("a") == {"_id": "a", "_rev": f"3-{C}", "n": 3}
    [leaf] = database.leaves("a")
    assert leaf == {"_id": "a", "_rev": f"3-{C}", "n": 3, "_revisions": {"start": 3, "ids": [C, B, A]}}


def test_an_ancestor_that_never_came_has_no_body(database: Database) -> None:
    store(database, revision("a", B, A))
    with pytest.raises(NotFound, match="missing"):
        database.get("a", f"1-{A}")


def test_an_unknown_document_has_no_leaves(database: Database) -> None:
    assert database.leaves("a") == []


def test_the_same_revision_twice_is_one_and_no_change(database: Database) -> None:
    store(database, revision("a", B, A, n=1))
    before = database.info()
    store(database, revision("a", B, A, n=1))
    store(database, revision("a", A))
    assert database.info() == before
    assert revs(database, "a") == [f"2-{B}"]


def test_revisions_of_one_document_in_one_batch_are_all_kept(database: Database) -> None:
    store(database, revision("a", B, A), revision("a", C, A), revision("a", D, C, A), revision("b", A))
    assert revs(database, "a") == [f"2-{B}", f"3-{D}"]
    assert database.info().doc_count == 2


def test_branches_are_conflicts_until_they_are_deleted(database: Database) -> None:
    store(database, revision("a", A), revision("a", B, A, n=1), revision("a", C, A, n=2))
    assert database.get("a", conflicts=True)["_conflicts"] == [f"2-{B}"]
    assert "_conflicts" not in database.get("a")
    database.put({"_id": "a", "_rev": f"2-{B}", "_deleted": True})
    assert "_conflicts" not in database.get("a", conflicts=True)
    assert len(revs(database, "a")) == 2


def test_leaves_that_are_known_are_left_out(database: Database) -> None:
    store(database, revision("a", A), revision("a", B), revision("a", C, _deleted=True))
    assert [leaf["_rev"] for leaf in database.leaves("a", known=[f"1-{B}"])] != []
    assert {leaf["_rev"] for leaf in database.leaves("a", known=[f"1-{B}"])} == {f"1-{A}", f"1-{C}"}
    assert database.leaves("a", known=[f"1-{each}" for each in (A, B, C)]) == []


def test_a_tombstone_never_wins_over_a_live_leaf(database: Database) -> None:
    store(database, revision("a", A, n=1), revision("a", D, C, B, _deleted=True))
    assert database.get("a") == {"_id": "a", "_rev": f"1-{A}", "n": 1}
    assert database.info().doc_count == 1


def test_the_longer_history_wins(database: Database) -> None:
    store(database, revision("a", D), revision("a", B, A))
    assert database.get("a")["_rev"] == f"2-{B}"


def test_generations_are_compared_as_numbers(database: Database) -> None:
    store(database, revision("a", D, start=9), revision("a", A, start=10))
    assert database.get("a")["_rev"] == f"10-{A}"


def test_among_equal_histories_the_greater_hash_wins(database: Database) -> None:
    store(database, revision("a", A), revision("a", C), revision("a", B))
    assert database.get("a", conflicts=True)["_rev"] == f"1-{C}"
    assert set(database.get("a", conflicts=True)["_conflicts"]) == {f"1-{A}", f"1-{B}"}


def test_among_tombstones_the_longest_history_wins_and_the_document_is_deleted(database: Database) -> None:
    store(database, revision("a", D, _deleted=True), revision("a", B, A, _deleted=True))
    with pytest.raises(NotFound, match="deleted"):
        database.get("a")
    assert database.changes().results[0].revs == (f"2-{B}",)
    assert (database.info().doc_count, database.info().doc_del_count) == (0, 1)


def test_the_loser_comes_up_when_the_winner_is_deleted(database: Database) -> None:
    store(database, revision("a", A, n=1), revision("a", B, n=2))
    database.put({"_id": "a", "_rev": f"1-{B}", "_deleted": True})
    assert database.get("a") == {"_id": "a", "_rev": f"1-{A}", "n": 1}
    assert (database.info().doc_count, database.info().doc_del_count) == (1, 0)


def test_a_losing_leaf_can_be_built_on(database: Database) -> None:
    store(database, revision("a", A), revision("a", B))
    rev = database.put({"_id": "a", "_rev": f"1-{A}", "n": 1})
    assert revs(database, "a") == sorted([rev, f"1-{B}"])
    assert database.get("a")["_rev"] == rev
    with pytest.raises(Conflict):
        database.put({"_id": "a", "_rev": f"1-{A}"})


@pytest.mark.parametrize(
    "broken",
    [
        {"_rev": "nonsense"},
        {"_rev": 5},
        {"_rev": f"0-{A}"},
        {"_rev": f"2-{A}", "_revisions": {"start": 1, "ids": [A]}},
        {"_rev": f"1-{A}", "_revisions": {"start": 1, "ids": []}},
        {"_rev": f"1-{A}", "_revisions": {"start": 1, "ids": [A, B]}},
        {"_rev": f"1-{A}", "_revisions": {"start": "1", "ids": [A]}},
        {"_rev": f"1-{A}", "_revisions": [A]},
    ],
)
def test_a_contradictory_history_is_refused(database: Database, broken: dict[str, Any]) -> None:
    [refused] = database.put_revisions([{"_id": "a", **broken}])
    assert (refused.id, refused.rev is None or refused.rev == broken["_rev"]) == ("a", True)
    assert isinstance(refused.error, BadRequest)
    assert database.info().doc_count == 0


def test_missing_revisions_are_those_that_are_not_in_the_tree(database: Database) -> None:
    store(database, revision("a", C, B, A))
    asked = {"a": [f"1-{A}", f"3-{C}", f"4-{D}"], "b": [f"1-{A}"], "known": []}
    missing = database.missing_revisions(asked)
    assert missing == {"a": Missing((f"4-{D}",), (f"3-{C}",)), "b": Missing((f"1-{A}",), ())}
    assert database.missing_revisions({"a": [f"2-{B}"]}) == {}
    assert database.missing_revisions({}) == {}
