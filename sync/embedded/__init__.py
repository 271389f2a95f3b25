"""The embedded store: CouchDB's document model on SQLite, and CouchDB's protocol in front of it."""

from sync.embedded.store import EmbeddedStore

__all__ = ["EmbeddedStore"]
