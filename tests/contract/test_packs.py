"""Packs over every store: all leaves with their history, and a place from which the feed goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from sync import pack
from sync.store import Changes, Database, Document
from tests.contract.revisions import A, B, C, D, revision


def packed(database: Database) -> tuple[Document, list[Document], Document]:
    head, *leaves, end = map(orjson.loads, pack.lines(database))
    return head, leaves, end["end"]


def some(database: Database) -> None:
    """A first revision, one with a history, a conflict, a deletion, a deleted branch."""
    docs = [
        revision("alone", A, n=1),
        revision("changed", C, B, A, n=3),
        revision("conflict", B, A, n=1),
        revision("conflict", C, A, n=2),
        revision("deleted", B, A, _deleted=True, edits=["kept"]),
        revision("branch", B, A, n=1),
        revision("branch", D, A, _deleted=True),
    ]
    assert database.put_revisions(docs) == []


def test_a_pack_holds_every_leaf_with_its_history(database: Database) -> None:
    some(database)
    head, leaves, end = packed(database)
    wanted = [leaf for name in ("alone", "branch", "changed", "conflict", "deleted") for leaf in database.leaves(name)]
    assert sorted(leaves, key=lambda leaf: (leaf["_id"], leaf["_rev"])) == sorted(
        wanted, key=lambda leaf: (leaf["_id"], leaf["_rev"])
    )
    assert len(leaves) == 7
    assert head["documents"] == end["documents"] == 5
    assert end["leaves"] == 7


def test_the_feed_goes_on_where_the_pack_says(database: Database) -> None:
    some(database)
    head, _, _ = packed(database)
    assert database.changes(head["since"]).results == ()
    database.put({"_id": "later"})
    assert [change.id for change in database.changes(head["since"]).results] == ["later"]


def test_what_is_written_while_a_pack_is_made_is_told_by_the_feed(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(pack, "PAGE_DOCUMENTS", 1)
    some(database)
    head, *rest = _writing_half_way(database)
    later = {change.id for change in database.changes(head["since"]).results}
    assert "meanwhile" in later
    assert {leaf["_id"] for leaf in rest if "_id" in leaf} >= {"alone", "changed", "conflict", "deleted", "branch"}


def _writing_half_way(database: Database) -> Iterator[Document]:
    for number, line in enumerate(pack.lines(database)):
        if number == 2:
            database.put({"_id": "meanwhile"})
        yield orjson.loads(line)


def test_a_pack_of_pages_is_the_same_as_one_of_a_single_page(database: Database, monkeypatch: Any) -> None:
    some(database)
    _, whole, _ = packed(database)
    monkeypatch.setattr(pack, "PAGE_DOCUMENTS", 2)
    _, paged, _ = packed(database)
    assert paged == whole


def test_an_empty_database_has_a_pack(database: Database) -> None:
    head, leaves, end = packed(database)
    assert (head["documents"], leaves, end) == (0, [], {"documents": 0, "leaves": 0})
    assert isinstance(database.changes(head["since"]), Changes)
