"""Key files: what signs tokens, office sessions, and the office's own edits. Made once, readable by the owner alone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.config import Config, ConfigError

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey
TOKEN_KEYS = "token-*.pem"  # noqa: S105 - file names, no secret
OFFICE_DEVICE = "office-device.pem"
SEALING = "bundles.pem"
SESSION_BYTES = 32


@dataclass(frozen=True, repr=False)
class Keys:
    """Every key of one installation. `kid` names the token key that signs; all of `verifying` are accepted.

    `sealing` opens the bundles that tablets sealed to this office.
    """

    kid: str
    signing: PrivateKey
    verifying: Mapping[str, PublicKey]
    office_device: PrivateKey
    sealing: PrivateKey
    session: bytes


def make_keys(config: Config) -> None:
    """Make the key files that are not there yet; those that are stay as they are."""
    folder = config.secrets
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any(folder.glob(TOKEN_KEYS)):
        key = ec.generate_private_key(ec.SECP256R1())
        write_once(folder / f"token-{thumbprint(key.public_key())[:16]}.pem", _pem(key))
    for name in (OFFICE_DEVICE, SEALING):
        make_key(folder / name)
    write_once(config.session_key_file, secrets.token_hex(SESSION_BYTES).encode())


def make_key(path: Path) -> None:
    """Make a P-256 key in a file that is not there yet."""
    write_once(path, _pem(ec.generate_private_key(ec.SECP256R1())))


def load_keys(config: Config) -> Keys:
    """Read the key files. Raises `ConfigError` where they are missing, unreadable or open to others."""
    paths = sorted(config.secrets.glob(TOKEN_KEYS), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not paths:
        raise ConfigError(f"{config.data} holds no keys yet: run `rounds init --data {config.data}` first.")
    signing = [load_key(path) for path in paths]
    session = bytes.fromhex(_read(config.session_key_file).decode("ascii", "replace").strip() or "00")
    if len(session) < SESSION_BYTES:
        raise ConfigError(f"{config.session_key_file} must hold {SESSION_BYTES} bytes or more, written in hex.")
    return Keys(
        kid=_kid(signing[-1]),
        signing=signing[-1],
        verifying={_kid(key): key.public_key() for key in signing},
        office_device=load_key(config.secrets / OFFICE_DEVICE),
        sealing=load_key(config.secrets / SEALING),
        session=session,
    )


def jwk_of(key: PublicKey) -> dict[str, str]:
    """The public key as a JSON Web Key (RFC 7517) with just the members that its thumbprint covers."""
    numbers = key.public_numbers()
    return {"crv": "P-256", "kty": "EC", "x": _base64(numbers.x), "y": _base64(numbers.y)}


def pem_of(key: PublicKey) -> str:
    """The public key as CouchDB wants it."""
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.PEM, info).decode()


def thumbprint(key: PublicKey) -> str:
    """RFC 7638, in hex."""
    text = json.dumps(jwk_of(key), separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _kid(key: PrivateKey) -> str:
    return thumbprint(key.public_key())[:16]


def _base64(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode()


def _pem(key: PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(path: Path) -> PrivateKey:
    """Read a key file. Raises `ConfigError` where it is missing, unreadable, open to others, or another kind of key."""
    try:
        key = serialization.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigError(f"{path} is no private key: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ConfigError(f"{path} is not a P-256 key.")
    return key


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}. `rounds init` makes what is missing.") from None
    if mode & 0o077:
        raise ConfigError(f"{path} can be read by others than its owner: run `chmod 600 {path}`.")
    return content


def write_once(path: Path, content: bytes) -> None:
    """Write a file that does not exist yet: whole or not at all, also when two processes try at once."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
