"""Requests whole, in pieces and several at once; who is slow holds up nobody: against the server as it is run."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from sync.couch import CouchStore
from sync.embedded.serving.connection import HEAD_SECONDS, NEXT_MILLISECONDS
from sync.store import Database
from tests.certificate import write_certificate
from tests.served import served
from tests.sync.embedded.serving.clients import (
    MANY,
    SIGN_IN,
    WAIT_SECONDS,
    connected,
    end_of_sending,
    hello,
    left_alone,
    reached,
    until,
)

BUSY = 40
"""Clients that ask again and again: more, together, than a process has threads."""


def test_clients_that_send_half_a_request_hold_up_nobody(server: str, north: Database) -> None:
    with ExitStack() as open_clients:
        for _ in range(MANY):
            client = open_clients.enter_context(closing(connected(server)))
            client.sendall(b"GET /north HTTP/1.1\r\nHost: te")
        assert north.info().doc_count == 0


def test_clients_that_begin_and_stop_hold_up_nobody_and_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    begun = hello()
    with ExitStack() as opened:
        plain = opened.enter_context(served(tmp_path / "plain"))
        secure = opened.enter_context(served(tmp_path / "secure", certificate))
        stopped = []
        for url, beginning in ((plain, b"GET /no"), (secure, begun[: len(begun) // 2]), (secure, begun)):
            silent = [opened.enter_context(closing(reached(url))) for _ in range(MANY)]
            for client in silent[: MANY // 2]:
                client.sendall(beginning)
            headless = [opened.enter_context(closing(connected(url))) for _ in range(MANY // 2)]
            for client in headless:
                client.sendall(b"GET /north HTTP/1.1\r\nHost: te")
            stopped += [*silent, *headless]
        assert [CouchStore(url).names() for url in (plain, secure)] == [[], []]
        for client in stopped:
            client.settimeout(HEAD_SECONDS + WAIT_SECONDS)
            left_alone(client)


def test_a_client_that_ends_in_the_middle_of_a_head_is_not_waited_for(server: str, north: Database) -> None:
    with closing(reached(server)) as client:
        client.sendall(hello()[:50] if server.startswith("https") else b"GET /north HTTP/1.1\r\nHost: te")
        client.shutdown(socket.SHUT_WR)
        client.settimeout(HEAD_SECONDS / 2)
        left_alone(client)


def test_a_request_that_ends_with_the_connection_is_answered(server: str, north: Database) -> None:
    with closing(connected(server)) as client:
        # Both as one: TLS could not be told of the end any more once the answer is here.
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
        client.sendall(f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode())
        end_of_sending(client)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 0)
        assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


def test_requests_that_come_together_are_answered_one_after_the_other(server: str, north: Database) -> None:
    one = f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode()
    with closing(connected(server)) as client:
        client.sendall(one * 3 + one[:20])
        for _ in range(3):
            assert until(client, b"}\n").startswith(b"HTTP/1.1 200")
        client.sendall(one[20:])
        assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


def test_a_large_body_comes_and_goes_whole(server: str, north: Database) -> None:
    text = "所" * 1_000_000
    north.put({"_id": "large", "text": text})
    assert north.get("large")["text"] == text


@pytest.mark.parametrize("length", [100, 20_000, 100_000])
def test_what_comes_behind_a_body_is_the_next_request(server: str, north: Database, length: int) -> None:
    doc = json.dumps({"text": "x" * length}).encode()
    put = f"Host: test\r\nContent-Type: application/json\r\nContent-Length: {len(doc)}\r\n{SIGN_IN}\r\n".encode() + doc
    get = f"GET /north/b HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode()
    with closing(connected(server)) as client:
        client.sendall(b"PUT /north/a HTTP/1.1\r\n" + put + b"PUT /north/b HTTP/1.1\r\n" + put + get)
        for _ in range(2):
            assert until(client, b"}\n").startswith(b"HTTP/1.1 201")
        assert json.loads(until(client, b"}\n").partition(b"\r\n\r\n")[2])["text"] == "x" * length


def test_a_body_that_ends_too_early_is_refused_and_nothing_of_it_kept(server: str, north: Database) -> None:
    doc = json.dumps({"text": "x" * 500_000}).encode()
    head = f"PUT /north/a HTTP/1.1\r\nHost: test\r\nContent-Length: {len(doc)}\r\n{SIGN_IN}\r\n".encode()
    with closing(connected(server)) as client:
        client.sendall(head + doc[:-1])
        end_of_sending(client)
        answer = until(client, b"}\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"ended too early" in answer
    assert north.info().doc_count == 0


def test_a_request_that_comes_in_pieces_is_answered(server: str, north: Database) -> None:
    with closing(connected(server)) as client:
        for piece in ("GET /north HT", "TP/1.1\r\nHost: test\r", f"\n{SIGN_IN}\r", "\n"):
            client.sendall(piece.encode())
            time.sleep(0.05)  # so that they are not sent as one
        assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


def test_a_short_answer_comes_as_one_piece(server: str, north: Database) -> None:
    with closing(connected(server)) as client:
        client.sendall(f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode())
        head, _, body = client.recv(65_536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(body)["db_name"] == "north"


def test_who_asks_again_is_answered_whether_at_once_or_in_pieces(server: str, north: Database) -> None:
    head = f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode()
    pauses = (0.0, 0.0, NEXT_MILLISECONDS / 4_000, 20 * NEXT_MILLISECONDS / 1_000)
    with closing(connected(server)) as client:
        for first in (len(head), 3, len(head) - 1):
            for pause in pauses:
                client.sendall(head[:first])
                time.sleep(pause)
                client.sendall(head[first:])
                assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


def test_who_asks_again_and_again_leaves_threads_for_others(server: str, north: Database) -> None:
    head = f"GET /north HTTP/1.1\r\nHost: test\r\n{SIGN_IN}\r\n".encode()
    stop = threading.Event()

    def ask() -> int:
        asked = 0
        with closing(connected(server)) as client:
            while not stop.is_set():
                client.sendall(head)
                assert until(client, b"}\n").startswith(b"HTTP/1.1 200")
                asked += 1
        return asked

    with ThreadPoolExecutor(2 * BUSY) as clients:
        asking_all = [clients.submit(ask) for _ in range(2 * BUSY)]
        try:
            for _ in range(20):
                assert north.info().doc_count == 0
        finally:
            stop.set()
        assert all(each.result(WAIT_SECONDS) for each in asking_all)
