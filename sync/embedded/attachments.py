"""Attachments: kept once each by their content, in rows of 256 kB, so that nothing large is whole in memory."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, BinaryIO

import orjson

from sync.embedded.faults import Damaged
from sync.embedded.tree import generation
from sync.store import BadRequest, StoreError, TooLarge

CHUNK_BYTES = 262_144
HELD_CHUNKS = 5
"""An attachment of fewer is held in memory until its digest is known: photos are, films are not."""
ATTACHMENT_BYTES = 64 * 1024 * 1024
NAMES = 100
CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,255}")

_CHUNK = "INSERT INTO chunk (digest, number, checksum, data) VALUES (?, ?, ?, ?)"

Stubs = dict[str, dict[str, Any]]


class MissingStub(StoreError):
    """A stub names an attachment that is not here; it must be sent in full."""

    code, status = "missing_stub", 412


def read_in_chunks(stream: BinaryIO, limit: int = ATTACHMENT_BYTES) -> Iterator[bytes]:
    """The bytes of a stream. Raises `TooLarge` past the limit."""
    length = 0
    while chunk := stream.read(CHUNK_BYTES):
        length += len(chunk)
        if length > limit:
            raise TooLarge(f"An attachment may have {limit} bytes at most.", details={"limit": limit})
        yield chunk


def decoded(chunks: Iterator[bytes], encoding: object) -> Iterator[bytes]:
    """The bytes themselves, of a sender that compressed them. Raises `BadRequest`, `TooLarge`."""
    if encoding in (None, "", "identity"):
        return chunks
    if encoding != "gzip":
        raise BadRequest("An attachment may be encoded with gzip, and in no other way.")
    return _unzipped(chunks)


def _unzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """In pieces of limited size, however much a few bytes may stand for."""
    unzip, length = zlib.decompressobj(16 + zlib.MAX_WBITS), 0
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                piece = unzip.decompress(rest, CHUNK_BYTES)
                length += len(piece)
                if length > ATTACHMENT_BYTES:
                    details = {"limit": ATTACHMENT_BYTES}
                    raise TooLarge(f"An attachment may have {ATTACHMENT_BYTES} bytes at most.", details=details)
                if piece:
                    yield piece
                rest = unzip.unconsumed_tail
    except zlib.error:
        raise BadRequest("An attachment is said to be gzip and is not.") from None
    if not unzip.eof:
        raise BadRequest("An attachment's gzip ends too early.")


def store(connection: sqlite3.Connection, chunks: Iterable[bytes]) -> tuple[str, int]:
    """Keep some bytes within the transaction; returns their digest as CouchDB writes it, and their length."""
    coming = iter(chunks)
    held = list(islice(coming, HELD_CHUNKS))
    if len(held) < HELD_CHUNKS:
        return _store_held(connection, held)
    return _store_coming(connection, chain(held, coming))


def _store_held(connection: sqlite3.Connection, chunks: list[bytes]) -> tuple[str, int]:
    """What is in memory: its digest is known before it is written, so it is written once."""
    md5 = hashlib.md5(usedforsecurity=False)
    for chunk in chunks:
        md5.update(chunk)
    digest, length = _written(md5.digest()), sum(map(len, chunks))
    if connection.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (digest, length)).rowcount:
        rows = ((digest, number, zlib.crc32(chunk), chunk) for number, chunk in enumerate(chunks))
        connection.executemany(_CHUNK, rows)
    return digest, length


def _store_coming(connection: sqlite3.Connection, chunks: Iterable[bytes]) -> tuple[str, int]:
    """What is too long to hold: written under a name of its own until its digest is known."""
    draft = f"draft-{id(chunks)}"
    md5 = hashlib.md5(usedforsecurity=False)
    length = 0
    try:
        for number, chunk in enumerate(chunks):
            md5.update(chunk)
            length += len(chunk)
            connection.execute(_CHUNK, (draft, number, zlib.crc32(chunk), chunk))
    except StoreError:
        # The document is refused, but the transaction goes on with others.
        connection.execute("DELETE FROM chunk WHERE digest = ?", (draft,))
        raise
    digest = _written(md5.digest())
    known = connection.execute("INSERT OR IGNORE INTO blob VALUES (?, ?)", (digest, length)).rowcount == 0
    if known:
        connection.execute("DELETE FROM chunk WHERE digest = ?", (draft,))
    else:
        connection.execute("UPDATE chunk SET digest = ? WHERE digest = ?", (digest, draft))
    return digest, length


def chunks_of(connection: sqlite3.Connection, digest: str) -> Iterator[tuple[bytes, int]]:
    """The bytes of an attachment, in order, and the checksum of each chunk; it is read when it is asked for."""
    query, number = "SELECT data, checksum FROM chunk WHERE digest = ? AND number = ?", 0
    while row := connection.execute(query, (digest, number)).fetchone():
        yield row
        number += 1


def sound(connection: sqlite3.Connection, digest: str, length: int) -> Iterator[bytes]:
    """The same for those who read it: no chunk is told that has changed on the disk, `Damaged` is raised before it.

    What fits into one chunk is read at once, so that the error comes before anything is answered. That the whole has
    the digest of its name is for `examine` to see: to work it out takes longer than all else that a picture needs.
    """
    chunks = _sound(chunks_of(connection, digest), digest, length)
    return iter(list(chunks)) if length <= CHUNK_BYTES else chunks


def _sound(chunks: Iterable[tuple[bytes, int]], digest: str, length: int) -> Iterator[bytes]:
    missing = length
    for chunk, checksum in chunks:
        missing -= len(chunk)
        if zlib.crc32(chunk) != checksum or missing < 0:
            raise _changed(digest)
        yield chunk
    if missing:
        raise _changed(digest)


def _changed(digest: str) -> Damaged:
    return Damaged(f"The bytes of the attachment {digest} have changed on the disk. `rounds doctor` says where else.")


def _written(md5: bytes) -> str:
    """A digest as CouchDB writes it."""
    return "md5-" + base64.b64encode(md5).decode()


def length_of(connection: sqlite3.Connection, digest: str) -> int | None:
    """How long it is; None where no such bytes are here."""
    row = connection.execute("SELECT length FROM blob WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])


def resolve(
    connection: sqlite3.Connection,
    given: Any,
    rev: str,
    ancestors: Stubs,
    streams: Mapping[str, BinaryIO],
) -> Stubs:
    """A document's `_attachments` as they are kept: inline data and streams stored, stubs found.

    `ancestors` are the attachments of the revision that this one follows, `streams` what came with the request for
    those marked `follows`. Raises `BadRequest`, `TooLarge`, `MissingStub`.
    """
    if not isinstance(given, Mapping) or len(given) > NAMES:
        raise BadRequest(f"_attachments must be an object of at most {NAMES} attachments.")
    return {name: _resolve_one(connection, name, entry, rev, ancestors, streams) for name, entry in given.items()}


def _resolve_one(
    connection: sqlite3.Connection,
    name: str,
    entry: Any,
    rev: str,
    ancestors: Stubs,
    streams: Mapping[str, BinaryIO],
) -> dict[str, Any]:
    if not isinstance(entry, Mapping) or not name or name.startswith("_"):
        raise BadRequest("An attachment must be an object, and its name may not begin with an underscore.")
    if entry.get("stub"):
        return _stub(connection, name, entry, ancestors)
    content_type = _content_type(entry)
    if entry.get("follows"):
        if name not in streams:
            raise BadRequest(f"The attachment {name!r} did not follow.")
        chunks = read_in_chunks(streams[name])
    else:
        chunks = iter(_inline(entry.get("data")))
    digest, length = store(connection, decoded(chunks, entry.get("encoding")))
    return {
        "content_type": content_type,
        "revpos": _revpos(entry, rev),
        "digest": digest,
        "length": length,
    }


def _content_type(entry: Mapping[str, Any]) -> str:
    """What stands in a header when the attachment is read."""
    given = entry.get("content_type") or "application/octet-stream"
    if not isinstance(given, str) or not CONTENT_TYPE.fullmatch(given):
        raise BadRequest("An attachment's content_type must be plain ASCII, of 255 characters at most.")
    return given


def _revpos(entry: Mapping[str, Any], rev: str) -> int:
    given = entry.get("revpos")
    return given if isinstance(given, int) and 0 < given <= generation(rev) else generation(rev)


def _stub(connection: sqlite3.Connection, name: str, entry: Mapping[str, Any], ancestors: Stubs) -> dict[str, Any]:
    """The attachment that the revision before has, or any of the same content.

    A `revpos` that agrees is enough, as it is for CouchDB: its digests are of what it keeps, which may be compressed.
    """
    known, digest, revpos = ancestors.get(name), entry.get("digest"), entry.get("revpos")
    if known is not None and (digest == known["digest"] or (digest is None and revpos in (None, known["revpos"]))):
        return known
    length = length_of(connection, digest) if isinstance(digest, str) else None
    if length is None and known is not None and revpos == known["revpos"]:
        return known
    if length is None:
        raise MissingStub(f"The attachment {name!r} is not here; send it in full.")
    return {
        "content_type": _content_type(entry),
        "revpos": revpos if isinstance(revpos, int) else 1,
        "digest": digest,
        "length": length,
    }


def _inline(data: Any) -> list[bytes]:
    if not isinstance(data, str):
        raise BadRequest("An attachment needs data, as base64, or must be a stub.")
    if len(data) > ATTACHMENT_BYTES * 4 // 3 + 4:
        raise TooLarge(f"An attachment may have {ATTACHMENT_BYTES} bytes at most.", details={"limit": ATTACHMENT_BYTES})
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("An attachment's data must be base64.") from None
    return [raw[start : start + CHUNK_BYTES] for start in range(0, len(raw), CHUNK_BYTES)]


def shown(stubs: str | None) -> Stubs:
    """What a reader sees of kept attachments: stubs."""
    return {name: {**entry, "stub": True} for name, entry in orjson.loads(stubs).items()} if stubs else {}
