"""Contract: a store's databases, what they say of themselves, and what is kept beside the documents."""

from __future__ import annotations

import time
import uuid

import pytest

from sync.store import BadRequest, Database, Document, Exists, NotFound, Store, StoreError

SECURITY = {
    "admins": {"names": [], "roles": ["office"]},
    "members": {"names": ["li.wei"], "roles": ["team:north"]},
    "rounds": {"team": "north", "kind": "mailbox"},
}


def test_a_store_keeps_its_identity(store: Store) -> None:
    assert store.uuid
    assert store.uuid == store.uuid


def test_a_database_is_listed_from_its_creation_to_its_deletion(store: Store) -> None:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    assert name not in store.names()
    assert store.create(name).name == name
    assert name in store.names()
    assert store.names() == sorted(store.names())
    assert store.database(name).name == name
    store.delete(name)
    assert name not in store.names()
    with pytest.raises(NotFound):
        store.database(name)


def test_a_database_that_was_made_anew_is_another_one(store: Store) -> None:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    first = store.create(name)
    instance = first.info().instance
    first.put({"_id": "a"})
    assert first.info().instance == instance
    store.delete(name)
    time.sleep(1.1)  # CouchDB counts seconds
    again = store.create(name)
    try:
        assert again.info().instance != instance
    finally:
        store.delete(name)


def test_a_place_in_a_database_that_is_gone_hides_nothing_of_the_next(store: Store) -> None:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    first = store.create(name)
    for number in range(5):
        first.put({"_id": f"old-{number}"})
    place = first.info().update_seq
    store.delete(name)
    again = store.create(name)
    try:
        again.put({"_id": "new"})
        page = again.changes(place)
        assert [change.id for change in page.results] == ["new"]
        assert again.changes(page.last_seq).results == ()
    finally:
        store.delete(name)


def test_a_database_is_made_once(store: Store, database: Database) -> None:
    with pytest.raises(Exists):
        store.create(database.name)


def test_a_database_that_is_not_there_cannot_be_deleted(store: Store) -> None:
    with pytest.raises(NotFound):
        store.delete(f"contract-{uuid.uuid4().hex[:12]}")


@pytest.mark.parametrize("name", ["Upper", "1st", "with space", "a.b", "走访", "_own"])
def test_a_name_that_couchdb_would_refuse_is_refused(store: Store, name: str) -> None:
    with pytest.raises(BadRequest):
        store.create(name)


def test_a_name_may_hold_signs(store: Store) -> None:
    name = f"a0_$()+-/{uuid.uuid4().hex[:12]}"
    store.create(name).put({"_id": "a"})
    try:
        assert name in store.names()
        assert store.database(name).info().doc_count == 1
    finally:
        store.delete(name)


def test_a_database_that_was_deleted_and_made_anew_is_empty(store: Store) -> None:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    store.create(name).put({"_id": "old"})
    store.delete(name)
    database = store.create(name)
    try:
        assert database.info().doc_count == 0
        with pytest.raises(NotFound):
            database.get("old")
    finally:
        store.delete(name)


def test_a_database_counts_its_documents_live_and_deleted(database: Database) -> None:
    empty = database.info()
    assert (empty.name, empty.doc_count, empty.doc_del_count) == (database.name, 0, 0)
    rev = database.put({"_id": "a"})
    database.put({"_id": "b"})
    info = database.info()
    assert (info.doc_count, info.doc_del_count) == (2, 0)
    assert info.update_seq != empty.update_seq
    database.put({"_id": "a", "_rev": rev, "_deleted": True})
    info = database.info()
    assert (info.doc_count, info.doc_del_count) == (1, 1)
    database.put({"_id": "a"})
    info = database.info()
    assert (info.doc_count, info.doc_del_count) == (2, 0)


def test_local_documents_are_neither_counted_nor_told(database: Database) -> None:
    database.put_local("checkpoint", {"last_seq": 7})
    assert database.info().doc_count == 0
    assert database.changes().results == ()
    assert database.all() == []


def test_a_local_document_is_overwritten_whatever_was_there(database: Database) -> None:
    with pytest.raises(NotFound):
        database.get_local("checkpoint")
    database.put_local("checkpoint", {"last_seq": 1, "more": True})
    database.put_local("checkpoint", {"last_seq": "2-x"})
    found = database.get_local("checkpoint")
    assert found["_id"] == "_local/checkpoint"
    assert {name: value for name, value in found.items() if not name.startswith("_")} == {"last_seq": "2-x"}


def test_a_local_document_that_was_read_can_be_written_back(database: Database) -> None:
    database.put_local("a", {"n": 1})
    database.put_local("a", {**database.get_local("a"), "n": 2})
    assert database.get_local("a")["n"] == 2


def test_the_security_object_is_empty_until_it_is_set_and_kept_whole(database: Database) -> None:
    assert database.security() == {}
    database.set_security(SECURITY)
    assert database.security() == SECURITY


@pytest.mark.parametrize(
    "security",
    [
        {"members": {"names": "li.wei"}},
        {"members": {"names": [5]}},
        {"admins": {"roles": {"office": True}}},
        {"members": ["li.wei"]},
    ],
)
def test_a_security_object_that_does_not_list_names_and_roles_is_refused(
    database: Database, security: Document
) -> None:
    with pytest.raises(StoreError):
        database.set_security(security)
    assert database.security() == {}
