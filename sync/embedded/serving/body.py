"""Bodies of requests, copied as seldom as may be: a batch of documents has half a megabyte, one of pictures eight."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gunicorn.http.body import Body

LARGE_BYTES = 16_384
PIECE_BYTES = 1_048_576


class DirectBody(Body):  # type: ignore[misc]
    """A body of known length, of which a large piece is received as one.

    gunicorn's own gathers it in several buffers, one after the other, and the more of it there is the more often.
    `receive` takes at most so many bytes from the connection, and none only where no more will come.
    """

    def __init__(self, reader: Any, receive: Callable[[int], bytes]) -> None:
        super().__init__(reader)
        self._receive = receive

    def read(self, size: int | None = None) -> bytes:
        length = self.reader.length
        wanted = length if size is None or size < 0 else min(size, length)
        if wanted < LARGE_BYTES or self.buf.tell():
            return bytes(super().read(size))
        self.reader.length -= wanted
        unreader = self.reader.unreader
        ahead = unreader.take_buffered()
        unreader.unread(ahead[wanted:])
        return b"".join([ahead[:wanted], *self._received(wanted - len(ahead))])

    def _received(self, missing: int) -> list[bytes]:
        """What is still missing, in pieces; less where the client has gone."""
        pieces: list[bytes] = []
        self.failed = missing > 0  # until all of it is here, nobody knows where the next request begins
        while missing > 0 and (piece := self._receive(min(missing, PIECE_BYTES))):
            pieces.append(piece)
            missing -= len(piece)
        self.failed = missing > 0
        return pieces
