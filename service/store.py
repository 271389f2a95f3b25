"""Which store this installation keeps its documents in."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

from service.config import Config
from sync import gate
from sync.embedded import EmbeddedStore
from sync.store import Document, Exists, Store

FOLDER = "db"


def is_embedded(config: Config) -> bool:
    """Whether Rounds serves /db/ itself, rather than CouchDB behind the proxy."""
    return config.couchdb_url is None


def open_store(config: Config) -> Store:
    """Open the embedded store in the data directory, or CouchDB where `couchdb_url` is set. The caller closes it."""
    if config.couchdb_url is None:
        return EmbeddedStore(config.data / FOLDER, gate=gate.check)
    from sync.couch import CouchStore  # noqa: PLC0415 - its client takes a second to load, and most do not need it

    return CouchStore(config.couchdb_url)


def make_database(store: Store, name: str, security: Document) -> None:
    """Make a database where it is missing, and give it its members; in CouchDB also the gate."""
    if not isinstance(store, EmbeddedStore):
        from sync.couch_setup import prepare_database  # noqa: PLC0415 - as above

        prepare_database(store, name, security)
        return
    with suppress(Exists):
        store.create(name)
    database = store.database(name)
    if database.security() != security:
        database.set_security(security)


def publish_keys(store: Store, keys: Mapping[str, str]) -> None:
    """Let the store check our tokens by itself: CouchDB needs the public keys (PEM by key id), we do not."""
    if isinstance(store, EmbeddedStore):
        return
    from sync.couch_setup import check_server, publish_key  # noqa: PLC0415 - as above

    check_server(store)
    for kid, pem in keys.items():
        publish_key(store, kid, pem)
