"""Contract: reading, writing and listing documents."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sync.store import BadRequest, Conflict, Database, Document, NotFound, Row, StoreError
from tests.contract.revisions import A, B, revision, revs

NO_REV = "1-" + "0" * 32


def test_a_new_document_gets_a_first_revision(database: Database) -> None:
    rev = database.put({"_id": "a", "text": "走访", "list": [1, 2.5, None, True, {"x": {}}]})
    assert re.fullmatch(r"1-[0-9a-f]{32}", rev)
    assert database.get("a") == {"_id": "a", "_rev": rev, "text": "走访", "list": [1, 2.5, None, True, {"x": {}}]}


def test_an_update_builds_on_the_revision_that_it_names(database: Database) -> None:
    first = database.put({"_id": "a", "n": 1})
    second = database.put({"_id": "a", "_rev": first, "n": 2})
    assert re.fullmatch(r"2-[0-9a-f]{32}", second)
    assert database.get("a") == {"_id": "a", "_rev": second, "n": 2}
    assert database.get("a", first)["n"] == 1
    assert revs(database, "a") == [second]


def test_a_document_that_is_there_is_not_overwritten_by_a_new_one(database: Database) -> None:
    rev = database.put({"_id": "a", "n": 1})
    with pytest.raises(Conflict):
        database.put({"_id": "a", "n": 2})
    assert database.get("a") == {"_id": "a", "_rev": rev, "n": 1}


def test_a_revision_that_is_no_leaf_any_more_cannot_be_built_on(database: Database) -> None:
    first = database.put({"_id": "a"})
    second = database.put({"_id": "a", "_rev": first, "n": 2})
    with pytest.raises(Conflict):
        database.put({"_id": "a", "_rev": first, "n": 3})
    assert revs(database, "a") == [second]


def test_a_revision_of_a_document_that_is_not_there_cannot_be_built_on(database: Database) -> None:
    with pytest.raises(Conflict):
        database.put({"_id": "a", "_rev": NO_REV})


def test_what_is_missing_is_told_from_what_is_deleted(database: Database) -> None:
    with pytest.raises(NotFound, match="missing"):
        database.get("a")
    rev = database.put({"_id": "a"})
    with pytest.raises(NotFound, match="missing"):
        database.get("a", NO_REV)
    database.put({"_id": "a", "_rev": rev, "_deleted": True})
    with pytest.raises(NotFound, match="deleted"):
        database.get("a")


def test_a_tombstone_is_read_by_its_revision_and_keeps_what_was_written_in_it(database: Database) -> None:
    first = database.put({"_id": "a", "n": 1})
    tomb = database.put({"_id": "a", "_rev": first, "_deleted": True, "why": "twice"})
    assert database.get("a", tomb) == {"_id": "a", "_rev": tomb, "_deleted": True, "why": "twice"}
    [leaf] = database.leaves("a")
    assert leaf["_deleted"] is True
    assert leaf["_revisions"] == {"start": 2, "ids": [tomb[2:], first[2:]]}


def test_a_deleted_document_may_be_written_anew_on_top_of_its_tombstone(database: Database) -> None:
    first = database.put({"_id": "a"})
    tomb = database.put({"_id": "a", "_rev": first, "_deleted": True})
    anew = database.put({"_id": "a", "n": 1})
    assert anew.startswith("3-")
    [leaf] = database.leaves("a")
    assert leaf["_revisions"]["ids"] == [anew[2:], tomb[2:], first[2:]]


def test_each_document_of_a_batch_has_an_outcome_of_its_own(database: Database) -> None:
    rev = database.put({"_id": "b"})
    docs: list[Document] = [{"_id": "a"}, {"_id": "b", "n": 2}, {"_id": "c"}, {"_id": "b", "_rev": rev, "n": 3}]
    outcomes = database.put_many(docs)
    assert [outcome.id for outcome in outcomes] == ["a", "b", "c", "b"]
    assert [outcome.rev is not None for outcome in outcomes] == [True, False, True, True]
    assert isinstance(outcomes[1].error, Conflict)
    assert database.get("b")["n"] == 3
    assert database.info().doc_count == 3


def test_an_empty_batch_is_no_change(database: Database) -> None:
    before = database.info().update_seq
    assert database.put_many([]) == []
    assert database.put_revisions([]) == []
    assert database.info().update_seq == before


@pytest.mark.parametrize(
    "doc",
    [
        {"_id": ""},
        {"_id": "_mine"},
        {"_id": 5},
        {"_id": "a", "_strange": 1},
        {"_id": "a", "_rev": "nonsense"},
        {"_id": "a", "_deleted": "yes"},
        {"_id": "a", "_attachments": {"file": {"data": "%"}}},
    ],
)
def test_a_malformed_document_is_refused_and_leaves_nothing(database: Database, doc: Document) -> None:
    [sound, broken] = database.put_many([{"_id": "sound"}, doc])
    assert sound.rev
    assert isinstance(broken.error, StoreError)
    assert not broken.error.retry
    assert [row.id for row in database.all()] == ["sound"]


def test_what_is_not_json_is_refused(database: Database) -> None:
    with pytest.raises(BadRequest):
        database.put({"_id": "a", "x": object()})
    with pytest.raises(BadRequest):
        database.put({"_id": "a", "x": "\ud800"})
    with pytest.raises(BadRequest):
        database.put({"_id": "\ud800"})


def test_a_document_too_deep_to_be_answered_is_refused(database: Database) -> None:
    for depth in range(190, 300):
        deep: Any = 1
        for _ in range(depth):
            deep = [deep]
        [outcome] = database.put_many([{"_id": f"deep:{depth}", "x": deep}])
        assert outcome.error is None or isinstance(outcome.error, BadRequest)
    kept = database.info().doc_count
    assert kept > 0
    assert len(database.all(include_docs=True)) == kept
    assert len(database.changes(include_docs=True).results) == kept
    for row in database.all():
        assert database.leaves(row.id)


def test_documents_are_listed_by_id_without_the_deleted_ones(database: Database) -> None:
    database.put_many([{"_id": doc_id} for doc_id in ("b", "a", "B", "走", "a:1", "c")])
    rev = database.get("c")["_rev"]
    database.put({"_id": "c", "_rev": rev, "_deleted": True})
    ids = [row.id for row in database.all()]
    assert sorted(ids) == sorted(["B", "a", "a:1", "b", "走"])
    assert ids.index("a") < ids.index("a:1") < ids.index("b") < ids.index("走")
    assert {row.doc is None for row in database.all()} == {True}


def test_a_range_holds_both_of_its_ends(database: Database) -> None:
    database.put_many([{"_id": f"record:{n}"} for n in range(6)])
    assert [row.id for row in database.all(start="record:2", end="record:4")] == ["record:2", "record:3", "record:4"]
    assert [row.id for row in database.all(start="record:4")] == ["record:4", "record:5"]
    assert [row.id for row in database.all(end="record:1")] == ["record:0", "record:1"]
    assert [row.id for row in database.all(start="record:2", limit=2)] == ["record:2", "record:3"]
    assert database.all(limit=0) == []
    assert database.all(start="x") == []


def test_keys_are_answered_in_their_order_and_only_those_that_are_live(database: Database) -> None:
    written = {each.id: each.rev for each in database.put_many([{"_id": "a", "n": 1}, {"_id": "b"}, {"_id": "c"}])}
    database.put({"_id": "b", "_rev": written["b"], "_deleted": True})
    rows = database.all(keys=["c", "none", "b", "a"])
    assert rows == [Row("c", str(written["c"])), Row("a", str(written["a"]))]
    [row] = database.all(keys=["a"], include_docs=True)
    assert row.doc == {"_id": "a", "_rev": written["a"], "n": 1}
    assert database.all(keys=[]) == []


def test_a_listing_shows_the_winner_s_body(database: Database) -> None:
    assert database.put_revisions([revision("a", A, n=1), revision("a", B, n=2)]) == []
    [row] = database.all(include_docs=True)
    assert row == Row("a", f"1-{B}", {"_id": "a", "_rev": f"1-{B}", "n": 2})
