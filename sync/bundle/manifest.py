"""What a bundle says of itself, signed by the device that made it: whose it is, and the digest of everything in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from schemas import canonical
from sync import signature

ENTRIES = 200_000
VALUES = 8 * ENTRIES
"""Commas and brackets of a list of contents at most: an entry has seven. What a manifest takes in memory follows."""
DOCUMENT_BYTES = 8 * 1024 * 1024
ATTACHMENT_BYTES = 96 * 1024 * 1024
"""What the store takes in one request."""

_OPENING, _CLOSING, _ENTRIES = b'{"manifest":', b'"}\n', b',"entries":['
_SIG = re.compile(rb'(.*),"sig":"([A-Za-z0-9_-]{86})', re.DOTALL)
_HEAD_BYTES = 8192
_DATABASE = re.compile(r"(mailbox|media)-[a-z][a-z0-9-]{0,30}")
_REV = re.compile(r"[1-9][0-9]{0,8}-[0-9a-f]{32}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DEVICE = re.compile(r"[0-9a-f]{12}")


class BundleError(Exception):
    """A file that cannot be imported at all, or no further. `code` is the slug of the sentence that says why.

    `bundle_unknown` (no bundle), `bundle_newer` (a later format), `bundle_sealed` (it needs a key), `bundle_wrong_key`,
    `bundle_altered` (the signature does not fit), `bundle_foreign` (made by a device that is not known here),
    `bundle_cut_short`.
    """

    def __init__(self, code: str, hint: str = "") -> None:
        super().__init__(f"{code}: {hint}" if hint else code)
        self.code = code


@dataclass(frozen=True)
class Entry:
    """One piece of a bundle: a document's leaf with its history, or, with `attachment`, the bytes that belong to it."""

    database: str
    id: str
    rev: str
    bytes: int
    sha256: str
    attachment: str | None = None

    def told(self) -> dict[str, Any]:
        """As it stands in the manifest."""
        same = {name: getattr(self, name) for name in ("database", "id", "rev", "bytes", "sha256")}
        return same | ({"attachment": self.attachment} if self.attachment else {})


@dataclass(frozen=True)
class Manifest:
    """The head of a bundle; the entries follow it in this order."""

    bundle: str
    made_at: str
    by: str
    device: str
    app: str
    entries: tuple[Entry, ...]

    def told(self) -> dict[str, Any]:
        """As it is signed and written."""
        same = {name: getattr(self, name) for name in ("bundle", "made_at", "by", "device", "app")}
        return same | {"entries": [entry.told() for entry in self.entries]}


def signed_line(manifest: Manifest, sig: str) -> bytes:
    """The line that stands before the entries."""
    return canonical.dumps({"manifest": manifest.told(), "sig": sig}) + b"\n"


def sign(manifest: Manifest, key: signature.PrivateKey) -> str:
    """The signature of the device that makes the bundle."""
    return signature.sign(_signed(manifest), key)


@dataclass(frozen=True)
class Claim:
    """A manifest as it was read: which device says that it signed it; nothing else is believed yet."""

    device: str
    sig: str
    _told: bytes = field(repr=False)

    def proved(self, jwk: Mapping[str, Any]) -> Manifest:
        """The manifest, if the device with this key signed these bytes. Raises `BundleError`.

        What is in it is looked at only then: a few bytes of a file can stand for a hundred times as many in memory.
        """
        if not signature.verify(b'{"bundle":' + self._told + b"}", self.sig, jwk):
            raise BundleError("bundle_altered")
        return _manifest(self._told, self.device)


def claim(line: bytes) -> Claim:
    """What the line before the entries claims. Raises `BundleError`."""
    _require(line.startswith(_OPENING) and line.endswith(_CLOSING), "form")
    tail = _SIG.fullmatch(line, len(_OPENING), len(line) - len(_CLOSING))
    if tail is None:
        raise BundleError("bundle_unknown", "a manifest without a signature")
    told = tail[1]
    head, found, _ = told[:_HEAD_BYTES].partition(_ENTRIES)
    _require(bool(found), "head")
    device = _text(_loaded(head + b"}").get("device"))
    _require(_DEVICE.fullmatch(device) is not None, "device")
    return Claim(device, tail[2].decode(), told)


def _manifest(told: bytes, device: str) -> Manifest:
    _require(told.count(b",") + told.count(b"[") + told.count(b"{") <= VALUES, "number of entries")
    said = _loaded(told)
    try:
        entries = said["entries"]
        _require(isinstance(entries, list) and len(entries) <= ENTRIES, "list of entries")
        texts = {name: _text(said[name]) for name in ("bundle", "made_at", "by", "device", "app")}
        _require(texts["device"] == device, "device")
        return Manifest(**texts, entries=tuple(_entry(each) for each in entries))
    except (KeyError, TypeError, AttributeError):
        raise BundleError("bundle_unknown", "no manifest") from None


def _loaded(told: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(told)
    except orjson.JSONDecodeError:
        raise BundleError("bundle_unknown", "no manifest") from None
    _require(isinstance(value, dict), "form")
    return dict(value)


def _entry(value: Mapping[str, Any]) -> Entry:
    attachment = value.get("attachment")
    _require(attachment in (None, "file"), "attachment")
    _require(_DATABASE.fullmatch(_text(value["database"])) is not None, "database")
    _require(_REV.fullmatch(_text(value["rev"])) is not None, "rev")
    _require(_SHA256.fullmatch(_text(value["sha256"])) is not None, "sha256")
    size, most = value["bytes"], ATTACHMENT_BYTES if attachment else DOCUMENT_BYTES
    _require(type(size) is int and 0 <= size <= most, "bytes")
    return Entry(value["database"], _text(value["id"]), value["rev"], size, value["sha256"], attachment)


def _text(value: Any) -> str:
    _require(isinstance(value, str) and 0 < len(value) <= 300, "text")
    return str(value)


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise BundleError("bundle_unknown", f"a manifest with a wrong {what}")


def _signed(manifest: Manifest) -> bytes:
    return canonical.dumps({"bundle": manifest.told()})
