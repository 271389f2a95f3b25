"""Feeds that wait, and clients that are slow, hold up nobody: against the server as it is run."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from sync.couch import CouchStore
from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.protocol.waiting import LOT
from sync.embedded.serving.connection import HEAD_SECONDS, NEXT_MILLISECONDS, Connection
from sync.embedded.serving.feed import PARKING, Feed
from sync.embedded.serving.lot import TICK_SECONDS, Lot, Parked
from sync.embedded.serving.secure import Certificate, SecureConnection
from sync.store import Changes, Database, Seq
from tests.certificate import write_certificate
from tests.served import served
from tests.sync.embedded.conftest import Caller

SIGN_IN = "Authorization: Basic YWRtaW46c2VjcmV0\r\n"
MANY = 200
"""More than the server has threads."""
BUSY = 40
"""Clients that ask again and again: more, together, than a process has threads."""
WAIT_SECONDS = 20
END = b"\r\n0\r\n\r\n"


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


def test_clients_that_send_half_a_request_hold_up_nobody(server: str, north: Database) -> None:
    with ExitStack() as open_clients:
        for _ in range(MANY):
            client = open_clients.enter_context(closing(connected(server)))
            client.sendall(b"GET /north HTTP/1.1\r\nHost: te")
        assert north.info().doc_count == 0


def hello() -> bytes:
    """How a client begins TLS."""
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="test").do_handshake()
    return sent.read()


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


def left_alone(client: socket.socket) -> None:
    """Wait until the server has closed, with or without what belongs to a handshake; there is no answer."""
    seen = b""
    with suppress(ConnectionResetError, ssl.SSLEOFError):
        while more := client.recv(4096):
            seen += more
    assert b"HTTP" not in seen


def test_a_client_that_ends_in_the_middle_of_a_head_is_not_waited_for(server: str, north: Database) -> None:
    with closing(reached(server)) as client:
        client.sendall(hello()[:50] if server.startswith("https") else b"GET /north HTTP/1.1\r\nHost: te")
        client.shutdown(socket.SHUT_WR)
        client.settimeout(HEAD_SECONDS / 2)
        left_alone(client)


def end_of_sending(client: socket.socket) -> None:
    """Say that nothing more will come, and go on listening."""
    if isinstance(client, ssl.SSLSocket):
        client.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            client.unwrap()
        client.settimeout(WAIT_SECONDS)
    else:
        client.shutdown(socket.SHUT_WR)


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


def test_a_certificate_that_is_written_anew_is_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, file = write_certificate(tmp_path / "first.pem", "first"), tmp_path / "server.pem"
    file.write_bytes(first.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(first))
    with served(tmp_path / "data", file) as url:
        second = write_certificate(tmp_path / "second.pem", "second")
        (tmp_path / "draft").write_bytes(second.read_bytes())
        (tmp_path / "draft").replace(file)
        assert shown(url) == certificate_of(second)
        file.write_bytes(b"no certificate")
        assert shown(url) in (certificate_of(first), certificate_of(second))  # each worker has what it read last


def certificate_of(file: Path) -> str:
    _, mark, rest = file.read_text("ascii").partition("-----BEGIN CERTIFICATE")
    return mark + rest


def shown(url: str) -> str:
    """The certificate that a server shows."""
    parts = urllib.parse.urlsplit(url)
    return ssl.get_server_certificate((str(parts.hostname), parts.port or 0))


def test_what_is_no_tls_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate := write_certificate(tmp_path / "server.pem")))
    with served(tmp_path / "data", certificate) as url:
        with closing(reached(url)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            told = until(client, b"no mark")
        assert not told.startswith(b"HTTP")
        assert CouchStore(url).names() == []


def test_a_request_that_comes_in_pieces_is_answered(server: str, north: Database) -> None:
    with closing(connected(server)) as client:
        for piece in ("GET /north HT", "TP/1.1\r\nHost: test\r", f"\n{SIGN_IN}\r", "\n"):
            client.sendall(piece.encode())
            time.sleep(0.05)  # so that they are not sent as one
        assert until(client, b"}\n").startswith(b"HTTP/1.1 200")


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
