"""Who made an edit: ECDSA P-256 signatures by devices' own keys.

What is signed is the canonical JSON of `{"record": <record id>, "edit": <the edit without sig>}`, so that an edit
cannot be moved into another record. Signatures are the 64 bytes r‖s that WebCrypto makes, base64url without padding.
A device's id is the beginning of its key's thumbprint (RFC 7638), so that nobody can claim another device's id.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from schemas import canonical

DEVICE_ID_DIGITS = 12
KEYS = 4096
_COORDINATE = 32
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_ALGORITHM = ec.ECDSA(hashes.SHA256())

PrivateKey = ec.EllipticCurvePrivateKey


class BadKey(ValueError):
    """A public key that is not an EC P-256 key in JWK form."""


def generate_key() -> PrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def save_key(key: PrivateKey, path: Path) -> None:
    """Write a key as PEM, readable by the owner alone. Raises `FileExistsError`: a key is never overwritten."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)


def load_key(path: Path) -> PrivateKey:
    """Read a key that `save_key` wrote. Raises `BadKey` where the file holds another kind of key."""
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise BadKey(f"{path} holds no EC key")
    return key


def public_jwk(key: PrivateKey) -> dict[str, str]:
    """The public half as a JWK."""
    numbers = key.public_key().public_numbers()
    x, y = (_encode(number.to_bytes(_COORDINATE, "big")) for number in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def device_id(jwk: Mapping[str, Any]) -> str:
    """The id that belongs to a public key. Raises `BadKey`. Source: RFC 7638."""
    public_key(jwk)
    members = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
    return hashlib.sha256(canonical.dumps(members)).hexdigest()[:DEVICE_ID_DIGITS]


def sign_in_text(challenge: str, origin: str) -> str:
    """What a device signs to sign in: bound to the address that it takes the server for, so that nobody can pass on a
    challenge of another one.
    """
    return f"rounds-sign-in\n{challenge}\n{origin}"


def sign_edit(record_id: str, edit: Mapping[str, Any], key: PrivateKey) -> dict[str, Any]:
    """The edit with its `sig`. Raises `CanonicalError` where the edit has no canonical form."""
    return {**edit, "sig": sign(_signed_bytes(record_id, edit, canonical.dumps), key)}


def verify_edit(record_id: str, edit: Mapping[str, Any], jwk: Mapping[str, Any]) -> bool:
    """Whether this key made this edit, read from JSON, for this record. Never raises for a malformed edit or key."""
    try:
        return verify(_signed_bytes(record_id, edit, canonical.dumps_read), edit.get("sig"), jwk)
    except canonical.CanonicalError:
        return False


def sign(message: bytes, key: PrivateKey) -> str:
    """A signature over bytes."""
    r, s = decode_dss_signature(key.sign(message, _ALGORITHM))
    return _encode(r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big"))


def verify(message: bytes, signature: object, jwk: Mapping[str, Any]) -> bool:
    """Whether this key made this signature over these bytes; false for anything malformed."""
    try:
        raw = _decode(signature)
        if len(raw) != 2 * _COORDINATE:
            return False
        r, s = (int.from_bytes(part, "big") for part in (raw[:_COORDINATE], raw[_COORDINATE:]))
        public_key(jwk).verify(encode_dss_signature(r, s), message, _ALGORITHM)
    except (InvalidSignature, BadKey):
        return False
    return True


def _signed_bytes(record_id: str, edit: Mapping[str, Any], write: Callable[[Any], bytes]) -> bytes:
    unsigned = {name: value for name, value in edit.items() if name != "sig"}
    return write({"edit": unsigned, "record": record_id})


def public_key(jwk: Mapping[str, Any]) -> ec.EllipticCurvePublicKey:
    """The P-256 key that a JWK describes. Raises `BadKey`."""
    if jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
        raise BadKey("not an EC P-256 key")
    x, y = jwk.get("x"), jwk.get("y")
    if not isinstance(x, str) or not isinstance(y, str):
        raise BadKey("coordinates are no text")
    return _point(x, y)


@lru_cache(maxsize=KEYS)
def _point(x_text: str, y_text: str) -> ec.EllipticCurvePublicKey:
    """A device signs many edits: its key is made once."""
    x, y = _decode(x_text), _decode(y_text)
    if len(x) != _COORDINATE or len(y) != _COORDINATE:
        raise BadKey("coordinates are not 32 bytes")
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    try:
        return numbers.public_key()
    except ValueError:
        raise BadKey("not a point of the curve") from None


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: object) -> bytes:
    if not isinstance(text, str) or not _BASE64URL.fullmatch(text):
        raise BadKey("not base64url without padding")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadKey("not base64url without padding") from None
