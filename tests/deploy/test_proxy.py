"""What the proxy lets through to the store, what it refuses, and how."""

from __future__ import annotations

import http.client
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request
from werkzeug.serving import make_server

from sync.embedded import EmbeddedStore
from sync.embedded.protocol import create_blueprint
from sync.store import Unauthorized, UserContext
from tests.deploy.proxy import NO_NGINX, Proxy
from tests.live import ROOT, free_port
from tests.sync.scripted import Scripted

pytestmark = pytest.mark.skipif(bool(NO_NGINX), reason=NO_NGINX)

TOKEN = "header.payload.signature"
RECORD = "record%3Aenterprise-visit%3A01JDAAAAAAAAAAAAAAAAAAAAAA"
ECHO = (200, {"ok": True})


@pytest.fixture(scope="module")
def upstream() -> Iterator[Scripted]:
    """A store that says yes to everything and remembers what it was asked."""
    with Scripted(lambda _method, _path, _body: ECHO) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory, upstream: Scripted) -> Iterator[Proxy]:
    address = upstream.url.removeprefix("http://")
    running = Proxy(tmp_path_factory.mktemp("proxy"), couchdb=address, service=f"127.0.0.1:{free_port()}")
    yield running
    running.stop()


def ask(proxy: Proxy, line: str, headers: dict[str, str] | None = None, body: str | None = None) -> tuple[int, Any]:
    """Send a request line exactly as it is written."""
    method, target = line.split(" ", 1)
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in ({"Authorization": f"Bearer {TOKEN}"} | (headers or {})).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body or "")))
        connection.endheaders((body or "").encode())
        answer = connection.getresponse()
        payload = answer.read()
        if method == "HEAD":
            return answer.status, None
        assert answer.headers.get_content_type() == "application/json", payload
        return answer.status, json.loads(payload)
    finally:
        connection.close()


ALLOWED = [
    "GET /db/",
    "GET /db/mailbox-north/",
    "GET /db/media-north",
    "GET /db/reference/",
    "HEAD /db/mailbox-north/",
    "GET /db/mailbox-north/_changes?style=all_docs&feed=longpoll&since=12-g1AAAA&limit=100&timeout=25000",
    "GET /db/reference/_changes",
    "POST /db/mailbox-north/_changes?filter=_doc_ids&since=0",
    "POST /db/mailbox-north/_changes?filter=_selector",
    "POST /db/mailbox-north/_revs_diff",
    "POST /db/mailbox-north/_bulk_docs",
    "POST /db/mailbox-north/_bulk_get?revs=true&latest=true&attachments=true",
    "GET /db/mailbox-north/_local/pTNiuN9ZYp9jbRf_X9XW.g%3D%3D",
    "PUT /db/mailbox-north/_local/pTNiuN9ZYp9jbRf_X9XW.g%3D%3D",
    f"GET /db/mailbox-north/{RECORD}?open_revs=%5B%221-a%22%5D&revs=true",
    f"PUT /db/mailbox-north/{RECORD}?new_edits=false",
    "GET /db/mailbox-north/record:enterprise-visit:01JDAAAAAAAAAAAAAAAAAAAAAA",
    f"GET /db/mailbox-north/receipt%3A{RECORD}%3Aoffice",
    f"GET /db/media-north/media%3A{'ab' * 32}/file?rev=1-a",
    f"PUT /db/media-north/media%3A{'ab' * 32}/file?rev=1-a",
    "GET /db/reference/form%3Aself-check%3A1",
    f"GET /db/reference/file%3A{'0' * 64}/file?rev=1-a",
]


@pytest.mark.parametrize("line", ALLOWED)
def test_what_pouchdb_needs_passes_as_it_was_written(proxy: Proxy, upstream: Scripted, line: str) -> None:
    status, _ = ask(proxy, line)
    assert status == 200
    method, target = line.split(" ")
    assert upstream.requests[-1] == f"{method} {target.removeprefix('/db')}"


REFUSED = [
    "GET /db",
    "GET /db/_all_dbs",
    "GET /db/_users/",
    "GET /db/_session",
    "POST /db/_session",
    "POST /db/_replicate",
    "GET /db/_node/_local/_config",
    "GET /db/_utils/",
    "GET /db/office/",
    "GET /db/audit/_changes",
    "GET /db/mailbox-North/",
    "PUT /db/mailbox-north",
    "PUT /db/mailbox-new/",
    "DELETE /db/mailbox-north/",
    "POST /db/mailbox-north/",
    "POST /db/mailbox-north/_all_docs",
    "GET /db/mailbox-north/_all_docs",
    "GET /db/mailbox-north/_local_docs",
    "GET /db/mailbox-north/_security",
    "PUT /db/mailbox-north/_security",
    "POST /db/mailbox-north/_find",
    "POST /db/mailbox-north/_purge",
    "POST /db/mailbox-north/_compact",
    "GET /db/mailbox-north/_design/rounds",
    "PUT /db/mailbox-north/_design%2Frounds",
    "PUT /db/mailbox-north/_design/x",
    "GET /db/mailbox-north/_changes?feed=continuous",
    "GET /db/mailbox-north/_changes?feed=eventsource",
    "GET /db/mailbox-north/_changes?feed=normal&feed=continuous",
    "GET /db/mailbox-north/_changes?%66eed=continuous",
    "GET /db/mailbox-north/_changes?feed=%63ontinuous",
    "GET /db/mailbox-north/_changes?heartbeat=1&heartbeat=1",
    "GET /db/mailbox-north/_changes?filter=rounds/any",
    "GET /db/mailbox-north/_changes?filter=_view&view=a/b",
    f"DELETE /db/mailbox-north/{RECORD}",
    f"COPY /db/mailbox-north/{RECORD}",
    f"GET /db/mailbox-north/{RECORD}/../../_all_dbs",
    f"GET /db/mailbox-north/{RECORD}%2F..%2F..%2F_all_dbs",
    "GET /db/mailbox-north/../office/",
    "GET /db//mailbox-north/",
    "GET /db/mailbox-north/%5Fall_docs",
    "GET /db/mailbox-north/%5fsecurity",
    "GET /%64b/mailbox-north/_all_docs",
    "GET /x/../db/mailbox-north/",
    "GET /db/mailbox-north/unknown%3A1",
]


