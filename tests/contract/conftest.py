"""The stores that the contract holds for: in this process, over HTTP, and a CouchDB where there is one."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from sync.couch import CouchStore
from sync.embedded import EmbeddedStore
from sync.store import Database, Store
from tests.served import served

COUCHDB = os.environ.get("ROUNDS_TEST_COUCHDB_URL", "")


@pytest.fixture(scope="session")
def served_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    return EmbeddedStore(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(params=["embedded", "served", "couchdb"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "embedded":
        yield request.getfixturevalue("in_process")
        return
    if request.param == "couchdb" and not COUCHDB:
        pytest.skip("ROUNDS_TEST_COUCHDB_URL names no CouchDB")
    opened = CouchStore(COUCHDB if request.param == "couchdb" else request.getfixturevalue("served_url"))
    yield opened
    opened.close()


@pytest.fixture
def database(store: Store) -> Iterator[Database]:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    yield store.create(name)
    store.delete(name)
