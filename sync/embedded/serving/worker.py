"""The web worker: gunicorn's threads for requests that are whole, and no thread for those that wait.

gunicorn's own worker spends a thread on every client that waits for changes, or that sends its request slowly; so many
tablets, or one that means ill, would leave none for the others.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from functools import partial
from typing import Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

from sync.embedded.serving.body import DirectBody
from sync.embedded.serving.connection import HEAD_SECONDS, Connection
from sync.embedded.serving.feed import PARKING, Feed
from sync.embedded.serving.lot import Lot, Parked
from sync.embedded.serving.secure import Certificate, SecureConnection
from sync.garbage import look_seldom

FILES = 16_384
"""Open files that are asked for: a socket to each client, a few files to each database that a thread has open."""
WHOLE_BYTES = 65_536
"""An answer up to this length is put together before it is sent."""
SIGN_SECONDS = 1.0
"""How often a worker that is at work tells gunicorn so: each time changes a file, which takes as long as a request."""

_PARKED = object()
_TURNED_AWAY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class _Waits(BaseException):
    """A request whose answer has begun, and goes on when there is something to tell."""

    def __init__(self, feed: Feed, response: Any) -> None:
        self.feed = feed
        self.response = response


class FeedWorker(ThreadWorker):  # type: ignore[misc]
    """A worker of gunicorn; `worker_class` in its settings."""

    def init_process(self) -> None:
        allow_files()
        self._busy: set[Connection] = set()
        self._told = 0.0
        self._lot = Lot(self._resume)
        self._certificate = Certificate(self.cfg) if self.cfg.is_ssl else None
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.wsgi: Any = _parking(self.wsgi)
        look_seldom()

    # Connections

    def accept(self, listener: socket.socket) -> None:
        """Take a client in; a thread is spent on it when the head of its request is here."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in _TURNED_AWAY:
                return
            raise
        self._make_room()
        try:
            connection = self._connection(client, address, listener.getsockname())
        except OSError:  # gone before its first byte
            client.close()
            return
        self.nr_conns += 1
        self._await_head(connection)

    def _connection(self, client: socket.socket, address: object, ours: object) -> Connection:
        apart = self.tpool.submit
        if self._certificate is None:
            return Connection(self.cfg, client, address, ours, apart)
        return SecureConnection(self._certificate.context(), self.cfg, client, address, ours, apart)

    def _make_room(self) -> None:
        """Close the connection that has been idle longest rather than keep a new client waiting."""
        if self.nr_conns >= self.worker_connections - 1 and self.keepalived_conns:
            idle = self.keepalived_conns.popleft()
            self.poller.unregister(idle.sock)
            self.nr_conns -= 1
            idle.close()

    def _await_head(self, connection: Connection) -> None:
        connection.timeout = time.monotonic() + HEAD_SECONDS
        self.pending_conns.append(connection)
        readable = partial(self.on_pending_socket_readable, connection)
        self.poller.register(connection.sock, selectors.EVENT_READ, readable)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        if conn.has_head():
            super().on_pending_socket_readable(conn, client)

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        if conn.has_head():
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._await_head(conn)

    def murder_pending(self) -> None:
        """Called after each event, and once a second: end what takes too long, and what waits when all is to end."""
        super().murder_pending()
        if not self.alive:
            self._lot.end()
        now = time.monotonic()
        for conn in list(self._busy):
            if conn.cut_if_late(now):
                self.log.info("A client was cut off: its request came too slowly.")

    def notify(self) -> None:
        """Called after each event, to say that this process lives."""
        now = time.monotonic()
        if now - self._told >= SIGN_SECONDS:
            self._told = now
            super().notify()

    # Requests, in threads

    def handle(self, conn: Connection) -> object:
        self._busy.add(conn)
        try:
            kept = self._answer(conn)
            # Handing a connection back and taking it up again wakes two threads: as long as a small request takes.
            while kept is True and self._has_threads_left() and conn.asks_again():
                kept = self._answer(conn)
            return kept
        except _Waits as waits:
            return self._park(conn, waits)
        finally:
            self._busy.discard(conn)

    def _answer(self, conn: Connection) -> object:
        conn.allow_head(time.monotonic())
        return super().handle(conn)

    def _has_threads_left(self) -> bool:
        """Whether a thread may stay with its client for a moment: not where others could have to wait for it."""
        return bool(self.alive) and 2 * len(self._busy) <= self.cfg.threads

    def handle_request(self, req: Any, conn: Connection) -> object:
        if isinstance(req.body.reader, LengthReader):
            req.body = DirectBody(req.body.reader, conn.receive)
        conn.allow_body(req, time.monotonic())
        return super().handle_request(req, conn)

    def _park(self, conn: Connection, waits: _Waits) -> object:
        try:
            waits.response.send_headers()
        except OSError:
            waits.feed.leave()
            return False
        self._lot.park(Parked(conn, waits.response, waits.feed))
        return _PARKED

    def finish_request(self, conn: Connection, fs: Any) -> None:
        if not fs.cancelled() and fs.exception() is None and fs.result() is _PARKED:
            return
        super().finish_request(conn, fs)
        waits = bool(self.keepalived_conns) and self.keepalived_conns[-1] is conn
        if waits and conn.holds_back():  # the next request has come, and its socket will not say so
            self.on_client_socket_readable(conn, conn.sock)

    # Feeds

    def _resume(self, parked: Parked, rest: bytes, keep: bool) -> None:
        """A feed is over: send what of it the socket did not take at once, then let the connection serve again."""
        if not rest:
            done: Future[bool] = Future()
            done.set_result(keep and parked.keeps)
            self.method_queue.defer(self.finish_request, parked.connection, done)
            return
        sending = self.tpool.submit(parked.send_rest, rest)
        sending.add_done_callback(lambda done: self.method_queue.defer(self.finish_request, parked.connection, done))


def _parking(app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    """The application, with an offer to keep its waiting feeds."""

    def run(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = start_response.__self__
        if not response.req.version >= (1, 1) or response.req.method == "HEAD":
            return app(environ, start_response)
        parking: list[Feed] = []
        environ[PARKING] = parking
        body = app(environ, start_response)
        if not parking:
            return _sent_whole(response, body)
        getattr(body, "close", lambda: None)()
        raise _Waits(parking[0], response)

    return run


class _Pieces(list[bytes]):
    """Takes the place of a socket, and keeps what would have been sent."""

    sendall = list.append


def _sent_whole(response: Any, body: Iterable[bytes]) -> Iterable[bytes]:
    """Send a short answer, head and body as one, which wakes its client once; what is left to send.

    `response` is gunicorn's, which sends the head by itself.
    """
    length = response.response_length
    if length is None or length > WHOLE_BYTES or response.headers_sent:
        return body
    sock, response.sock = response.sock, _Pieces()
    try:
        response.write(b"".join(body))
    finally:
        getattr(body, "close", lambda: None)()
    pieces, response.sock = response.sock, sock
    sock.sendall(b"".join(pieces))
    return ()


def allow_files() -> None:
    """Raise the limit of open files as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