@pytest.mark.parametrize("line", REFUSED)
def test_anything_else_is_refused_and_never_reaches_the_store(proxy: Proxy, upstream: Scripted, line: str) -> None:
    before = len(upstream.requests)
    status, body = ask(proxy, line)
    assert 400 <= status < 500
    assert set(body) == {"error", "reason", "details"}
    assert len(upstream.requests) == before


@pytest.mark.parametrize("sign_in", ["", "Basic YWRtaW46c2VjcmV0", "Bearer ", "Bearer a b"])
def test_nothing_but_a_token_is_a_sign_in(proxy: Proxy, upstream: Scripted, sign_in: str) -> None:
    before = len(upstream.requests)
    status, body = ask(proxy, "GET /db/mailbox-north/", {"Authorization": sign_in})
    assert (status, body["error"]) == (401, "unauthorized")
    assert len(upstream.requests) == before


def test_the_store_sees_the_token_and_no_other_claim_of_who_it_is(proxy: Proxy, upstream: Scripted) -> None:
    claims = {"Cookie": "AuthSession=x", "X-Auth-CouchDB-UserName": "admin", "X-Auth-CouchDB-Roles": "_admin"}
    assert ask(proxy, "GET /db/mailbox-north/", claims)[0] == 200
    seen = upstream.headers[-1]
    assert seen["authorization"] == f"Bearer {TOKEN}"
    assert {"cookie", "x-auth-couchdb-username", "x-auth-couchdb-roles"} & set(seen) == set()


@pytest.mark.parametrize(
    ("asked", "passed"),
    [
        ("feed=longpoll&heartbeat=10000&since=1", "feed=longpoll&since=1"),
        ("heartbeat=10000&since=1", "since=1"),
        ("since=1&heartbeat=10000", "since=1&"),
        ("since=1", "since=1"),
    ],
)
def test_a_longpoll_is_asked_for_without_a_heartbeat(proxy: Proxy, upstream: Scripted, asked: str, passed: str) -> None:
    assert ask(proxy, f"GET /db/mailbox-north/_changes?{asked}")[0] == 200
    assert upstream.requests[-1] == f"GET /mailbox-north/_changes?{passed}"


def test_a_request_that_is_too_large_is_refused_before_it_is_read(proxy: Proxy) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.putrequest("POST", "/db/mailbox-north/_bulk_docs")
    connection.putheader("Authorization", f"Bearer {TOKEN}")
    connection.putheader("Content-Length", str(1 << 30))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error"] == "document_too_large"
    connection.close()


def test_a_service_that_is_away_is_said_so_in_the_same_shape(proxy: Proxy) -> None:
    status, body = ask(proxy, "GET /api/v1/me")
    assert (status, body["error"]) == (503, "unavailable")


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[str]:
    """The embedded store alone, as `host:port`; whoever shows the token is an inspector of the team north."""
    store = EmbeddedStore(tmp_path / "store")
    security = {"admins": {"names": [], "roles": []}, "members": {"names": [], "roles": ["team:north"]}}
    for name in ("mailbox-north", "mailbox-south"):
        store.create(name).set_security(security)
    store.database("mailbox-south").set_security(security | {"members": {"names": [], "roles": ["team:south"]}})
    app = Flask(__name__)
    app.register_blueprint(create_blueprint(store, authenticate))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.port}"
    server.shutdown()
    store.close()


def authenticate(request: Request) -> UserContext:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        raise Unauthorized("Sign in first.")
    return UserContext("li.wei", frozenset({"inspector", "team:north"}))


def test_real_pouchdbs_meet_through_the_proxy(tmp_path: Path, embedded: str) -> None:
    folder = tmp_path / "proxy"
    folder.mkdir()
    proxy = Proxy(folder, couchdb=embedded, service=embedded)
    try:
        command = ["node", str(ROOT / "tests/deploy/replicate.mjs"), f"{proxy.url}/db/mailbox-north", TOKEN]
        done = subprocess.run(command, cwd=ROOT / "tests", capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr.decode()
        told = json.loads(done.stdout)
        assert ask(proxy, "GET /db/mailbox-south/")[0] == 403
        assert ask(proxy, "GET /db/mailbox-north/", {"Authorization": "Bearer forged"})[0] == 401
    finally:
        proxy.stop()
    assert (told["pushed"], told["refused"], told["again"]) == (2, 0, 0)
    assert len(told["pulled"]) == 3
    assert told["photo"] == told["straight"] == 200_000
