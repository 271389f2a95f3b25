"""One client's connection: what is known of it before a thread is spent on it, and how long it may take."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable
from typing import Any

from gunicorn import http, util
from gunicorn.workers.gthread import TConn

HEAD_SECONDS = 20.0
"""For the head of a request, from its first byte (or from the beginning of the connection) to its last."""
BODY_SECONDS = 60.0
BODY_BYTES_A_SECOND = 1_000
"""A body may take a minute, and a second more for each of so many bytes: less is no network, or no good will."""
CHUNKED_SECONDS = 600.0
HEAD_BYTES = 65_536
LINGER_SECONDS = 0.5
NEXT_MILLISECONDS = 2
"""How long the thread that has answered a client stays with it: whoever asks one thing after the other asks by then."""
_END_OF_HEAD = b"\r\n\r\n"


class Connection(TConn):  # type: ignore[misc]
    """A connection that does not hold up anybody else: `apart` runs what may take a while in a thread."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, apart: Callable[..., Any]) -> None:
        super().__init__(cfg, sock, client, server)
        self._apart = apart
        self._parser: Any = None
        self._deadline: float | None = None
        self._body: Any = None

    def init(self) -> None:
        """Make the parser, in a thread, once the head is here."""
        self.sock.setblocking(True)
        if self._parser is None:
            self._parser = self.parser = http.get_parser(self.cfg, self.sock, self.client)
            self.initialized = True

    # What has come, while nobody waits for it

    def look(self, most: int = HEAD_BYTES) -> tuple[bytes, bool]:
        """What has come and was not taken yet, and whether that is all that will come. Takes nothing, never waits.

        Raises `OSError` where the connection is broken.
        """
        try:
            seen = self.sock.recv(most, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return b"", False
        return seen, not seen or self._is_half_closed()

    def has_head(self) -> bool:
        """Whether the head of a request is here, or whatever else a thread can answer at once, such as the end.

        Where it is not, the socket is readable again only when more of it has come, so that nobody polls in vain.
        """
        try:
            seen, ended = self.look()
        except OSError:
            return True
        waits = not ended and _END_OF_HEAD not in seen and len(seen) < HEAD_BYTES
        self._await_more(len(seen) if waits else 0)
        return not waits

    def receive(self, most: int) -> bytes:
        """Wait for so many bytes; fewer come where a signal interrupts, none at the end."""
        return self.sock.recv(most, socket.MSG_WAITALL)  # type: ignore[no-any-return]

    def asks_again(self) -> bool:
        """Whether the head of the next request comes in a moment, for which the thread waits that has answered."""
        try:
            self.sock.setblocking(False)  # over TLS, looking would wait
            return (self.holds_back() or self._is_readable_soon()) and _END_OF_HEAD in self.look()[0]
        except OSError:
            return False

    def _is_readable_soon(self) -> bool:
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return bool(poll.poll(NEXT_MILLISECONDS))

    def holds_back(self) -> bool:
        """Whether something has come that does not make the socket readable."""
        return False

    def _await_more(self, seen: int) -> None:
        """Be readable when more than so many bytes have come."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)

    def _is_half_closed(self) -> bool:
        """Whether the client will send nothing any more: it would make the socket readable for ever."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP)
        return bool(poll.poll(0))

    # What a feed sends, while no thread waits for it

    def send(self, content: bytes) -> int:
        """Send what the socket takes without waiting; how much. Raises `OSError` where the client is gone."""
        try:
            return int(self.sock.send(content))
        except BlockingIOError:
            return 0

    # Time

    def allow_head(self, now: float) -> None:
        """Set the deadline for a request's head."""
        self._body = None
        self._deadline = now + HEAD_SECONDS

    def allow_body(self, request: Any, now: float) -> None:
        """Set the deadline for a request's body."""
        self._body = request.body.reader
        length = getattr(self._body, "length", None)
        allowed = CHUNKED_SECONDS if length is None else BODY_SECONDS + length / BODY_BYTES_A_SECOND
        self._deadline = now + allowed

    def cut_if_late(self, now: float) -> bool:
        """Cut off a client that has not sent in time what it announced; whoever reads from it sees the end."""
        if self._deadline is None or now < self._deadline:
            return False
        self._deadline = None
        if getattr(self._body, "length", None) == 0:
            return False  # all of it is here; what takes so long is ours
        with contextlib.suppress(OSError):
            # Not TLS's own way to end, which must not meet the thread that reads.
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
        return True

    # The end

    def close(self, graceful: bool = False) -> None:
        """Close; gracefully, which waits for the other end, in a thread."""
        if not graceful:
            super().close()
            return
        try:
            self._apart(self._linger)
        except RuntimeError:  # no more threads: the worker ends
            super().close()

    def _linger(self) -> None:
        self.sock.setblocking(True)
        util.close_graceful(self.sock, LINGER_SECONDS)
