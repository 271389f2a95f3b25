"""What a hub asks of its office, and what it does not do for somebody who only stands in its place."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.hub.identity import Identity
from service.hub.office import Office
from sync.signature import generate_key
from sync.store import Unavailable


class Stranger(ThreadingHTTPServer):
    """Gives out a text of its own to be signed, and remembers what comes back."""

    def __init__(self, challenge: object) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.challenge = challenge
        self.heard: list[str] = []


class Answers(BaseHTTPRequestHandler):
    server: Stranger

    def do_POST(self) -> None:
        self.server.heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
        body = json.dumps({"challenge": self.server.challenge}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture(params=['{"edit":{"by":"chen.jie"},"record":"record:f:1"}', "x" * 44, "", 5, None])
def stranger(request: pytest.FixtureRequest) -> Iterator[Stranger]:
    server = Stranger(request.param)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_hub_signs_challenges_and_nothing_else(stranger: Stranger) -> None:
    """Its key signs decisions of supervisors too: a text of somebody else's choice could be one."""
    url = f"http://127.0.0.1:{stranger.server_port}"
    office = Office(Identity("north-1", "0123456789ab", url, url, ["north"]), generate_key())
    with pytest.raises(Unavailable):
        office.token()
    assert not any("signature" in each for each in stranger.heard)
