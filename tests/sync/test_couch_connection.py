"""How a CouchDB in trouble is met: what is tried again, what is not, and which error comes of it."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

import pytest

from sync.couch import CouchStore
from sync.couch_connection import ATTEMPTS, error_of, split_credentials
from sync.store import (
    BadRequest,
    Conflict,
    Exists,
    Forbidden,
    NotFound,
    StoreError,
    TooLarge,
    Unauthorized,
    Unavailable,
)
from tests.sync.scripted import DROP, Scripted, Text, in_turn

INFO = (200, {"db_name": "mailbox-north", "doc_count": 1, "doc_del_count": 0, "update_seq": "1-x"})
BUSY = (503, {"error": "service_unavailable", "reason": "no quorum"})


@pytest.fixture(autouse=True)
def no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.couch_connection.BACKOFF_SECONDS", 0.001)


def test_a_read_is_tried_again_until_the_server_is_well() -> None:
    with Scripted(in_turn(BUSY, DROP, INFO)) as server:
        assert CouchStore(server.url).database("mailbox-north").name == "mailbox-north"
        assert len(server.requests) == 3


def test_a_server_that_stays_unwell_is_given_up_as_unavailable() -> None:
    with Scripted(in_turn(BUSY)) as server:
        with pytest.raises(Unavailable) as caught:
            CouchStore(server.url).database("mailbox-north")
        assert caught.value.retry
        assert caught.value.reason == "no quorum"
        assert len(server.requests) == ATTEMPTS


def test_a_write_that_may_have_been_carried_out_is_not_sent_again() -> None:
    with Scripted(in_turn(INFO, DROP)) as server:
        database = CouchStore(server.url).database("mailbox-north")
        with pytest.raises(Unavailable):
            database.put({"_id": "a"})
        assert [request for request in server.requests if "_bulk_docs" in request] == ["POST /mailbox-north/_bulk_docs"]


def test_a_write_that_was_turned_away_is_sent_again() -> None:
    written = (201, [{"ok": True, "id": "a", "rev": "1-" + "a" * 32}])
    with Scripted(in_turn(INFO, (429, {"error": "too_many_requests", "reason": "slow down"}), written)) as server:
        assert CouchStore(server.url).database("mailbox-north").put({"_id": "a"}) == "1-" + "a" * 32


def test_revisions_that_may_have_been_stored_are_sent_again() -> None:
    with Scripted(in_turn(INFO, DROP, (201, []))) as server:
        database = CouchStore(server.url).database("mailbox-north")
        assert database.put_revisions([{"_id": "a", "_rev": "1-" + "a" * 32}]) == []


def test_a_refusal_is_final() -> None:
    refusal = (403, {"error": "forbidden", "reason": "wrong team"})
    with Scripted(in_turn(refusal)) as server:
        with pytest.raises(Forbidden, match="wrong team"):
            CouchStore(server.url).database("mailbox-north")
        assert len(server.requests) == 1


def test_a_server_that_nobody_runs_is_unavailable_and_its_password_stays_out_of_the_sentence() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(Unavailable) as caught:
            CouchStore(f"http://admin:geheim@127.0.0.1:{port}").names()
    assert f"127.0.0.1:{port}" in caught.value.reason
    assert "geheim" not in caught.value.reason


def test_closing_the_store_ends_a_wait_between_two_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.couch_connection.BACKOFF_SECONDS", 3600.0)
    monkeypatch.setattr("sync.couch_connection.BACKOFF_LIMIT_SECONDS", 3600.0)
    asked = threading.Event()

    def busy(_method: str, _path: str, _body: Any) -> tuple[int, Any]:
        asked.set()
        return BUSY

    with Scripted(busy) as server:
        store = CouchStore(server.url)
        failed: list[StoreError] = []
        thread = threading.Thread(target=lambda: failed.extend(_failure(store)), daemon=True)
        thread.start()
        assert asked.wait(10)
        store.close()
        thread.join(10)
    assert [type(error) for error in failed] == [Unavailable]


def _failure(store: CouchStore) -> list[StoreError]:
    try:
        store.names()
    except StoreError as error:
        return [error]
    return []


def test_a_stop_ends_a_wait_for_changes() -> None:
    stop = threading.Event()

    def nothing_new(_method: str, path: str, _body: Any) -> tuple[int, Any]:
        if "longpoll" in path:
            stop.set()
        return INFO if "_changes" not in path else (200, {"results": [], "last_seq": "7-x", "pending": 0})

    with Scripted(nothing_new) as server:
        database = CouchStore(server.url).database("mailbox-north")
        begun = time.monotonic()
        assert database.changes("7-x", wait=3600, stop=stop).last_seq == "7-x"
        assert time.monotonic() - begun < 60


def test_a_batch_that_is_refused_for_one_document_is_halved_until_only_that_one_is_refused() -> None:
    def picky(_method: str, path: str, body: Any) -> tuple[int, Any]:
        if not path.endswith("_bulk_docs"):
            return INFO
        if any(doc["_id"] == "big" for doc in body["docs"]):
            return 413, {"error": "document_too_large", "reason": "big"}
        return 201, [{"ok": True, "id": doc["_id"], "rev": "1-" + "b" * 32} for doc in body["docs"]]

    with Scripted(picky) as server:
        database = CouchStore(server.url).database("mailbox-north")
        outcomes = database.put_many([{"_id": name} for name in ("a", "b", "big", "c", "d")])
    assert [outcome.id for outcome in outcomes] == ["a", "b", "big", "c", "d"]
    assert [outcome.id for outcome in outcomes if outcome.error] == ["big"]
    assert isinstance(outcomes[2].error, TooLarge)


def test_text_that_is_no_unicode_is_refused_alone_and_never_sent() -> None:
    with Scripted(in_turn(INFO, (201, [{"ok": True, "id": "b", "rev": "1-" + "b" * 32}]))) as server:
        database = CouchStore(server.url).database("mailbox-north")
        broken, sound = database.put_many([{"_id": "a", "text": "\ud800"}, {"_id": "b"}])
    assert isinstance(broken.error, BadRequest)
    assert sound.rev


def test_an_answer_that_is_not_json_is_an_error_with_its_status() -> None:
    with Scripted(in_turn((404, Text("<html>")))) as server, pytest.raises(NotFound):
        CouchStore(server.url).database("mailbox-north")


def test_credentials_are_taken_out_of_the_address_and_sent_as_basic() -> None:
    assert split_credentials("https://a%40b:c%3Ad@host:6984/couch/") == ("https://host:6984/couch", "a@b", "c:d")
    assert split_credentials("http://127.0.0.1:5984") == ("http://127.0.0.1:5984", None, None)
    with Scripted(in_turn((200, []))) as server:
        CouchStore(server.url.replace("//", "//admin:secret@")).names()
        assert server.headers[0]["authorization"] == "Basic YWRtaW46c2VjcmV0"


@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("not_found", 404, NotFound),
        ("conflict", 409, Conflict),
        ("file_exists", 412, Exists),
        ("unauthorized", 401, Unauthorized),
        ("forbidden", 403, Forbidden),
        ("illegal_database_name", 400, BadRequest),
        ("something_new", 400, BadRequest),
        ("request_entity_too_large", 413, TooLarge),
        ("timeout", 500, Unavailable),
        ("internal_server_error", 500, StoreError),
    ],
)
def test_couchdb_s_errors_become_ours(name: str, status: int, kind: type[StoreError]) -> None:
    assert type(error_of(name, "", status)) is kind
