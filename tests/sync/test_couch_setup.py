"""What is checked and written on a CouchDB before tablets may meet it, on a stand-in for its configuration."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import unquote

import pytest

from sync.couch import CouchStore
from sync.couch_setup import SetupError, check_server, publish_key, withdraw_key
from tests.sync.scripted import Answer, Scripted

PEM = "-----BEGIN PUBLIC KEY-----\nMFkwEwYH\nKoZIzj0C\n-----END PUBLIC KEY-----\n"
VALUE = PEM.strip().replace("\n", "\\n")
READY = {
    "chttpd": {
        "authentication_handlers": (
            "{chttpd_auth, jwt_authentication_handler}, {chttpd_auth, default_authentication_handler}"
        )
    },
    "jwt_auth": {"required_claims": "exp", "roles_claim_path": "roles"},
}
NODES = ("couchdb@one", "couchdb@two")
MISSING: Answer = (404, {"error": "not_found", "reason": "unknown_config_value"})


class Cluster:
    """The configuration of two nodes; `slow` is how many reads a new value takes to show on the second."""

    def __init__(self, *, version: str = "3.5.0", slow: int = 0) -> None:
        self.version = version
        self.config: dict[str, Any] = {node: copy.deepcopy(READY) for node in NODES}
        self.writes = 0
        self.slow = slow
        self._unseen = 0

    def answer(self, method: str, path: str, body: Any) -> Answer:
        parts = [unquote(part) for part in path.partition("?")[0].strip("/").split("/")]
        if parts == [""]:
            return 200, {"couchdb": "Welcome", "version": self.version, "uuid": "u"}
        if parts == ["_membership"]:
            return 200, {"all_nodes": list(NODES), "cluster_nodes": list(NODES)}
        _, node, _, section, key = parts
        return self._setting(method, node, self.config[node].setdefault(section, {}), key, body)

    def _setting(self, method: str, node: str, section: dict[str, str], key: str, body: Any) -> Answer:
        old = section.get(key)
        if method == "PUT":
            section[key], self.writes, self._unseen = body, self.writes + 1, self.slow
            return 200, old or ""
        if method == "DELETE":
            return (200, section.pop(key)) if old else MISSING
        if node == NODES[1] and section is self.config[node].get("jwt_keys") and self._unseen:
            self._unseen -= 1
            return MISSING
        return (200, old) if old is not None else MISSING


def keys_of(cluster: Cluster) -> list[dict[str, str]]:
    return [cluster.config[node].get("jwt_keys", {}) for node in NODES]


def test_a_server_that_accepts_our_tokens_is_ready() -> None:
    with Scripted(Cluster().answer) as server:
        check_server(CouchStore(server.url))


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("chttpd", "authentication_handlers", "{chttpd_auth, default_authentication_handler}"),
        ("chttpd", "authentication_handlers", "{chttpd_auth, proxy_jwt_authentication_handler_off}"),
        ("jwt_auth", "required_claims", ""),
        ("jwt_auth", "roles_claim_path", None),
    ],
)
def test_a_node_that_would_not_accept_our_tokens_stops_the_start_with_a_sentence(
    section: str, key: str, value: str | None
) -> None:
    cluster = Cluster()
    cluster.config[NODES[1]][section].pop(key)
    if value is not None:
        cluster.config[NODES[1]][section][key] = value
    with Scripted(cluster.answer) as server, pytest.raises(SetupError) as caught:
        check_server(CouchStore(server.url))
    assert NODES[1] in str(caught.value)
    assert f"[{section}] {key}" in str(caught.value)
    assert "rounds.ini" in str(caught.value)


def test_a_couchdb_that_is_too_old_is_named() -> None:
    with Scripted(Cluster(version="3.1.2").answer) as server, pytest.raises(SetupError, match=r"3\.1\.2"):
        check_server(CouchStore(server.url))


def test_somebody_who_is_no_administrator_is_told_so() -> None:
    def not_admin(_method: str, path: str, _body: Any) -> Answer:
        if path.rstrip("?") in {"", "/"}:
            return 200, {"couchdb": "Welcome", "version": "3.5.0"}
        return 401, {"error": "unauthorized", "reason": "You are not a server admin."}

    with Scripted(not_admin) as server, pytest.raises(SetupError, match="administrator"):
        check_server(CouchStore(server.url))


def test_a_key_is_on_every_node_before_publishing_returns() -> None:
    cluster = Cluster(slow=3)
    with Scripted(cluster.answer) as server:
        publish_key(CouchStore(server.url), "k1", PEM)
        assert keys_of(cluster) == [{"ec:k1": VALUE}, {"ec:k1": VALUE}]
        reads = [request for request in server.requests if request.startswith("GET") and "two" in request]
        assert len(reads) >= 4


def test_a_key_that_is_there_is_not_written_again() -> None:
    cluster = Cluster()
    with Scripted(cluster.answer) as server:
        publish_key(CouchStore(server.url), "k1", PEM)
        publish_key(CouchStore(server.url), "k1", PEM)
    assert cluster.writes == len(NODES)


def test_a_node_that_never_shows_the_key_fails_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sync.couch_setup.KEY_WAIT_SECONDS", 0.001)
    cluster = Cluster(slow=10_000)
    with Scripted(cluster.answer) as server, pytest.raises(SetupError, match=NODES[1]):
        publish_key(CouchStore(server.url), "k1", PEM)


def test_a_withdrawn_key_is_gone_from_every_node() -> None:
    cluster = Cluster()
    with Scripted(cluster.answer) as server:
        store = CouchStore(server.url)
        publish_key(store, "k1", PEM)
        withdraw_key(store, "k1")
        withdraw_key(store, "k1")
    assert keys_of(cluster) == [{}, {}]


def test_a_key_id_that_could_leave_its_place_is_refused() -> None:
    with Scripted(Cluster().answer) as server, pytest.raises(ValueError, match="no key id"):
        publish_key(CouchStore(server.url), "../admins/x", PEM)
