"""One client's connection: what is known of it before a thread is spent on it, and how long it may take."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import TConn

HEAD_SECONDS = 20.0
"""For the head of a request, from its first byte (or from the beginning of the connection) to its last."""
BODY_SECONDS = 60.0
BODY_BYTES_A_SECOND = 1_000
"""A body may take a minute, and a second more for each of so many bytes: less is no network, or no good will."""
CHUNKED_SECONDS = 600.0
HEAD_BYTES = 65_536
LINGER_SECONDS = 0.5
_END_OF_HEAD = b"\r\n\r\n"


class Connection(TConn):  # type: ignore[misc]
    """A connection that does not hold up anybody else: `apart` runs what may take a while in a thread."""

    def __init__(self, cfg: Any, sock: socket.socket, client: Any, server: Any, apart: Callable[..., Any]) -> None:
        super().__init__(cfg, sock, client, server)
        self._apart = apart
        self._deadline: float | None = None
        self._body: Any = None

    def has_head(self) -> bool:
        """Whether the head of a request is here, or whatever else a thread can answer at once, such as the end.

        Where it is not, the socket is readable again only when more of it has come, so that nobody polls in vain.
        """
        try:
            seen = self.sock.recv(HEAD_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        waits = bool(seen) and _END_OF_HEAD not in seen and len(seen) < HEAD_BYTES
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, len(seen) + 1 if waits else 1)
        return not waits

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
            self.sock.shutdown(socket.SHUT_RDWR)
        return True

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
