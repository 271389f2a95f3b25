"""CouchDB's client against servers that speak its API: the embedded store over HTTP, and a CouchDB where there is one.

The contract suite covers the interface; here stands what is particular to this way of reaching a store.
"""

from __future__ import annotations

import base64
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.couch import CouchDatabase, CouchStore
from sync.couch_setup import DESIGN_ID, gate_text, prepare_database
from sync.store import Forbidden, NotFound, Unauthorized, UserContext
from tests.served import served

COUCHDB = os.environ.get("ROUNDS_TEST_COUCHDB_URL", "")
MEMBERS = {"names": [], "roles": ["team:north"]}
SECURITY = {"admins": {"names": [], "roles": []}, "members": MEMBERS, "rounds": {"team": "north", "kind": "mailbox"}}
INSPECTOR = UserContext("li.wei", frozenset({"inspector", "team:north"}))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("embedded")) as url:
        yield url


@pytest.fixture(params=["embedded", "couchdb"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "couchdb" and not COUCHDB:
        pytest.skip("ROUNDS_TEST_COUCHDB_URL names no CouchDB")
    return COUCHDB if request.param == "couchdb" else str(request.getfixturevalue("embedded"))


@pytest.fixture
def store(url: str) -> Iterator[CouchStore]:
    opened = CouchStore(url)
    yield opened
    opened.close()


@pytest.fixture
def database(store: CouchStore) -> Iterator[CouchDatabase]:
    name = f"mailbox-t{uuid.uuid4().hex[:12]}"
    yield store.create(name)
    store.delete(name)


def test_the_store_keeps_its_identity(store: CouchStore, url: str) -> None:
    assert store.uuid
    assert CouchStore(url).uuid == store.uuid


def test_a_wrong_password_is_unauthorized(url: str) -> None:
    with pytest.raises(Unauthorized):
        CouchStore(url, user="admin", password="wrong").names()


def test_an_id_may_hold_what_addresses_may_not(database: CouchDatabase) -> None:
    for doc_id in ("record:enterprise-visit:01JD", "a b+c?d#e&f%25", "走访:1"):
        rev = database.put({"_id": doc_id, "note": "走访"})
        assert database.get(doc_id) == {"_id": doc_id, "_rev": rev, "note": "走访"}


def test_an_id_may_hold_a_slash(database: CouchDatabase) -> None:
    rev = database.put({"_id": "a/b"})
    assert database.get("a/b")["_rev"] == rev


def test_a_batch_larger_than_one_request_arrives_whole(database: CouchDatabase) -> None:
    docs = [{"_id": f"record:f:{number:05d}", "text": "x" * 6000} for number in range(1100)]
    outcomes = database.put_many(docs)
    assert [outcome.id for outcome in outcomes] == [doc["_id"] for doc in docs]
    assert all(outcome.rev for outcome in outcomes)
    assert database.info().doc_count == 1100


def test_a_wait_for_changes_ends_when_something_is_written(database: CouchDatabase) -> None:
    since = database.changes().last_seq
    timer = threading.Timer(0.3, lambda: database.put({"_id": "late"}))
    timer.start()
    page = database.changes(since, wait=30)
    timer.join()
    assert [change.id for change in page.results] == ["late"]


def test_a_wait_for_changes_ends_by_itself(database: CouchDatabase) -> None:
    since = database.changes().last_seq
    assert database.changes(since, wait=0.3).results == ()


def test_leaves_that_are_known_are_not_read_again(database: CouchDatabase) -> None:
    branches = [
        {"_id": "r", "_rev": f"1-{letter * 32}", "_revisions": {"start": 1, "ids": [letter * 32]}} for letter in "abc"
    ]
    assert database.put_revisions(branches) == []
    revs = [branch["_rev"] for branch in branches]
    assert sorted(leaf["_rev"] for leaf in database.leaves("r")) == revs
    assert [leaf["_rev"] for leaf in database.leaves("r", known=revs[:2])] == revs[2:]
    assert database.leaves("r", known=revs) == []


def test_an_attachment_comes_back_as_it_went(database: CouchDatabase) -> None:
    photo = bytes(range(256)) * 1000
    stored = {"content_type": "image/jpeg", "data": base64.b64encode(photo).decode()}
    database.put({"_id": "media:1", "_attachments": {"file": stored}})
    attachment = database.attachment("media:1", "file")
    assert (attachment.content_type, attachment.length) == ("image/jpeg", len(photo))
    assert b"".join(attachment.chunks) == photo
    with pytest.raises(NotFound):
        database.attachment("media:1", "other")


def test_the_gate_s_twin_speaks_for_anybody_but_an_administrator(database: CouchDatabase) -> None:
    database.set_security(SECURITY)
    with pytest.raises(Forbidden):
        database.put({"_id": "record:f:1", "type": "nonsense"}, user=INSPECTOR)
    [refused] = database.put_revisions([{"_id": "x", "_rev": "1-" + "a" * 32}], user=INSPECTOR)
    assert isinstance(refused.error, Forbidden)
    assert database.info().doc_count == 0


@pytest.mark.parametrize("kind", ["mailbox", "media"])
def test_nobody_but_an_administrator_writes_a_design_document(database: CouchDatabase, kind: str) -> None:
    """CouchDB would run its JavaScript, and take it for the gate: a bundle from a tablet must not bring one."""
    database.set_security({**SECURITY, "rounds": {"team": "north", "kind": kind}})
    design = {"_id": DESIGN_ID, "_rev": "1-" + "a" * 32, "validate_doc_update": "function () {}"}
    [refused] = database.put_revisions([design], user=INSPECTOR)
    assert isinstance(refused.error, Forbidden)
    with pytest.raises(Forbidden):
        database.put({"_id": "_design/other"}, user=INSPECTOR)
    assert database.info().doc_count == 0


def test_a_database_is_prepared_once_and_stays_as_it_is(store: CouchStore) -> None:
    name = f"mailbox-t{uuid.uuid4().hex[:12]}"
    try:
        database = prepare_database(store, name, SECURITY)
        assert database.security() == SECURITY
        assert database.get(DESIGN_ID)["validate_doc_update"] == gate_text()
        before = database.info().update_seq
        prepare_database(store, name, SECURITY)
        assert database.info().update_seq == before
    finally:
        store.delete(name)


def test_the_server_itself_runs_the_gate(store: CouchStore) -> None:
    name = f"mailbox-t{uuid.uuid4().hex[:12]}"
    try:
        database = prepare_database(store, name, SECURITY)
        [outcome] = database.put_many([{"_id": "record:f:1", "type": "nonsense"}])
        assert isinstance(outcome.error, Forbidden)
    finally:
        store.delete(name)


def test_the_rules_that_couchdb_gets_are_those_beside_their_twin() -> None:
    assert gate_text() == (Path(__file__).parents[2] / "sync/gate.js").read_text("utf-8")
