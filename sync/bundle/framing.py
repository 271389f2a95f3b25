"""The bytes of a bundle: a line that says what it is, the manifest, then each entry and a line break.

Plain bundles can be read with any pager; in sealed ones everything behind the second line is (`sealing`).
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, cast

from sync.bundle.manifest import BundleError, Claim, Entry, Manifest, claim, signed_line
from sync.bundle.sealing import CHUNK_BYTES, Openers, Seal, Unsealed, opened, sealed

MAGIC: Final = b"ROUNDS-BUNDLE 1\n"
MAGIC_SEALED: Final = b"ROUNDS-BUNDLE 1 sealed\n"
_ANY: Final = b"ROUNDS-BUNDLE "
LINE_BYTES: Final = 64 * 1024 * 1024
KEY_BYTES: Final = 4096
PIECE_BYTES: Final = 65_536


def assembled(
    manifest: Manifest, sig: str, bodies: Iterable[Iterable[bytes]], seal: Seal | None = None
) -> Iterator[bytes]:
    """The whole file, piece by piece. `bodies` are the bytes of the entries in the manifest's order."""
    content = _content(manifest, sig, bodies)
    if seal is None:
        yield MAGIC
        yield from content
        return
    yield MAGIC_SEALED
    yield seal.line
    yield from sealed(content, seal, MAGIC_SEALED)


def _content(manifest: Manifest, sig: str, bodies: Iterable[Iterable[bytes]]) -> Iterator[bytes]:
    yield signed_line(manifest, sig)
    for body in bodies:
        yield from body
        yield b"\n"


@dataclass(frozen=True)
class Bundle:
    """An opened bundle, signed by the device that its manifest names."""

    manifest: Manifest
    _content: BinaryIO

    def bodies(self) -> Iterator[tuple[Entry, bytes | None]]:
        """Each entry with its bytes; None where they are not those that the manifest names.

        Raises `BundleError` `bundle_cut_short` where the file ends before all of them.
        """
        for entry in self.manifest.entries:
            body = self._read(entry.bytes)
            if self._read(1) != b"\n":
                yield entry, None
                raise BundleError("bundle_altered")
            yield entry, body if hashlib.sha256(body).hexdigest() == entry.sha256 else None

    def _read(self, size: int) -> bytes:
        body = self._content.read(size)
        if len(body) < size:
            raise BundleError("bundle_cut_short")
        return body


@dataclass(frozen=True)
class Unproved:
    """An opened bundle of which only is known which device says that it signed it."""

    claim: Claim
    _content: BinaryIO

    def proved(self, jwk: Mapping[str, Any]) -> Bundle:
        """The bundle, if the device with this key signed its manifest. Raises `BundleError`."""
        return Bundle(self.claim.proved(jwk), self._content)


def open_bundle(file: BinaryIO, openers: Openers) -> Unproved:
    """Read as far as the manifest. Reads forwards only, so `file` may be an upload. Raises `BundleError`."""
    source = io.BufferedReader(cast(io.RawIOBase, _Raw(file)), PIECE_BYTES)
    magic = source.readline(len(MAGIC_SEALED))
    if magic == MAGIC_SEALED:
        line = source.readline(KEY_BYTES)
        unsealed = Unsealed(source, opened(line, openers), MAGIC_SEALED)
        source = io.BufferedReader(unsealed, CHUNK_BYTES)
    elif magic != MAGIC:
        raise BundleError("bundle_newer" if magic.startswith(_ANY) else "bundle_unknown")
    line = source.readline(LINE_BYTES)
    if not line.endswith(b"\n"):
        raise BundleError("bundle_cut_short")
    return Unproved(claim(line), source)


class _Raw(io.RawIOBase):
    """Any file that can be read, as the one that `BufferedReader` wants."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._file.read(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)
