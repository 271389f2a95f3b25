"""How long a client may take over its request, with the time given."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from sync.embedded.serving.connection import BODY_BYTES_A_SECOND, BODY_SECONDS, HEAD_SECONDS, Connection

BEGIN = 1_000.0


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """A connection and its client."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(5)
    with ours, theirs:
        yield Connection(Config(), ours, None, None, at_once), theirs


def at_once(work: Callable[[], Any]) -> None:
    work()


def asking_for(length: int | None) -> Any:
    """A request whose body has so many bytes to come; None: in chunks."""
    reader = SimpleNamespace() if length is None else SimpleNamespace(length=length)
    return SimpleNamespace(body=SimpleNamespace(reader=reader))


def test_a_head_that_takes_too_long_is_cut_off(ends: tuple[Connection, socket.socket]) -> None:
    connection, client = ends
    connection.allow_head(BEGIN)
    assert not connection.cut_if_late(BEGIN + HEAD_SECONDS - 1)
    assert connection.cut_if_late(BEGIN + HEAD_SECONDS)
    assert client.recv(1) == b""
    assert not connection.cut_if_late(BEGIN + HEAD_SECONDS + 1)  # once


def test_a_body_has_longer_the_longer_it_is(ends: tuple[Connection, socket.socket]) -> None:
    connection, client = ends
    allowed = BODY_SECONDS + 300
    connection.allow_body(asking_for(300 * BODY_BYTES_A_SECOND), BEGIN)
    assert not connection.cut_if_late(BEGIN + allowed - 1)
    assert connection.cut_if_late(BEGIN + allowed)
    assert client.recv(1) == b""


def test_a_body_that_has_come_is_never_cut_off_however_long_its_answer_takes(
    ends: tuple[Connection, socket.socket],
) -> None:
    connection, client = ends
    request = asking_for(1_000)
    connection.allow_body(request, BEGIN)
    request.body.reader.length = 0
    assert not connection.cut_if_late(BEGIN + 1_000_000)
    client.sendall(b"x")
    assert connection.sock.recv(1) == b"x"


def test_a_body_in_chunks_has_an_end_too(ends: tuple[Connection, socket.socket]) -> None:
    connection, _ = ends
    connection.allow_body(asking_for(None), BEGIN)
    assert connection.cut_if_late(BEGIN + 1_000_000)


def test_a_head_is_there_when_its_last_byte_is_or_the_client_has_gone(ends: tuple[Connection, socket.socket]) -> None:
    connection, client = ends
    assert not connection.has_head()
    client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n")
    assert not connection.has_head()
    client.sendall(b"\r\n")
    assert connection.has_head()
    assert connection.sock.recv(100).endswith(b"\r\n\r\n")  # looking took nothing
    client.close()
    assert connection.has_head()
