"""A laptop becomes a hub: it brings its code to the office, with the public halves of keys that it has made itself."""

from __future__ import annotations

from service.auth.keys import OFFICE_DEVICE, jwk_of, load_key, make_key, make_keys
from service.config import Config, ConfigError
from service.hub.identity import Identity, load_identity, save_identity
from service.hub.office import ask
from service.hub.serving import AUTHORITY, CHAIN
from service.version import VERSION

DEVICE = OFFICE_DEVICE
"""What signs a hub's decisions is also what it signs in with: to the office both are this one device."""


def join(config: Config, office: str, code: str) -> Identity:
    """Enrol this laptop. Raises `StoreError` where the office cannot be reached or refuses, `ConfigError`."""
    if known := load_identity(config):
        raise ConfigError(f"This is the hub {known.name} already; another needs a data directory of its own.")
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_keys(config)
    make_key(config.secrets / AUTHORITY)
    keys = {name: load_key(config.secrets / name).public_key() for name in (DEVICE, AUTHORITY)}
    body = {"code": code.strip(), "label": f"Rounds hub {VERSION}", "public_key": jwk_of(keys[DEVICE])}
    told = ask(office, "/hub/enrolment", {**body, "authority": jwk_of(keys[AUTHORITY])})
    (config.secrets / CHAIN).write_text(told["chain"])
    identity = Identity(told["hub"], told["device"], office, told["tablets"], told["teams"])
    save_identity(config.data, identity)
    return identity
