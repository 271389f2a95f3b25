"""The embedded store behind its protocol, without a socket."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from sync.embedded import EmbeddedStore
from sync.embedded.__main__ import create_app
from sync.embedded.protocol.sign_in import SignIn


class Caller:
    """Calls addresses of the store as an administrator."""

    def __init__(self, store: EmbeddedStore, sign_in: SignIn | None = None) -> None:
        self.store = store
        signing = sign_in or SignIn(None, keys={}, secret=b"s", clock=time.time)
        self.client: FlaskClient = create_app(store, signing).test_client()

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        if isinstance(body, bytes):
            options = {"data": body, "content_type": "application/json"} | options
        elif body is not None:
            options["json"] = body
        return self.client.open(path, method=method, **options)


@pytest.fixture
def call(tmp_path: Path) -> Caller:
    """A store with one database, `north`, and one document in it, `a`."""
    return _caller(tmp_path)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Caller:
    """The same for many tests that leave it as it is."""
    return _caller(tmp_path_factory.mktemp("still"))


def _caller(path: Path) -> Caller:
    store = EmbeddedStore(path)
    store.create("north").put({"_id": "a", "n": 1})
    return Caller(store)


@pytest.fixture
def people(call: Caller) -> Caller:
    """A thousand people of ten towns, with indexes by town and age."""
    docs = [{"_id": f"p{n:04}", "town": f"t{n % 10}", "age": n % 77, "name": f"n{n}"} for n in range(1_000)]
    call("POST", "/north/_bulk_docs", {"docs": docs})
    index = {"index": {"fields": ["town", "age"]}, "ddoc": "places", "name": "by-town-and-age"}
    assert call("POST", "/north/_index", index).get_json()["result"] == "created"
    return call


def examined(call: Caller, selector: dict[str, Any], **more: Any) -> tuple[int, int]:
    """How many documents were looked at, and how many were found."""
    query = {"selector": selector, "limit": 500, "execution_stats": True, **more}
    told = call("POST", "/north/_find", query).get_json()["execution_stats"]
    return told["total_docs_examined"], told["results_returned"]
