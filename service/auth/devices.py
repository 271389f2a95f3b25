"""Devices: registered at sign-in by their public key, known by that key's thumbprint, revocable."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from service.auth.directory import Device, Directory, User
from service.auth.keys import PublicKey, jwk_of, thumbprint
from service.errors import RoundsError
from sync.store import Conflict, Document, NotFound

ID_DIGITS = 12
LABEL_CHARACTERS = 80
TRIES = 5


def public_key(jwk: Mapping[str, Any]) -> PublicKey:
    """The P-256 key that a JWK describes. Raises `RoundsError` `device_key_invalid`."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256" or "d" in jwk:
        raise RoundsError("device_key_invalid")
    try:
        x, y = (_coordinate(jwk[name]) for name in ("x", "y"))
        return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    except (KeyError, TypeError, ValueError):
        raise RoundsError("device_key_invalid") from None


def device_id(key: PublicKey) -> str:
    """The id that belongs to a key, and to no other (RFC 7638)."""
    return thumbprint(key)[:ID_DIGITS]


def is_signed(text: str, signature: str, key: PublicKey) -> bool:
    """Whether `signature` (base64url of raw r and s) is that of the text's UTF-8 bytes."""
    try:
        raw = _bytes(signature)
        if len(raw) != 64:
            return False
        der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(der, text.encode(), ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        return False
    return True


class Devices:
    """Registers devices in `reference`, where hubs and tablets find their keys."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def register(self, user: User, jwk: Mapping[str, Any], label: str, now: float) -> str:
        """Enter the device of somebody who just signed in with a password; returns its id.

        A device that is known stays as it is. A shared tablet has a key for each of its people, so no key ever changes
        hands: everybody can read public keys, and whoever names another's would become its owner.
        Raises `RoundsError` `device_revoked` and `forbidden`.
        """
        key = public_key(jwk)
        for _ in range(TRIES):
            known = self._directory.device(device_id(key))
            if known is not None:
                _refuse_other_hands(known, user)
                return known.device
            try:
                self._directory.reference.put(_document(key, user, label, now))
            except Conflict:
                continue
            return device_id(key)
        raise RoundsError("busy", retry_after=1)

    def revoke(self, device: str, genuine: Iterable[str]) -> bool:
        """Refuse this device from now on; False where it is not known.

        `genuine` are the digests of its edits that the office has seen: they go on counting. Any other that carries its
        signature may be of whoever has the device now, so it counts once somebody lets it in. A list that is there
        already stays as it is. Raises `RoundsError` `busy`.
        """

        def revoked(doc: Document) -> Document:
            return {"genuine": sorted(set(genuine)), **doc, "revoked": True}

        return self._change(device, revoked)

    def admit(self, device: str, digests: Iterable[str]) -> bool:
        """Let edits of a revoked device count after all; False where it is not known. Raises `RoundsError` `busy`."""

        def admitted(doc: Document) -> Document:
            return doc | {"genuine": sorted({*doc.get("genuine", ()), *digests})} if "genuine" in doc else doc

        return self._change(device, admitted)

    def _change(self, device: str, change: Callable[[Document], Document]) -> bool:
        reference = self._directory.reference
        for _ in range(TRIES):
            try:
                doc = reference.get(f"device:{device}")
                after = change(doc)
                if after != doc:
                    reference.put(after)
                return True
            except NotFound:
                return False
            except Conflict:
                continue
        raise RoundsError("busy", retry_after=1)


def _refuse_other_hands(known: Device, user: User) -> None:
    if known.revoked:
        raise RoundsError("device_revoked")
    if known.user != user.name:
        raise RoundsError("forbidden")


def _document(key: PublicKey, user: User, label: str, now: float) -> dict[str, Any]:
    device = device_id(key)
    return {
        "_id": f"device:{device}",
        "type": "device",
        "device": device,
        "public_key": jwk_of(key),
        "user": user.name,
        "display_name": user.display_name,
        "label": label[:LABEL_CHARACTERS],
        "registered_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "revoked": False,
    }


def _coordinate(text: str) -> int:
    raw = _bytes(text)
    if len(raw) != 32:
        raise ValueError("a coordinate has 32 bytes")
    return int.from_bytes(raw, "big")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("no base64url") from error
