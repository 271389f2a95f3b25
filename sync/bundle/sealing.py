"""Sealed bundles: AES-256-GCM in chunks, under a key from a passphrase or from the office's public key.

Chunks are numbered and the last one is marked (the STREAM construction, Hoang et al. 2015), so that none can be left
out, moved, or cut off unnoticed. `service/tablet/app/core/sealing.js` is the twin.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas import canonical
from sync.bundle.manifest import BundleError
from sync.signature import BadKey, PrivateKey, device_id, public_jwk, public_key

CHUNK_BYTES: Final = 262_144
TAG_BYTES: Final = 16
ITERATIONS: Final = 600_000
"""OWASP's figure for PBKDF2-HMAC-SHA256 (2023)."""
MOST_ITERATIONS: Final = 10_000_000
PREFIX_BYTES: Final = 7
SALT_BYTES: Final = 16
INFO: Final = b"rounds bundle"


@dataclass(frozen=True)
class Seal:
    """How a bundle is sealed: its key line, as written, and the key that follows from it."""

    line: bytes
    key: bytes
    prefix: bytes

    def nonce(self, number: int, *, last: bool) -> bytes:
        """Of one chunk: never twice with one key."""
        return self.prefix + number.to_bytes(4, "big") + bytes([last])


@dataclass(frozen=True)
class Openers:
    """What sealed bundles can be opened with here."""

    passphrase: str | None = None
    office_key: PrivateKey | None = None


def by_passphrase(
    passphrase: str, *, salt: bytes | None = None, prefix: bytes | None = None, iterations: int = ITERATIONS
) -> Seal:
    """A seal that whoever knows the passphrase can open."""
    salt, prefix = salt or os.urandom(SALT_BYTES), prefix or os.urandom(PREFIX_BYTES)
    told = {"kdf": "PBKDF2-HMAC-SHA256", "iterations": iterations, "salt": _encode(salt), "prefix": _encode(prefix)}
    return Seal(_line(told), _stretched(passphrase, salt, iterations), prefix)


def to_office(jwk: Mapping[str, Any], *, ephemeral: PrivateKey | None = None, prefix: bytes | None = None) -> Seal:
    """A seal that only the holder of the private half of `jwk` can open."""
    ephemeral, prefix = ephemeral or ec.generate_private_key(ec.SECP256R1()), prefix or os.urandom(PREFIX_BYTES)
    told = {
        "kdf": "ECDH-P256-HKDF-SHA256",
        "to": device_id(jwk),
        "key": public_jwk(ephemeral),
        "prefix": _encode(prefix),
    }
    return Seal(_line(told), _agreed(ephemeral, jwk), prefix)


def opened(line: bytes, openers: Openers) -> Seal:
    """The seal that a key line describes. Raises `BundleError` where nothing here opens it."""
    try:
        told = orjson.loads(line)
        prefix = _decode(told["prefix"])
        if len(prefix) != PREFIX_BYTES:
            raise ValueError("prefix")
        return Seal(line, _key_of(told, openers), prefix)
    except (ValueError, KeyError, TypeError, BadKey):
        raise BundleError("bundle_unknown", "no key line") from None


def _key_of(told: Mapping[str, Any], openers: Openers) -> bytes:
    if told["kdf"] == "PBKDF2-HMAC-SHA256":
        if not openers.passphrase:
            raise BundleError("bundle_sealed")
        iterations = told["iterations"]
        if type(iterations) is not int or not 0 < iterations <= MOST_ITERATIONS:
            raise ValueError("iterations")
        return _stretched(openers.passphrase, _decode(told["salt"]), iterations)
    if told["kdf"] == "ECDH-P256-HKDF-SHA256":
        if openers.office_key is None or told["to"] != device_id(public_jwk(openers.office_key)):
            raise BundleError("bundle_wrong_key", "sealed to another office")
        return _agreed(openers.office_key, told["key"])
    raise BundleError("bundle_newer")


def sealed(plain: Iterable[bytes], seal: Seal, magic: bytes) -> Iterator[bytes]:
    """The chunks of a sealed content."""
    cipher, head = AESGCM(seal.key), magic + seal.line
    pending, number = bytearray(), 0
    for piece in plain:
        pending += piece
        while len(pending) > CHUNK_BYTES:
            yield cipher.encrypt(seal.nonce(number, last=False), bytes(pending[:CHUNK_BYTES]), head)
            del pending[:CHUNK_BYTES]
            number += 1
    yield cipher.encrypt(seal.nonce(number, last=True), bytes(pending), head)


class Unsealed(io.RawIOBase):
    """Reads what was sealed. Ends early, with `BundleError`, where a chunk is missing or not as it was written."""

    def __init__(self, file: BinaryIO, seal: Seal, magic: bytes) -> None:
        self._cipher, self._head, self._seal = AESGCM(seal.key), magic + seal.line, seal
        self._file = file
        self._number = 0
        self._ahead = _whole(file, CHUNK_BYTES + TAG_BYTES)
        self._plain = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain and not self._ended:
            self._plain = self._next()
        taken = self._plain[: len(buffer)]
        buffer[: len(taken)] = taken
        self._plain = self._plain[len(taken) :]
        return len(taken)

    def _next(self) -> bytes:
        chunk, self._ahead = self._ahead, _whole(self._file, CHUNK_BYTES + TAG_BYTES)
        last = not self._ahead
        self._number, self._ended = self._number + 1, last
        try:
            return self._decrypted(chunk, last=last)
        except InvalidTag:
            raise BundleError(self._fault(chunk, last=last)) from None

    def _decrypted(self, chunk: bytes, *, last: bool) -> bytes:
        return self._cipher.decrypt(self._seal.nonce(self._number - 1, last=last), chunk, self._head)

    def _fault(self, chunk: bytes, *, last: bool) -> str:
        """Why a chunk does not open: a later one of a key that fits was cut, or altered."""
        if self._number > 1:
            return "bundle_cut_short" if last else "bundle_altered"
        try:
            self._decrypted(chunk, last=False)
        except InvalidTag:
            return "bundle_wrong_key"
        return "bundle_cut_short"


def _whole(file: BinaryIO, size: int) -> bytes:
    """As many bytes as there are up to `size`, from a file that may give fewer at a time."""
    found = bytearray()
    while len(found) < size and (piece := file.read(size - len(found))):
        found += piece
    return bytes(found)


def _stretched(passphrase: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", passphrase.encode("utf-8", "surrogatepass"), salt, iterations, 32)


def _agreed(own: PrivateKey, other: Mapping[str, Any]) -> bytes:
    shared = own.exchange(ec.ECDH(), public_key(other))
    return HKDF(hashes.SHA256(), 32, salt=None, info=INFO).derive(shared)


def _line(told: Mapping[str, Any]) -> bytes:
    return canonical.dumps(told) + b"\n"


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: Any) -> bytes:
    if not isinstance(text, str):
        raise TypeError("no text")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error
