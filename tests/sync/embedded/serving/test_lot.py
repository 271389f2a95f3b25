"""Where feeds wait without a thread: who goes, who goes wrong, who comes late, and how many there is room for."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.protocol.waiting import LOT
from sync.embedded.serving.connection import Connection
from sync.embedded.serving.feed import PARKING, Feed
from sync.embedded.serving.lot import TICK_SECONDS, Lot, Parked
from sync.embedded.serving.secure import Certificate, SecureConnection
from sync.store import Changes, Seq
from tests.certificate import write_certificate
from tests.sync.embedded.conftest import Caller
from tests.sync.embedded.serving.clients import WAIT_SECONDS

Pair = tuple[Connection, socket.socket]


def plain_pair() -> Pair:
    """A server's and a client's end of a connection."""
    ours, theirs = socket.socketpair()
    return Connection(None, ours, None, None, apart=print), theirs


def secure_pair(certificate: Path) -> Pair:
    """The same over TLS, whose handshake is over."""
    ours, theirs = socket.socketpair()
    settings = Config()
    settings.set("certfile", str(certificate))
    server = SecureConnection(Certificate(settings).context(), settings, ours, None, None, apart=print)
    context = ssl.create_default_context(cafile=certificate)
    with ThreadPoolExecutor() as pool:
        client = pool.submit(context.wrap_socket, theirs, server_hostname="127.0.0.1")
        while not client.done():
            assert server.look() == (b"", False)
    return server, client.result()


class Waiting:
    """Clients of a lot of our own, with feeds that can be told to fail."""

    def __init__(self, database: EmbeddedDatabase, pair: Callable[[], Pair] = plain_pair) -> None:
        self._database = database
        self._pair = pair
        self.resumed: list[Parked] = []
        self.lot = Lot(lambda parked, _rest, _keep: self.resumed.append(parked))

    def park(self, key: str, **instead: Any) -> socket.socket:
        """The client's end of a connection that waits."""
        ours, theirs = self._pair()
        theirs.settimeout(WAIT_SECONDS)
        parts: dict[str, Any] = {
            "look": self._database.changes,
            "render": lambda page: b"told" if page.results else b"over",
            "leave": lambda: None,
            "admits": lambda: True,
        }
        now = time.monotonic()
        feed = Feed(self._database, key, since=0, ends=now + 600, heartbeat=600, **{**parts, **instead})
        response = SimpleNamespace(chunked=False, should_close=lambda: False)
        self.lot.park(Parked(ours, response, feed))
        return theirs


@pytest.mark.parametrize("secure", [False, True])
def test_a_feed_whose_client_goes_gives_its_place_back(tmp_path: Path, secure: bool) -> None:
    certificate = write_certificate(tmp_path / "server.pem")
    database = EmbeddedStore(tmp_path).create("north")
    waiting = Waiting(database, partial(secure_pair, certificate) if secure else plain_pair)
    left = threading.Event()
    waiting.park("a", leave=left.set).close()
    assert left.wait(WAIT_SECONDS)


@pytest.mark.parametrize("wrong", ["admits", "render", "look", "leave"])
def test_a_feed_that_goes_wrong_is_given_up_and_the_others_are_told(tmp_path: Path, wrong: str) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("unforeseen")

    database = EmbeddedStore(tmp_path).create("north")
    waiting = Waiting(database)
    with ExitStack() as clients:
        for key in ("a", "b"):
            clients.enter_context(closing(waiting.park(key)))
        clients.enter_context(closing(waiting.park("wrong", **{wrong: fail})))
        late = clients.enter_context(closing(waiting.park("c")))
        time.sleep(1.5 * TICK_SECONDS)  # so that everybody was looked after once
        database.put({"_id": "x"})
        assert late.recv(4) == b"told"
        another = clients.enter_context(closing(waiting.park("d")))
        assert another.recv(4) == b"told"


def test_who_comes_just_as_a_change_does_is_told_once(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    waiting = Waiting(database)
    looking, may_go_on = threading.Event(), threading.Event()

    def look(since: Seq) -> Changes:
        looking.set()
        assert may_go_on.wait(WAIT_SECONDS)
        return database.changes(since)

    with closing(waiting.park("slow", look=look)), closing(waiting.park("other")) as other:
        assert looking.wait(WAIT_SECONDS)
        database.put({"_id": "x"})
        while not waiting.lot._changed:
            time.sleep(0.01)
        with closing(waiting.park("late")) as late:
            may_go_on.set()
            for each in (other, late):
                assert each.recv(4) == b"told"
                each.settimeout(2 * TICK_SECONDS)
                with pytest.raises(TimeoutError):
                    each.recv(4)


def test_a_feed_without_a_place_to_wait_in_is_refused_in_words(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOT, "each", 1)
    offered: list[Feed] = []
    address = "/north/_changes?feed=longpoll&since=now"
    assert call("GET", address, environ_overrides={PARKING: offered}).status_code == 200
    refused = call("GET", address, environ_overrides={PARKING: offered})
    assert (refused.status_code, refused.get_json()["error"]) == (503, "unavailable")
    [feed] = offered
    feed.leave()
    assert call("GET", address, environ_overrides={PARKING: offered}).status_code == 200
    offered[-1].leave()


def test_a_feed_that_waits_without_a_thread_makes_room_too(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LOT, "most", 2)
    offered: list[Feed] = []
    address = "/north/_changes?feed=longpoll&since=now"
    for _ in range(2):
        assert call("GET", address, environ_overrides={PARKING: offered}).status_code == 200
    other = LOT.enter("somebody else")
    assert [feed.admits() for feed in offered] == [False, True], "whoever has waited longest ends with an empty page"
    for feed in offered:
        feed.leave()
    other.leave()
