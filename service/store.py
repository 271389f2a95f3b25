"""Which store this installation keeps its documents in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING

from service.config import Config
from sync import gate
from sync.embedded import EmbeddedStore
from sync.store import Document, Exists, Store

if TYPE_CHECKING:
    from sync.couch import CouchStore

FOLDER = "db"


def is_embedded(config: Config) -> bool:
    """Whether Rounds serves /db/ itself, rather than CouchDB behind the proxy."""
    return config.couchdb_url is None


def open_store(config: Config) -> Store:
    """Open the embedded store in the data directory, or CouchDB where `couchdb_url` is set. The caller closes it."""
    if config.couchdb_url is None:
        return EmbeddedStore(config.data / FOLDER, gate=gate.check)
    from sync import couch  # noqa: PLC0415 - its client takes a second to load, and most do not need it

    return couch.CouchStore(config.couchdb_url)


def make_database(store: Store, name: str, security: Document) -> None:
    """Make a database where it is missing, and give it its members; in CouchDB also the gate."""
    if isinstance(store, EmbeddedStore):
        with suppress(Exists):
            store.create(name)
        if store.database(name).security() != security:
            store.database(name).set_security(security)
        return
    couch, setup = _couch(store)
    setup.prepare_database(couch, name, security)


def publish_keys(store: Store, keys: Mapping[str, str]) -> None:
    """Let the store check our tokens by itself: CouchDB needs the public keys (PEM by key id), we do not."""
    if isinstance(store, EmbeddedStore):
        return
    couch, setup = _couch(store)
    setup.check_server(couch)
    for kid, pem in keys.items():
        setup.publish_key(couch, kid, pem)


def _couch(store: Store) -> tuple[CouchStore, ModuleType]:
    from sync import couch, couch_setup  # noqa: PLC0415 - as above

    assert isinstance(store, couch.CouchStore)
    return store, couch_setup
