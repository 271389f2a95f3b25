"""Connections over TLS: they wait without a thread as plain ones do, from the first byte of the handshake on.

What is encrypted cannot be looked into and left where it is. So it is decrypted as it comes, in the loop that waits
for everybody, and kept until a thread takes it: no more than the head of a request.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gunicorn.sock import ssl_context

from sync.embedded.serving.connection import HEAD_BYTES, Connection

log = logging.getLogger(__name__)

RECORD_BYTES = 16_384
"""What is decrypted at a time."""
_NOT_YET = (ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Certificate:
    """What a server proves with who it is: read again when the file was written anew, as a hub's is on each network."""

    def __init__(self, cfg: Any) -> None:
        """`cfg` are gunicorn's settings, with `certfile`. Raises `OSError` where that cannot be used."""
        self._cfg = cfg
        self._file = Path(cfg.certfile)
        self._read: tuple[int, int] = (0, 0)
        self._context = self._renewed()

    def context(self) -> ssl.SSLContext:
        """The context for a new connection; the one before where what was written since cannot be used."""
        try:
            if self._stamp() != self._read:
                self._context = self._renewed()
        except OSError:
            log.exception("%s cannot be used; what it held before is", self._file)
        return self._context

    def _stamp(self) -> tuple[int, int]:
        status = self._file.stat()
        return status.st_mtime_ns, status.st_ino

    def _renewed(self) -> ssl.SSLContext:
        self._read = self._stamp()
        context: ssl.SSLContext = ssl_context(self._cfg)
        context.sslsocket_class = SecureSocket
        return context


class SecureSocket(ssl.SSLSocket):
    """A socket whose bytes can be looked at before they are taken."""

    _ahead = b""
    _broken = False

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Take what was looked at first, then what comes after it; nothing where what came is no TLS."""
        if self._ahead:
            taken, self._ahead = self._ahead[:buflen], self._ahead[buflen:]
            return taken
        return b"" if self._broken else super().recv(buflen, flags)

    def look(self, most: int) -> tuple[bytes, bool]:
        """What has come, which leaves none in the socket, and whether that is the end. Goes on with the handshake."""
        try:
            while len(self._ahead) < most:
                if not (more := super().recv(most - len(self._ahead))):
                    return self._ahead, True
                self._ahead += more
        except _NOT_YET:
            return self._ahead, False
        except ssl.SSLError:  # OpenSSL has told the other end what is wrong with it
            self._broken = True
            return self._ahead, True
        return self._ahead, False

    def holds_back(self) -> bool:
        """Whether something was decrypted and is not taken yet."""
        return bool(self._ahead) or self.pending() > 0


class SecureConnection(Connection):
    """A connection over TLS. Its socket does not block while nobody but the loop or the lot has it."""

    def __init__(
        self,
        context: ssl.SSLContext,
        cfg: Any,
        sock: socket.socket,
        client: Any,
        server: Any,
        apart: Callable[..., Any],
    ) -> None:
        """Raises `OSError` where the client is gone already."""
        wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        assert isinstance(wrapped, SecureSocket)
        self._secure = wrapped
        super().__init__(cfg, wrapped, client, server, apart)

    def look(self, most: int = HEAD_BYTES) -> tuple[bytes, bool]:
        return self._secure.look(most)

    def receive(self, most: int) -> bytes:
        return self._secure.recv(min(most, RECORD_BYTES))

    def holds_back(self) -> bool:
        return self._secure.holds_back()

    def send(self, content: bytes) -> int:
        try:
            return self._secure.send(content)
        except _NOT_YET:
            return 0  # OpenSSL has it half written, and goes on when the same is sent again

    def _await_more(self, seen: int) -> None:
        """The socket is readable when more has come: what was seen is not in it any more."""

    def _linger(self) -> None:
        """Say in TLS too that this is the end, without waiting for the answer."""
        self._secure.setblocking(False)
        with contextlib.suppress(OSError, ValueError):
            self._secure.unwrap()
        self.sock = socket.socket(fileno=self._secure.detach())
        super()._linger()
