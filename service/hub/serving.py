"""What a hub serves with: its certificate, made anew wherever it finds itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from service.auth.keys import load_key
from service.config import Config, ConfigError
from service.hub.certificates import covered, private_addresses, read_authority, server_certificate
from service.hub.identity import Identity

AUTHORITY, CHAIN = "hub-authority.pem", "hub-authority.crt"
SERVER = "hub-server.pem"
"""Key and chain in one file: a connection that begins between two writes would meet a key that does not fit."""
RENEW = timedelta(days=30)
LOOPBACK = ("127.0.0.1", "::1")


def certificate_file(config: Config) -> Path:
    """Where the key and the chain are that the hub serves with."""
    return config.secrets / SERVER


def keep_certificate(config: Config, identity: Identity, known: Sequence[str], now: datetime) -> bool:
    """Make the certificate anew where it names other addresses than these, or ends soon. True where it was made.

    The server reads the file with each connection. Raises `ConfigError` where the office's chain is damaged.
    """
    file, addresses = certificate_file(config), [*known, *LOOPBACK]
    if file.exists() and not _is_stale(file.read_bytes(), addresses, now):
        return False
    try:
        authority = read_authority(load_key(config.secrets / AUTHORITY), (config.secrets / CHAIN).read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{config.secrets / CHAIN} holds no certificates: {error}") from None
    key, chain = server_certificate(authority, identity.host, addresses, now)
    _write(file, key + chain)
    return True


def authority_ends(config: Config) -> datetime:
    """Until when the office vouches for this hub."""
    chain = (config.secrets / CHAIN).read_bytes()
    return x509.load_pem_x509_certificates(chain)[0].not_valid_after_utc


def _is_stale(chain: bytes, addresses: Sequence[str], now: datetime) -> bool:
    ends = x509.load_pem_x509_certificates(chain)[0].not_valid_after_utc
    return ends - now < RENEW or not private_addresses(addresses) <= covered(chain)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    draft.replace(path)
