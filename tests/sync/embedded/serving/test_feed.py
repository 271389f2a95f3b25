"""Feeds that wait hold up nobody, and end in good order: against the server as it is run."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.parse
from contextlib import ExitStack, closing
from pathlib import Path

from sync.couch import CouchStore
from sync.store import Database
from tests.served import served
from tests.sync.embedded.serving.clients import END, MANY, SIGN_IN, asking, connected, ids, until


def test_more_feeds_wait_than_there_are_threads_and_all_hear_of_a_change(server: str, north: Database) -> None:
    with ExitStack() as open_clients:
        clients = [open_clients.enter_context(closing(asking(server))) for _ in range(MANY)]
        assert north.info().doc_count == 0  # an ordinary request is answered meanwhile
        north.put({"_id": "a"})
        pages = [until(client, END) for client in clients]
    assert [ids(page) for page in pages] == [["a"]] * MANY


def test_a_connection_serves_again_after_its_feed(server: str, north: Database) -> None:
    with closing(asking(server)) as client:
        north.put({"_id": "a"})
        until(client, END)
        client.sendall(f"GET /north/a HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode())
        assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


def test_a_feed_goes_on_past_changes_that_its_selector_leaves_out(server: str, north: Database) -> None:
    chosen = urllib.parse.quote(json.dumps({"kind": "task"}))
    with closing(asking(server, f"&filter=_selector&selector={chosen}")) as client:
        north.put({"_id": "a", "kind": "note"})
        north.put({"_id": "b", "kind": "task"})
        assert ids(until(client, END)) == ["b"]


def test_a_feed_gives_signs_of_life_and_ends_in_time(server: str, north: Database) -> None:
    with closing(asking(server, "&heartbeat=1000&timeout=2500")) as client:
        answer = until(client, END)
        assert answer.startswith(b"1\r\n\n\r\n")
        assert b'"results":[]' in answer


def test_a_feed_of_an_old_client_is_not_chunked(server: str, north: Database) -> None:
    with closing(asking(server, "&heartbeat=1000", version="1.0")) as client:  # its head comes with the first
        north.put({"_id": "a"})
        page = until(client, b"}\n\0")
    assert [row["id"] for row in json.loads(page)["results"]] == ["a"]


def test_a_feed_ends_when_its_database_is_gone(server: str, north: Database) -> None:
    with closing(asking(server)) as client:
        CouchStore(server).delete("north")
        assert until(client, END) == b""


def test_a_stopping_server_ends_its_feeds_in_good_order(tmp_path: Path) -> None:
    with served(tmp_path / "data") as url:
        CouchStore(url).create("north")
        with closing(asking(url)) as client:
            os.kill(listener(url), signal.SIGTERM)
            assert until(client, END).endswith(b'"pending":0}\n\r\n0\r\n\r\n')


def listener(url: str) -> int:
    """The process of this test's that listens on the port of an address."""
    port = str(urllib.parse.urlsplit(url).port)
    for child in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text("ascii").split():
        if port in Path(f"/proc/{child}/cmdline").read_text("utf-8").split("\0"):
            return int(child)
    raise AssertionError("no child of ours serves it")


def test_a_page_that_its_client_takes_slowly_comes_whole(server: str, north: Database) -> None:
    """More than a socket takes at once, told to a feed that waited."""
    with closing(asking(server, "&include_docs=true")) as client:
        north.put({"_id": "large", "text": "x" * 8_000_000})
        time.sleep(0.5)  # so that nobody reads at first
        size = int(until(client, b"\r\n"), 16)
        page = b""
        while len(page) < size:
            page += client.recv(65_536)
    assert len(json.loads(page[:size])["results"][0]["doc"]["text"]) == 8_000_000


def test_what_comes_behind_a_feed_is_answered_after_it_in_its_turn(server: str, north: Database) -> None:
    after = f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode()
    body = b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    address = "/north/_changes?feed=longpoll&since=now HTTP/1.1\r\nHost: test"
    for first in (
        f"GET {address}\r\n{SIGN_IN}\r\n".encode(),
        f"POST {address}\r\n{SIGN_IN}".encode() + body,
    ):
        with closing(connected(server)) as client:
            client.sendall(first + after)
            assert until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
            revision = north.put({"_id": "a"})
            assert ids(until(client, END)) == ["a"]
            assert until(client, b"}\n").startswith(b"HTTP/1.1 200")
            north.put({"_id": "a", "_rev": revision, "_deleted": True})
