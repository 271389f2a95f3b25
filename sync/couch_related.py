"""A document and its attachments as one multipart/related body, read from disk as it is sent (RFC 2387).

Source: https://docs.couchdb.org/en/stable/api/document/common.html#creating-multiple-attachments
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO, Final

CHUNK_BYTES: Final = 64 * 1024


class Related:
    """A body of known length for `requests`, which asks for `len`, `read` and iteration.

    :param head: the document's JSON, whose attachments marked `follows` are in the order of `files`
    """

    def __init__(self, boundary: str, head: bytes, files: Sequence[BinaryIO]) -> None:
        between = f"\r\n--{boundary}\r\n\r\n".encode()
        start = f"--{boundary}\r\nContent-Type: application/json\r\n\r\n".encode() + head
        parts: list[BinaryIO] = [io.BytesIO(start)]
        for file in files:
            parts += [io.BytesIO(between), file]
        self._parts = [*parts, io.BytesIO(f"\r\n--{boundary}--".encode())]
        self._length = sum(_rewound(part) for part in self._parts)
        self._number = 0

    def __len__(self) -> int:
        return self._length

    def read(self, size: int = CHUNK_BYTES) -> bytes:
        """The next bytes; none at the end."""
        while self._number < len(self._parts):
            if chunk := self._parts[self._number].read(size):
                return chunk
            self._number += 1
        return b""

    def __iter__(self) -> Iterator[bytes]:
        while chunk := self.read():
            yield chunk


def _rewound(part: BinaryIO) -> int:
    """Its length; it stands at its beginning then."""
    length = part.seek(0, io.SEEK_END)
    part.seek(0)
    return length
