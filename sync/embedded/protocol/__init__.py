"""CouchDB's HTTP API in front of the embedded store, as far as PouchDB, replicators and ibmcloudant need it."""

from sync.embedded.protocol.blueprint import create_blueprint

__all__ = ["create_blueprint"]
