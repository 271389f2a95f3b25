"""Revision trees: the same whatever order their revisions arrive in."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.embedded import EmbeddedStore
from sync.embedded.tree import Tree
from sync.store import Database, Document, NotFound
from tests.contract.revisions import A, B, C, D, revision, revs

Parents = list[int | None]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    return EmbeddedStore(tmp_path_factory.mktemp("trees"))


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return EmbeddedStore(tmp_path).create("north")


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[list[str], bool]]:
    """The revisions of a random tree, each with its ancestry (newest first) and whether it is a tombstone."""
    paths: list[list[str]] = []
    for number in range(draw(st.integers(1, 10))):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else None
        above = [] if parent is None else paths[parent]
        digest = draw(st.integers(0, 15))
        paths.append([f"{len(above) + 1}-{digest:x}{number:031x}", *above])
    return [(path, draw(st.booleans())) for path in paths]


def document(path: list[str], *, deleted: bool) -> Document:
    doc = revision("a", *(rev.partition("-")[2] for rev in path))
    return {**doc, "of": path[0]} | ({"_deleted": True} if deleted else {})


def state(database: Database) -> tuple[list[Document], str, int, int]:
    """Leaves with their ancestry, the winner, and the counts."""
    info = database.info()
    return database.leaves("a"), database.changes().results[0].revs[0], info.doc_count, info.doc_del_count


@given(histories(), st.randoms(use_true_random=False))
def test_winner_and_leaves_do_not_depend_on_the_order_of_arrival(
    history: list[tuple[list[str], bool]], rng: random.Random
) -> None:
    trees = []
    for _ in range(3):
        tree = Tree()
        for path, deleted in rng.sample(history, len(history)):
            tree.insert(path, deleted=deleted)
        trees.append(tree)
    first = trees[0]
    inner = {path[1] for path, _ in history if len(path) > 1}
    assert set(first.leaves) == {path[0] for path, _ in history} - inner
    assert all(tree.ranked() == first.ranked() and tree.parents == first.parents for tree in trees)
    assert first.winner() == first.ranked()[0]


@given(histories(), st.data())
def test_histories_in_pieces_add_up_to_the_same_leaves(
    history: list[tuple[list[str], bool]], data: st.DataObject
) -> None:
    """A peer may have forgotten old ancestors; once every link was told, in whatever order, nothing dangles."""
    pieces = [(path[:2], deleted) for path, deleted in history]
    tree, whole = Tree(), Tree()
    for path, deleted in data.draw(st.permutations(pieces)):
        tree.insert(path, deleted=deleted)
    for path, deleted in history:
        whole.insert(path, deleted=deleted)
    assert tree.parents == whole.parents
    assert tree.leaves.keys() == whole.leaves.keys()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories(), st.data())
def test_two_stores_that_exchange_what_they_lack_are_equal(
    store: EmbeddedStore, history: list[tuple[list[str], bool]], data: st.DataObject
) -> None:
    inner = {path[1] for path, _ in history if len(path) > 1}
    leaves = [document(path, deleted=deleted) for path, deleted in history if path[0] not in inner]
    here, there = (store.create(f"d{len(store.names())}") for _ in range(2))
    try:
        for database in (here, there):
            for doc in data.draw(st.permutations(data.draw(st.lists(st.sampled_from(leaves), unique_by=id)))):
                assert database.put_revisions([doc]) == []
        replicate(here, there)
        replicate(there, here)
        if here.info().update_seq:
            assert state(here) == state(there)
        assert here.missing_revisions({"a": [leaf["_rev"] for leaf in there.leaves("a")]}) == {}
    finally:
        store.delete(here.name)
        store.delete(there.name)


def replicate(source: Database, target: Database) -> None:
    """What a replicator does: ask what is missing, and hand over those revisions."""
    for change in source.changes(all_leaves=True).results:
        missing = target.missing_revisions({change.id: change.revs}).get(change.id)
        wanted = [leaf for leaf in source.leaves(change.id) if missing and leaf["_rev"] in missing.missing]
        assert target.put_revisions(wanted) == []


def test_a_history_that_comes_later_joins_what_was_known_without_it(database: Database) -> None:
    assert database.put_revisions([revision("a", A), revision("a", C, start=3)]) == []
    assert revs(database, "a") == [f"1-{A}", f"3-{C}"]
    assert database.put_revisions([revision("a", D, C, B, A)]) == []
    [leaf] = database.leaves("a")
    assert (leaf["_rev"], leaf["_revisions"]["ids"]) == (f"4-{D}", [D, C, B, A])


def test_a_known_revision_that_comes_again_with_its_history_joins_it(database: Database) -> None:
    assert database.put_revisions([revision("a", A), revision("a", C, start=3, n=3)]) == []
    assert database.put_revisions([revision("a", C, B, A, n=3)]) == []
    assert revs(database, "a") == [f"3-{C}"]
    assert database.get("a")["n"] == 3


def test_of_a_very_long_history_the_latest_thousand_are_remembered(database: Database) -> None:
    ids = [f"{number:032x}" for number in range(1200, 0, -1)]
    assert database.put_revisions([revision("a", *ids, n=1)]) == []
    [leaf] = database.leaves("a")
    assert leaf["_revisions"] == {"start": 1200, "ids": ids[:1000]}
    rev = database.put({"_id": "a", "_rev": leaf["_rev"], "n": 2})
    [leaf] = database.leaves("a")
    assert leaf["_revisions"] == {"start": 1201, "ids": [rev.partition("-")[2], *ids[:999]]}


def test_compaction_forgets_bodies_of_ancestors_and_no_leaf(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    first = database.put({"_id": "a", "n": 1})
    second = database.put({"_id": "a", "_rev": first, "n": 2})
    assert database.put_revisions([revision("a", B, first[2:], n=3)]) == []
    database.compact()
    with pytest.raises(NotFound):
        database.get("a", first)
    assert {leaf["n"] for leaf in database.leaves("a")} == {2, 3}
    assert database.missing_revisions({"a": [first, second]}) == {}
