"""A hub with more tablets than it has threads, and clients that mean ill: over TLS, as hubs are."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

from sync.embedded import EmbeddedStore
from tests.laptop import Laptop
from tests.live import Live

TABLETS = 200
SILENT = 100
WAIT_SECONDS = 30
FEED = "GET /db/mailbox-north/_changes?feed=longpoll&since={since}&heartbeat=10000 HTTP/1.1\r\nHost: hub\r\n"
END = b"\r\n0\r\n\r\n"


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Laptop]:
    office = Live(tmp_path / "office", "--demo").start().wait()
    made = Laptop(office, tmp_path / "hub")
    made.start()
    made.until("mailbox-north", "task:")
    office.stop()
    yield made
    made.stop()


def test_200_tablets_wait_at_a_hub_and_it_answers_and_tells_them_all(laptop: Laptop) -> None:
    trusts = ssl.create_default_context(cafile=laptop.data / "secrets" / "hub-authority.crt")
    with ExitStack() as opened:
        for _ in range(SILENT):
            opened.enter_context(closing(socket.create_connection(("127.0.0.1", laptop.port))))
        one = opened.enter_context(closing(HTTPSConnection("127.0.0.1", laptop.port, timeout=30, context=trusts)))
        signed_in = asked(one, "POST", "/api/v1/session", name="chen.jie", password="demo-super-1")
        token = {"Authorization": f"Bearer {signed_in['token']}"}
        since = asked(one, "GET", "/db/mailbox-north", token)["update_seq"]
        head = f"{FEED.format(since=since)}Authorization: {token['Authorization']}\r\n\r\n".encode()
        tablets = [opened.enter_context(closing(waiting(laptop, trusts, head))) for _ in range(TABLETS)]
        assert asked(one, "GET", "/db/mailbox-north", token)["update_seq"] == since
        EmbeddedStore(laptop.data / "db").database("mailbox-north").put({"_id": "note:1"})
        assert all(b'"id":"note:1"' in until(tablet, END) for tablet in tablets)


def asked(one: HTTPSConnection, verb: str, path: str, headers: dict[str, str] | None = None, **body: str) -> Any:
    """One request; its answer."""
    sent = json.dumps(body) if body else None
    one.request(verb, path, sent, {**(headers or {}), "Content-Type": "application/json", "Accept": "application/json"})
    answer = one.getresponse()
    content = answer.read()
    assert answer.status < 300, content
    return json.loads(content)


def waiting(laptop: Laptop, trusts: ssl.SSLContext, head: bytes) -> ssl.SSLSocket:
    """A tablet whose feed has begun."""
    raw = socket.create_connection(("127.0.0.1", laptop.port), timeout=WAIT_SECONDS)
    tablet = trusts.wrap_socket(raw, server_hostname="127.0.0.1")
    tablet.sendall(head)
    assert until(tablet, b"\r\n\r\n").startswith(b"HTTP/1.1 200")
    return tablet


def until(tablet: ssl.SSLSocket, mark: bytes) -> bytes:
    """What comes, up to and including a mark; everything where the other end closes first."""
    seen = b""
    while not seen.endswith(mark) and (more := tablet.recv(1)):
        seen += more
    return seen
