"""Bundles as the vectors describe them."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec

from sync.bundle import sealing
from sync.bundle.framing import assembled
from sync.bundle.manifest import Entry, Manifest
from sync.bundle.sealing import Seal
from tests.vectors import Case


def made(case: Case) -> bytes:
    """The file of a case."""
    entries = tuple(Entry(**entry) for entry in case["manifest"]["entries"])
    manifest = Manifest(**{**case["manifest"], "entries": entries})
    bodies = [[body["text"].encode() * body["times"]] for body in case["bodies"]]
    return b"".join(assembled(manifest, case["sig"], bodies, _seal(case["seal"])))


def _seal(seal: Case | None) -> Seal | None:
    if seal is None:
        return None
    prefix = _bytes(seal["prefix"])
    if "passphrase" in seal:
        return sealing.by_passphrase(
            seal["passphrase"], salt=_bytes(seal["salt"]), prefix=prefix, iterations=seal["iterations"]
        )
    value = int.from_bytes(_bytes(seal["ephemeral"]["d"]), "big")
    return sealing.to_office(seal["to"], ephemeral=ec.derive_private_key(value, ec.SECP256R1()), prefix=prefix)


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
