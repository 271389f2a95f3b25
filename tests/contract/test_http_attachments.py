"""Contract over HTTP: attachments. Source: CouchDB's `attachments`, `attachment_ranges` and `multipart` tests."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

import pytest

from tests.contract.asking import Asker, refusal

TEXT = b"This is a base64 encoded text"
BINARY = {"Content-Type": "application/octet-stream"}


def attach(ask: Asker, data: bytes = TEXT, **headers: str) -> str:
    answer = ask("PUT", "~/a/file", data, headers={**BINARY, **headers})
    assert answer.status_code in (201, 202), answer.text
    return str(answer.json()["rev"])


def test_an_attachment_comes_back_with_its_digest(ask: Asker) -> None:
    attach(ask)
    answer = ask("GET", "~/a/file")
    assert (answer.content, answer.headers["Content-Type"]) == (TEXT, "application/octet-stream")
    digest = base64.b64encode(hashlib.md5(TEXT).digest()).decode()
    assert (answer.headers["ETag"], answer.headers["Content-MD5"]) == (f'"{digest}"', digest)
    again = ask("GET", "~/a/file", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert ask("GET", "~/a").json()["_attachments"]["file"]["digest"] == f"md5-{digest}"


def test_an_attachment_tells_its_address_and_builds_on_a_revision(ask: Asker) -> None:
    answer = ask("PUT", "~/a/file", TEXT, headers=BINARY)
    assert answer.headers["Location"].endswith(f"/{ask.name}/a/file")
    assert refusal(ask("PUT", "~/a/file", TEXT, headers=BINARY)) == (409, "conflict")
    unknown = f"~/a/file?rev=1-{'0' * 32}"
    assert ask("PUT", unknown, TEXT, headers=BINARY).status_code == 409
    assert ask("PUT", f"~/a/file?rev={answer.json()['rev']}", b"new", headers=BINARY).status_code in (201, 202)
    assert ask("GET", "~/a/file").content == b"new"
    assert ask("GET", f"~/a/file?rev={answer.json()['rev']}").content == TEXT


def test_deleting_an_attachment_needs_a_revision_that_has_it(ask: Asker) -> None:
    rev = attach(ask)
    assert ask("DELETE", "~/a/file").status_code == 409
    missing = ask("DELETE", f"~/a/none?rev={rev}")
    assert (refusal(missing), missing.json()["reason"]) == ((404, "not_found"), "Document is missing attachment")
    assert ask("DELETE", f"~/a/file?rev={rev}").status_code in (200, 202)
    assert ask("GET", "~/a/file").status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "span", "told"),
    [
        ("bytes=0-28", 206, slice(0, 29), "bytes 0-28/29"),
        ("bytes=0-", 200, slice(0, 29), None),
        ("bytes=0-,0-,0-", 200, slice(0, 29), None),
        ("bytes:0-", 200, slice(0, 29), None),
        ("bytes=2-", 206, slice(2, 29), "bytes 2-28/29"),
        ("bytes=0-3", 206, slice(0, 4), "bytes 0-3/29"),
        ("bytes=10-15", 206, slice(10, 16), "bytes 10-15/29"),
        ("bytes=-3", 206, slice(26, 29), "bytes 26-28/29"),
        ("bytes=5-3", 416, None, None),
        ("bytes=300-310", 416, None, None),
        ("bytes=" + ",".join(["0-1"] * 10), 200, slice(0, 29), None),
    ],
)
def test_a_range_of_an_attachment(ask: Asker, asked: str, status: int, span: slice | None, told: str | None) -> None:
    attach(ask)
    answer = ask("GET", "~/a/file", headers={"Range": asked, "Accept-Encoding": "identity"})
    assert answer.status_code == status
    if span is not None:
        assert answer.content == TEXT[span]
        assert answer.headers["Content-Length"] == str(len(TEXT[span]))
        assert answer.headers.get("Content-Range") == told


def test_bytes_that_changed_on_the_way_are_refused(ask: Asker) -> None:
    attach(ask, **{"Content-MD5": base64.b64encode(hashlib.md5(TEXT).digest()).decode()})
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    answer = ask("PUT", "~/b/file", TEXT, headers={**BINARY, "Content-MD5": wrong})
    assert refusal(answer) == (400, "content_md5_mismatch")
    assert ask("GET", "~/b").status_code == 404


def test_a_stub_needs_nothing_but_to_be_one_and_a_revpos_must_agree(ask: Asker) -> None:
    rev = attach(ask)
    rev = ask.put("a", _rev=rev, _attachments={"file": {"stub": True}})
    assert ask("GET", "~/a/file").content == TEXT
    stub = {"file": {"stub": True, "revpos": 10}}
    assert refusal(ask("PUT", "~/a", {"_rev": rev, "_attachments": stub})) == (412, "missing_stub")


def test_what_is_sent_packed_is_kept_unpacked_for_who_wants_it_so(ask: Asker) -> None:
    text = b"lorem ipsum " * 1000
    headers = {"Content-Type": "text/plain", "Content-Encoding": "gzip"}
    assert ask("PUT", "~/a/text", gzip.compress(text), headers=headers).status_code in (201, 202)
    plain = ask("GET", "~/a/text", headers={"Accept-Encoding": "identity"})
    assert (plain.content, plain.headers.get("Content-Encoding", "identity")) == (text, "identity")
    packed = ask("GET", "~/a/text", headers={"Accept-Encoding": "gzip"})
    assert (packed.content, packed.headers["Content-Encoding"]) == (text, "gzip")


def test_a_document_and_its_attachments_travel_in_parts(ask: Asker) -> None:
    entries = {name: {"follows": True, "content_type": "image/png", "length": n} for name, n in (("x", 3), ("y", 5))}
    parts = [json.dumps({"n": 1, "_attachments": entries}).encode(), b"one", b"\r\n--t"]
    head = b"--b\r\nContent-Type: application/json\r\n\r\n"
    body = head + b"\r\n--b\r\n\r\n".join(parts) + b"\r\n--b--"
    kind = {"Content-Type": 'multipart/related; boundary="b"'}
    assert ask("PUT", "~/a", body, headers=kind).status_code in (201, 202)
    assert ask("GET", "~/a/y").content == b"\r\n--t"
    answer = ask("GET", "~/a?attachments=true", headers={"Accept": "multipart/related"})
    assert answer.headers["Content-Type"].startswith("multipart/related")
    assert answer.content.count(b"Content-Disposition: attachment") == 2
    assert b'"follows":true' in answer.content
    inline = ask("GET", "~/a?attachments=true", headers={"Accept": "application/json"}).json()
    assert base64.b64decode(inline["_attachments"]["x"]["data"]) == b"one"


def test_attachments_that_the_asker_has_are_left_out(ask: Asker) -> None:
    first = attach(ask, b"old")
    doc = ask("GET", "~/a").json()
    data = base64.b64encode(b"new").decode()
    doc["_attachments"]["more"] = {"content_type": "image/png", "data": data}
    assert ask("PUT", "~/a", doc).status_code in (201, 202)
    query = f'~/a?atts_since=["{first}"]'
    shown = ask("GET", query, headers={"Accept": "application/json"}).json()["_attachments"]
    assert (shown["file"].get("stub"), shown["more"].get("data")) == (True, data)
