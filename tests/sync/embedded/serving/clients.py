"""Clients of a server as sockets have them: what they send, and when, is ours to say."""

from __future__ import annotations

import json
import os
import socket
import ssl
import urllib.parse
from contextlib import suppress

SIGN_IN = "Authorization: Basic YWRtaW46c2VjcmV0\r\n"
MANY = 200
"""More than the server has threads."""
WAIT_SECONDS = 20
END = b"\r\n0\r\n\r\n"


def reached(server: str) -> socket.socket:
    """A client that has said nothing yet, not even TLS's hello."""
    parts = urllib.parse.urlsplit(server)
    assert parts.hostname is not None
    client = socket.create_connection((parts.hostname, parts.port or 0))
    client.settimeout(WAIT_SECONDS)
    return client


def connected(server: str) -> socket.socket:
    client = reached(server)
    if not server.startswith("https"):
        return client
    context = ssl.create_default_context(cafile=os.environ["REQUESTS_CA_BUNDLE"])
    return context.wrap_socket(client, server_hostname="127.0.0.1", suppress_ragged_eofs=False)


def asking(server: str, query: str = "", version: str = "1.1") -> socket.socket:
    """A client with a longpoll that has begun."""
    client = connected(server)
    path = f"/north/_changes?feed=longpoll&since=now{query}"
    client.sendall(f"GET {path} HTTP/{version}\r\nHost: test\r\n{SIGN_IN}\r\n".encode())
    assert until(client, b"\r\n\r\n").startswith(b"HTTP/1.1 200" if version == "1.1" else b"HTTP/1.0 200")
    return client


def until(client: socket.socket, mark: bytes) -> bytes:
    """What comes, up to and including a mark; everything where the other end closes first."""
    seen = b""
    while not seen.endswith(mark):
        byte = client.recv(1)
        if not byte:
            break
        seen += byte
    return seen


def ids(page: bytes) -> list[str]:
    """The documents of a chunked page of changes."""
    body = b"".join(part for part in page.split(b"\r\n")[1::2])
    return [row["id"] for row in json.loads(body)["results"]]


def hello() -> bytes:
    """How a client begins TLS."""
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="test").do_handshake()
    return sent.read()


def left_alone(client: socket.socket) -> None:
    """Wait until the server has closed, with or without what belongs to a handshake; there is no answer."""
    seen = b""
    with suppress(ConnectionResetError, ssl.SSLEOFError):
        while more := client.recv(4096):
            seen += more
    assert b"HTTP" not in seen


def end_of_sending(client: socket.socket) -> None:
    """Say that nothing more will come, and go on listening."""
    if isinstance(client, ssl.SSLSocket):
        client.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            client.unwrap()
        client.settimeout(WAIT_SECONDS)
    else:
        client.shutdown(socket.SHUT_WR)
