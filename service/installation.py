"""Preparing an installation: what `rounds init` does, and `rounds serve` before it serves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from service.auth.keys import Keys, load_keys, make_keys, pem_of
from service.campaign import Campaign
from service.config import Config
from service.hub.identity import load_identity
from service.parts import open_databases
from service.store import open_store, publish_keys
from sync.store import Store


def prepare(config: Config, then: Callable[[Store, Keys, datetime], None] | None = None) -> None:
    """Make the keys, databases and tables that are not there yet; `then` may add to the store.

    Doing it again changes nothing. Raises `ConfigError`, `StoreError`.
    """
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    make_keys(config)
    keys, now = load_keys(config), datetime.now(UTC)
    for engine in open_databases(config):
        engine.dispose()
    store = open_store(config)
    try:
        publish_keys(store, {kid: pem_of(key) for kid, key in keys.verifying.items()})
        Campaign(store).prepare(None if load_identity(config) else keys, now)
        if then is not None:
            then(store, keys, now)
    finally:
        store.close()
