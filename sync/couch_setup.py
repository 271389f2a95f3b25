"""What a CouchDB needs before tablets may meet it: sign-in by JWT, databases with their members, and the gate.

Every step may be repeated. Sources: https://docs.couchdb.org/en/stable/api/server/authn.html#jwt-authentication,
https://docs.couchdb.org/en/stable/api/server/configuration.html, `deploy/couchdb/rounds.ini`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from threading import Event
from typing import Final

import orjson

from sync.couch import CouchDatabase, CouchStore
from sync.couch_connection import Connection
from sync.store import Document, Exists, Forbidden, NotFound, StoreError, Unauthorized

OLDEST: Final = (3, 3)
"""The first CouchDB with `roles_claim_path`."""
HANDLER: Final = "jwt_authentication_handler"
WANTED: Final = (
    ("chttpd", "authentication_handlers", HANDLER),
    ("jwt_auth", "required_claims", "exp"),
    ("jwt_auth", "roles_claim_path", "roles"),
)
DESIGN_ID: Final = "_design/rounds"
KEY_TRIES: Final = 40
KEY_WAIT_SECONDS: Final = 0.25
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class SetupError(StoreError):
    """CouchDB is not as Rounds needs it; the sentence says what to change."""

    code = "couchdb_not_ready"


def check_server(store: CouchStore) -> None:
    """Raise `SetupError` unless it is a CouchDB that is new enough, knows us as administrator and accepts JWTs."""
    connection = store.connection
    facts = connection.call(store.connection.client.get_server_information)
    version = str(facts.get("version", ""))
    if "couchdb" not in facts or _numbers(version) < OLDEST:
        raise SetupError(
            f"{connection.url} is not CouchDB {'.'.join(map(str, OLDEST))} or later but {version or facts}."
        )
    for node in _nodes(connection):
        for section, key, wanted in WANTED:
            _check_setting(connection, node, section, key, wanted)


def prepare_database(store: CouchStore, name: str, security: Document) -> CouchDatabase:
    """Make a database where it is missing, and give it the gate and its members where they are not so already.

    The members come last: until then CouchDB lets in server administrators alone, so nobody else ever meets a database
    without a gate.
    """
    try:
        database = store.create(name)
    except Exists:
        database = store.database(name)
    install_gate(database)
    if database.security() != security:
        database.set_security(security)
    return database


def install_gate(database: CouchDatabase) -> None:
    """Put the write rules into the database's design document; unchanged rules cause no write."""
    design: Document = {
        "_id": DESIGN_ID,
        "language": "javascript",
        "autoupdate": False,
        "validate_doc_update": gate_text(),
    }
    try:
        stored = database.get(DESIGN_ID)
    except NotFound:
        database.put(design)
        return
    if any(stored.get(key) != value for key, value in design.items()):
        database.put({**design, "_rev": stored["_rev"]})


@cache
def gate_text() -> str:
    """The text of `validate_doc_update`."""
    return files("sync").joinpath("gate.js").read_text("utf-8")


def publish_key(store: CouchStore, key_id: str, pem: str) -> None:
    """Give every node a public key and return when each of them says it back; only then may tokens be signed with it.

    :param key_id: the `kid` of the tokens, letters, digits, `-` and `_`
    :param pem: the P-256 public key, SubjectPublicKeyInfo
    :raises SetupError: where a node does not have the key in time
    """
    if not KEY_ID.fullmatch(key_id):
        raise ValueError(f"{key_id!r} is no key id")
    # CouchDB's ini files hold one line a value: it turns the two characters \n into line ends itself.
    value = pem.strip().replace("\n", "\\n")
    connection = store.connection
    nodes = _nodes(connection)
    for node in nodes:
        if _setting(connection, node, "jwt_keys", f"ec:{key_id}") != value:
            _set(connection, node, "jwt_keys", f"ec:{key_id}", value)
    for node in nodes:
        _await_key(connection, node, f"ec:{key_id}", value)


def withdraw_key(store: CouchStore, key_id: str) -> None:
    """Take a public key from every node: tokens that were signed with it stop counting at once."""
    for node in _nodes(store.connection):
        try:
            store.connection.request("DELETE", "_node", node, "_config", "jwt_keys", f"ec:{key_id}")
        except NotFound:
            continue


def _await_key(connection: Connection, node: str, name: str, value: str) -> None:
    pause = Event()
    for _ in range(KEY_TRIES):
        if _setting(connection, node, "jwt_keys", name) == value:
            return
        pause.wait(KEY_WAIT_SECONDS)
    raise SetupError(f"The CouchDB node {node} does not take the key {name}. Can it write its configuration file?")


def _check_setting(connection: Connection, node: str, section: str, key: str, wanted: str) -> None:
    value = _setting(connection, node, section, key)
    if value is None or wanted not in re.split(r"[^A-Za-z_]+", value):
        raise SetupError(
            f"CouchDB does not accept Rounds' sign-in yet: on {node}, [{section}] {key} lacks {wanted}. "
            "Put deploy/couchdb/rounds.ini into its local.d directory and start it again."
        )


def _nodes(connection: Connection) -> list[str]:
    try:
        members = connection.call(connection.client.get_membership_information)
    except (Unauthorized, Forbidden) as error:
        raise SetupError("ROUNDS_COUCHDB_URL needs the name and password of a CouchDB administrator.") from error
    except NotFound as error:
        raise SetupError(f"{connection.url} has no _membership, so it is no CouchDB.") from error
    nodes: list[str] = members["cluster_nodes"]
    return nodes


def _setting(connection: Connection, node: str, section: str, key: str) -> str | None:
    try:
        return str(connection.request("GET", "_node", node, "_config", section, key))
    except NotFound:
        return None


def _set(connection: Connection, node: str, section: str, key: str, value: str) -> None:
    try:
        connection.request("PUT", "_node", node, "_config", section, key, body=orjson.dumps(value))
    except StoreError as error:
        raise SetupError(f"CouchDB's node {node} refuses [{section}] {key}: {error.reason}") from error


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])
