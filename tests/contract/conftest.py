"""The stores that the contract holds for: in this process, over HTTP, a CouchDB where there is one, pouchdb-server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest

from sync.couch import CouchStore
from sync.embedded import EmbeddedStore
from sync.store import Database, Store
from tests.contract.asking import Asker
from tests.contract.gaps import gap
from tests.contract.pouchdb_server import PouchDBServer
from tests.served import served

COUCHDB = os.environ.get("ROUNDS_TEST_COUCHDB_URL", "")


@pytest.fixture(scope="session")
def served_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as url:
        yield url


@pytest.fixture(scope="session")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedStore:
    return EmbeddedStore(tmp_path_factory.mktemp("embedded"))


@pytest.fixture(scope="session")
def pouchdb() -> Iterator[PouchDBServer]:
    server = PouchDBServer()
    yield server
    server.stop()


@pytest.fixture(params=["embedded", "served", "couchdb", "pouchdb-server"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "embedded":
        yield request.getfixturevalue("in_process")
        return
    opened = CouchStore(address_of(request, request.param))
    yield opened
    opened.close()


def address_of(request: pytest.FixtureRequest, server: str) -> str:
    """The root of a server, with an administrator's name and password; the test is skipped where it cannot be had."""
    if reason := gap(server, request.node):
        pytest.skip(reason)
    if server == "couchdb":
        return COUCHDB or pytest.skip("ROUNDS_TEST_COUCHDB_URL names no CouchDB")
    if server == "pouchdb-server":
        return str(request.getfixturevalue("pouchdb").url())
    return str(request.getfixturevalue("served_url"))


@pytest.fixture
def database(store: Store) -> Iterator[Database]:
    name = f"contract-{uuid.uuid4().hex[:12]}"
    yield store.create(name)
    store.delete(name)


@pytest.fixture(params=["served", "couchdb", "pouchdb-server"])
def ask(request: pytest.FixtureRequest) -> Iterator[Asker]:
    """A server, and a database of the test's own on it."""
    asker = Asker(address_of(request, request.param))
    assert asker("PUT", "~").status_code in (201, 202)
    yield asker
    asker("DELETE", "~")
