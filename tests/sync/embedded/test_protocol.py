"""CouchDB's protocol where PouchDB and ibmcloudant do not show it: parts, headers, feeds, and who may come in."""

from __future__ import annotations

import base64
import json
import re
import socket
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask

from sync.embedded import EmbeddedStore
from sync.embedded.protocol import create_blueprint
from sync.store import UserContext
from tests.contract.revisions import A, B, C, revision
from tests.served import served
from tests.sync.embedded.conftest import Caller

PARTS = re.compile(rb"--(\w+)\r\nContent-Type: application/json[^\r]*\r\n\r\n(.*?)\r\n(?=--\1)", re.DOTALL)


def test_open_revisions_come_in_parts_or_as_json(call: Caller) -> None:
    north = call.store.database("north")
    assert north.put_revisions([revision("b", B, A), revision("b", C, A, _deleted=True)]) == []
    answer = call("GET", "/north/b?open_revs=all&revs=true", headers={"Accept": "multipart/mixed"})
    assert answer.mimetype == "multipart/mixed"
    parts = [json.loads(body) for _, body in PARTS.findall(answer.get_data())]
    assert [part["_rev"] for part in parts] == [f"2-{B}", f"2-{C}"]
    assert answer.get_data().endswith(b"--")
    plain = call("GET", "/north/b?open_revs=all&revs=true", headers={"Accept": "application/json"})
    assert [row["ok"] for row in plain.get_json()] == parts
    asked = call("GET", f'/north/b?open_revs=["1-{A}","9-{A}"]&latest=true', headers={"Accept": "application/json"})
    assert asked.get_json() == [{"ok": {"_id": "b", "_rev": f"2-{B}"}}, {"missing": f"9-{A}"}]


def test_many_revisions_at_once_come_with_ancestry_and_attachments(call: Caller) -> None:
    north = call.store.database("north")
    file = {"data": base64.b64encode(b"photo").decode(), "content_type": "image/jpeg"}
    assert north.put_revisions([revision("b", B, A, n=1, _attachments={"file": file})]) == []
    wanted = [{"id": "b", "rev": f"1-{A}"}, {"id": "b", "rev": f"9-{A}"}, {"id": "none"}]
    answer = call("POST", "/north/_bulk_get?revs=true&latest=true&attachments=true", {"docs": wanted})
    [found, missing, unknown] = [row["docs"][0] for row in answer.get_json()["results"]]
    assert (found["ok"]["_rev"], found["ok"]["n"], found["ok"]["_revisions"]["ids"]) == (f"2-{B}", 1, [B, A])
    assert found["ok"]["_attachments"]["file"]["data"] == file["data"]
    assert missing["error"]["error"] == unknown["error"]["error"] == "not_found"


def test_a_document_with_its_attachment_may_come_in_one_request(call: Caller) -> None:
    photo = b"\r\n--not the end\r\n" + bytes(range(256)) * 500 + b"\r\n"
    doc = {"_attachments": {"file": {"follows": True, "length": len(photo), "content_type": "image/jpeg"}}}
    head = b"--b\r\nContent-Type: application/json\r\n\r\n" + json.dumps(doc).encode() + b"\r\n--b\r\n\r\n"
    kind = 'multipart/related; boundary="b"'
    assert call("PUT", "/north/b", head + photo + b"\r\n--b--", content_type=kind).status_code == 201
    assert call("GET", "/north/b/file").get_data() == photo


def test_an_attachment_is_never_run_as_a_page_of_ours(call: Caller) -> None:
    call("PUT", "/north/b/page", b"<script>", content_type="text/html")
    answer = call("GET", "/north/b/page")
    assert answer.headers["Content-Disposition"] == "attachment"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = call("HEAD", "/north/b/page")
    assert (head.headers["Content-Length"], head.get_data()) == ("8", b"")


def test_what_did_not_change_is_not_sent_again(call: Caller) -> None:
    answer = call("GET", "/north/a")
    assert answer.headers["ETag"] == f'"{answer.get_json()["_rev"]}"'
    assert call("GET", "/north/a", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert call("DELETE", "/north/a", headers={"If-Match": answer.headers["ETag"]}).status_code == 200


def test_a_listing_may_be_asked_for_by_address_or_by_body(call: Caller) -> None:
    call.store.database("north").put_many([{"_id": each} for each in "bcde"])

    def ids(method: str, query: str, body: object = None) -> list[str]:
        return [row["id"] for row in call(method, f"/north/_all_docs?{query}", body).get_json()["rows"]]

    assert ids("GET", 'startkey="b"&endkey="d"&inclusive_end=false') == ["b", "c"]
    assert ids("POST", "", {"start_key": "b", "end_key": "d", "inclusive_end": False}) == ["b", "c"]
    assert ids("GET", "skip=1&limit=2") == ids("POST", "", {"skip": 1, "limit": 2}) == ["b", "c"]
    assert ids("GET", 'descending=true&limit=2&startkey="d"') == ["d", "c"]
    assert ids("GET", 'key="c"') == ids("POST", "", {"keys": ["c"]}) == ["c"]


def test_a_wait_sends_a_line_now_and_then_and_then_the_page(call: Caller) -> None:
    started = time.monotonic()
    answer = call("GET", "/north/_changes?feed=longpoll&since=now&timeout=2500&heartbeat=1000")
    body = answer.get_data()
    assert time.monotonic() - started >= 2.4
    assert body.startswith(b"\n\n{")
    assert json.loads(body)["results"] == []


def test_outsiders_learn_nothing_and_members_may_write_documents_only(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.create("north").set_security({"members": {"names": [], "roles": ["team:north"]}})
    store.create("open")
    app = Flask(__name__)
    who = UserContext(None)
    app.register_blueprint(create_blueprint(store, lambda _: who))
    client = app.test_client()

    def told(method: str, path: str) -> int:
        return client.open(path, method=method, json={}).status_code

    for path in ("/north", "/none", "/open", "/north/a", "/north/_changes", "/_all_dbs"):
        assert told("GET", path) == 401
    who = UserContext("wang.fang", frozenset({"team:south"}))
    for path in ("/north", "/none", "/open", "/north/a", "/north/_security", "/_all_dbs"):
        assert told("GET", path) == 403
    who = UserContext("li.wei", frozenset({"team:north"}))
    assert told("PUT", "/north/a") == 201
    assert [told("GET", path) for path in ("/north", "/north/a", "/none", "/open")] == [200, 200, 403, 403]
    owned = [("PUT", "/more"), ("DELETE", "/north"), ("PUT", "/north/_security"), ("PUT", "/north/_design/x")]
    assert [told(method, path) for method, path in [*owned, ("POST", "/north/_compact")]] == [403] * 5


@pytest.mark.timeout(60)
def test_a_slow_upload_holds_up_nobody(tmp_path: Path) -> None:
    with served(tmp_path) as url:
        requests.put(f"{url}/north", timeout=10).raise_for_status()
        authorization = base64.b64encode(b"admin:secret").decode()
        head = f"PUT /north/a/file HTTP/1.1\r\nHost: x\r\nAuthorization: Basic {authorization}\r\n"
        with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0), timeout=20) as slow:
            slow.sendall(f"{head}Content-Type: image/jpeg\r\nContent-Length: 1000\r\n\r\n".encode() + b"x" * 500)
            time.sleep(0.3)
            requests.put(f"{url}/north/b", json={}, timeout=5).raise_for_status()
            slow.sendall(b"x" * 500)
            assert slow.recv(65_536).startswith(b"HTTP/1.1 201")
        assert len(requests.get(f"{url}/north/a/file", timeout=10).content) == 1000
