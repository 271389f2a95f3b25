"""The embedded store: CouchDB's document model on SQLite, and CouchDB's protocol in front of it."""
