"""What the gate is told of what stood before: the nearest ancestor whose body is here, as in CouchDB."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.kept import ROWS
from sync.store import Document, Forbidden, UserContext
from tests.contract.revisions import A, B, C, D, revision

USER = UserContext("li.wei")


class Listener:
    """A gate that lets everything through, and keeps what it was told stood before."""

    def __init__(self) -> None:
        self.heard: list[Document | None] = []

    def __call__(
        self, doc: Document, old: Document | None, user: UserContext, security: Mapping[str, Any], **limits: Any
    ) -> None:
        self.heard.append(old)

    def numbers(self) -> list[Any]:
        """What `n` was in each, None where nothing stood before."""
        return [old and old["n"] for old in self.heard]


@pytest.fixture
def gate() -> Listener:
    return Listener()


@pytest.fixture
def database(tmp_path: Path, gate: Listener) -> EmbeddedDatabase:
    return EmbeddedStore(tmp_path, gate=gate).create("north")


def write(database: EmbeddedDatabase, *docs: Document) -> None:
    assert database.put_revisions(docs) == []


def test_nothing_stood_before_a_new_document(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1), revision("b", B, C, n=1))
    database.put({"_id": "c", "n": 1})
    assert gate.numbers() == [None, None, None]


def test_a_revision_is_held_against_its_parent(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", B, A, n=2))
    database.put({"_id": "a", "_rev": f"2-{B}", "n": 3})
    assert gate.numbers() == [None, 1, 2]
    assert gate.heard[-1] == {"_id": "a", "_rev": f"2-{B}", "n": 2}


def test_where_its_parent_never_came_it_is_held_against_what_stood_before_that(
    database: EmbeddedDatabase, gate: Listener
) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", D, C, B, A, n=4))
    assert gate.numbers() == [None, 1]


def test_the_nearest_of_several_ancestors_counts(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", B, A, n=2))
    write(database, revision("a", D, C, B, A, n=4))
    assert gate.numbers() == [None, 1, 2]


def test_an_ancestor_that_is_not_named_is_found_in_the_tree(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", C, B, A, n=3))
    write(database, revision("a", D, B, start=3, n=4))
    assert gate.numbers() == [None, 1, 1]


def test_a_branch_that_shares_no_known_ancestor_is_held_against_nothing(
    database: EmbeddedDatabase, gate: Listener
) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", D, C, n=2))
    assert gate.numbers() == [None, None]


def test_what_was_compacted_away_is_passed_over(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1))
    write(database, revision("a", B, A, n=2))
    database.compact()
    write(database, revision("a", C, A, n=3))
    assert gate.numbers() == [None, 1, None]


def test_revisions_of_one_batch_are_held_against_each_other(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("a", A, n=1), revision("a", B, A, n=2), revision("a", D, C, B, A, n=4))
    assert gate.numbers() == [None, 1, 2]


def test_what_the_gate_refuses_is_held_against_nobody(tmp_path: Path) -> None:
    def refuses_two(doc: Document, *_: Any, **__: Any) -> None:
        if doc["n"] == 2:
            raise Forbidden("two")

    database = EmbeddedStore(tmp_path, gate=refuses_two).create("north")
    refused = database.put_revisions([revision("a", A, n=1), revision("a", B, A, n=2), revision("a", C, A, n=3)])
    assert [(each.id, each.rev) for each in refused] == [("a", f"2-{B}")]
    assert database.get("a")["n"] == 3
    assert database.tree("a").parents.keys() == {f"1-{A}", f"2-{C}"}


def test_a_tombstone_that_is_followed_says_that_it_is_one(database: EmbeddedDatabase, gate: Listener) -> None:
    rev = database.put({"_id": "a", "n": 1})
    gone = database.put({"_id": "a", "_rev": rev, "_deleted": True, "n": 2})
    database.put({"_id": "a", "n": 3})
    assert gate.heard[-1] == {"_id": "a", "_rev": gone, "_deleted": True, "n": 2}


def test_attachments_are_kept_across_an_ancestor_that_never_came(database: EmbeddedDatabase) -> None:
    file = {"content_type": "text/plain", "data": "YQ=="}
    write(database, revision("a", A, n=1, _attachments={"file": file}))
    stub = database.get("a")["_attachments"]["file"]
    write(database, revision("a", C, B, A, n=3, _attachments={"file": stub}))
    assert b"".join(database.attachment("a", "file").chunks) == b"a"


@pytest.mark.parametrize("count", [1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 5])
def test_batches_of_any_length_are_kept_whole(database: EmbeddedDatabase, count: int) -> None:
    """Rows are written several to a statement, and the rest one by one."""
    first = [revision(f"doc {number}", A, n=number) for number in range(count)]
    write(database, *first)
    second = [revision(f"doc {number}", B, A, n=-number) for number in range(count)]
    new = revision("new", A, n=0)
    assert [each.id for each in database.put_revisions([*second, new, {**new, "_id": "_wrong"}])] == ["_wrong"]
    found = {row.id: row.doc for row in database.all(include_docs=True)}
    assert found == {doc["_id"]: database.get(doc["_id"]) for doc in [*second, new]}
    assert [database.get(f"doc {number}")["n"] for number in range(count)] == [-number for number in range(count)]
    assert [database.get(f"doc {number}", f"1-{A}")["n"] for number in range(count)] == list(range(count))
    assert database.info().doc_count == count + 1


def test_a_member_that_couchdb_does_not_know_is_refused_however_often_it_comes(database: EmbeddedDatabase) -> None:
    for number in range(3):
        [refused] = database.put_revisions([{**revision(f"doc {number}", A), "_unknown": 1, "known": 1}])
        assert (refused.error.code if refused.error else None) == "doc_validation"
        write(database, {**revision(f"other {number}", A), "known": 1})


def test_a_batch_may_bring_a_document_twice_beside_others(database: EmbeddedDatabase, gate: Listener) -> None:
    write(database, revision("known", A, n=0))
    gone = {**revision("gone", A, n=2), "_deleted": True}
    again = [revision("new", B, A, n=3), revision("new", C, n=4), revision("new", B, A, n=3)]
    write(database, revision("new", A, n=1), revision("known", B, A, n=1), gone, *again)
    assert gate.numbers() == [None, None, 0, None, 1, None, None]
    feed = [(change.id, change.deleted, set(change.revs)) for change in database.changes(all_leaves=True).results]
    assert feed == [
        ("new", False, {f"2-{B}", f"1-{C}"}),
        ("known", False, {f"2-{B}"}),
        ("gone", True, {f"1-{A}"}),
    ]
    assert [database.get("new", rev)["n"] for rev in (f"1-{A}", f"2-{B}", f"1-{C}")] == [1, 3, 4]
    info = database.info()
    assert (info.doc_count, info.doc_del_count) == (2, 1)
