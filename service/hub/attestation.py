"""A hub proves to a tablet that it is one of the office's hubs, and the one that the tablet meant to ask.

The tablet holds the keys of enrolled hubs in its copy of `reference`. A stranger who passes challenges on from the
office cannot have them signed, and a hub signs for its own addresses alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict

from service.auth.keys import PrivateKey
from service.hub.identity import Identity
from sync.signature import sign

PURPOSE = "rounds-hub"


class Attestation(TypedDict):
    """What comes with a challenge of a hub: its name, its device, its signature over challenge and address."""

    name: str
    device: str
    signature: str


def attest(
    identity: Identity, key: PrivateKey, challenge: str, origin: str, origins: Collection[str]
) -> Attestation | None:
    """The proof for a tablet that reached this hub at `origin`; None where that is none of its addresses."""
    if origin not in origins:
        return None
    signature = sign(f"{PURPOSE}\n{challenge}\n{origin}".encode(), key)
    return {"name": identity.name, "device": identity.device, "signature": signature}
