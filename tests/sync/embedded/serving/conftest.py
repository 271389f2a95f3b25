"""The server as it is run, with and without TLS."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sync.couch import CouchStore
from sync.store import Database
from tests.certificate import write_certificate
from tests.served import served


@pytest.fixture(scope="module", params=["http", "https"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("served")
    certificate = write_certificate(folder / "server.pem") if request.param == "https" else None
    with pytest.MonkeyPatch.context() as patch:
        if certificate:
            patch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        with served(folder / "data", certificate) as url:
            yield url


@pytest.fixture
def north(server: str) -> Iterator[Database]:
    store = CouchStore(server)
    database = store.create("north")
    yield database
    if "north" in store.names():
        store.delete("north")
