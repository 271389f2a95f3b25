"""Whatever is wrong with a request is the caller's fault: a 4xx with an error and a reason, and nothing is written.

`tests/service/api/test_bad_store_input.py` asks the same of the office's own addresses, as a tablet.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from sync.embedded.attachments import ATTACHMENT_BYTES
from sync.embedded.protocol.answer import REQUEST_BYTES
from sync.embedded.protocol.bulk import DOCUMENTS
from sync.embedded.writes import DOCUMENT_BYTES
from tests.sync.embedded.conftest import Caller

REV = "1-" + "a" * 32
DEEP = json.loads("[" * 400 + "]" * 400)
HUGE_NUMBER = "9" * 30


def assert_refused(answer: TestResponse, status: int | None = None) -> None:
    assert 400 <= answer.status_code < 500, answer.get_data()
    assert status is None or answer.status_code == status, answer.get_data()
    told = answer.get_json()
    assert isinstance(told["error"], str)
    assert told["error"]
    assert isinstance(told["reason"], str)
    assert told["reason"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b'{"a": NaN}', b'{"a": "\\ud800"}', b"[" * 5000, b"[]", b'"x"'])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/north/b"),
        ("POST", "/north"),
        ("POST", "/north/_bulk_docs"),
        ("POST", "/north/_bulk_get"),
        ("POST", "/north/_revs_diff"),
        ("POST", "/north/_missing_revs"),
        ("POST", "/north/_all_docs"),
        ("PUT", "/north/_local/x"),
        ("PUT", "/north/_design/x"),
        ("PUT", "/north/_security"),
    ],
)
def test_what_is_no_json_object_is_refused(still: Caller, method: str, path: str, body: bytes) -> None:
    assert_refused(still(method, path, body), 400)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/none", None, 404),
        ("PUT", "/none/a", {}, 404),
        ("POST", "/none/_bulk_docs", {"docs": []}, 404),
        ("GET", "/none/_changes", None, 404),
        ("DELETE", "/none", None, 404),
        ("PUT", "/north", None, 412),
        ("PUT", "/North", None, 400),
        ("GET", "/North", None, 400),
        ("PUT", "/" + "a" * 238, None, 400),
        ("PUT", "/" + "a$" * 110, None, 400),
        ("GET", "/" + "a$" * 110, None, 400),
        ("GET", "/" + "a" * 4000, None, 400),
        ("PATCH", "/north/a", {}, 405),
        ("POST", "/north/_nothing", {}, 405),
        ("GET", "/north/_nothing", None, 400),
        ("GET", "/north/_design/x/_view/y", None, 400),
        ("DELETE", "/north?rev=" + REV, None, 400),
        ("GET", "/north/b", None, 404),
        ("GET", "/north/a?rev=nonsense", None, 400),
        ("GET", "/north/a?rev=", None, 400),
        ("GET", f"/north/a?rev={HUGE_NUMBER}-{'a' * 32}", None, 400),
        ("GET", f"/north/a?rev={REV}", None, 404),
        ("GET", "/north/a?open_revs=5", None, 400),
        ("GET", '/north/a?open_revs=["x"]', None, 400),
        ("GET", "/north/a?revs=perhaps", None, 400),
        ("GET", "/north/b?open_revs=all", None, 404),
        ("PUT", "/north/a", {}, 409),
        ("PUT", "/north/a", {"_rev": "nonsense"}, 400),
        ("PUT", "/north/a", {"_rev": []}, 400),
        ("PUT", "/north/a", {"_rev": {}}, 400),
        ("PUT", "/north/a", {"_rev": 5}, 400),
        ("PUT", f"/north/a?rev={REV}", {"_rev": "1-" + "b" * 32}, 400),
        ("PUT", "/north/b", {"_id": "c"}, 400),
        ("PUT", "/north/b", {"_id": 5}, 400),
        ("PUT", "/north/_b", {}, 400),
        ("PUT", "/north/" + "b" * 600, {}, 400),
        ("PUT", "/north/b", {"_strange": 1}, 400),
        ("PUT", "/north/b", {"_deleted": 1}, 400),
        ("PUT", "/north/b", {"x": DEEP}, 400),
        ("PUT", "/north/b", {"_attachments": [1]}, 400),
        ("PUT", "/north/b", {"_attachments": {"x": DEEP}}, 400),
        ("PUT", "/north/b", {"_attachments": {"x": {"data": "", "more": DEEP}}}, 400),
        ("PUT", "/north/b", {"_attachments": {"x": {"data": "", "revpos": "1", "content_type": 5}}}, 400),
        ("PUT", "/north/b", {"_attachments": {"x": {"stub": True}}}, 412),
        ("PUT", "/north/b", {"_attachments": {"x": {"stub": True, "digest": ["x"]}}}, 412),
        ("PUT", "/north/b", {"_attachments": {f"{n}": {"data": ""} for n in range(101)}}, 400),
        ("POST", "/north", {"_id": None}, 400),
        ("DELETE", "/north/a", None, 409),
        ("DELETE", "/north/a?rev=x", None, 400),
        ("DELETE", f"/north/a?rev={REV}", None, 409),
        ("DELETE", "/north/b", None, 404),
        ("GET", "/north/_local/none", None, 404),
        ("DELETE", "/north/_local/none", None, 404),
        ("PUT", "/north/_local/x", {"x": DEEP}, 400),
        ("PUT", "/north/_security", {"x": DEEP}, 400),
        ("PUT", "/north/_security", {"members": 5}, 400),
        ("PUT", "/north/_security", {"members": {"names": "li.wei"}}, 400),
        ("GET", "/north/_all_docs?limit=x", None, 400),
        ("GET", "/north/_all_docs?skip=-1", None, 400),
        ("GET", f"/north/_all_docs?limit={HUGE_NUMBER}", None, 400),
        ("GET", "/north/_all_docs?startkey=5", None, 400),
        ("GET", "/north/_all_docs?startkey=a", None, 400),
        ("GET", "/north/_all_docs?include_docs=1", None, 400),
        ("POST", "/north/_all_docs", {"keys": 5}, 400),
        ("POST", "/north/_all_docs", {"keys": ["a"] * (DOCUMENTS + 1)}, 413),
        ("PUT", "/north/_local/x", {"_rev": "nonsense"}, 400),
        ("PUT", "/north/_revs_limit", "five", 400),
        ("PUT", "/north/_revs_limit", 0, 400),
        ("PUT", "/north/_purged_infos_limit", True, 400),
        ("POST", "/north/_find", {}, 400),
        ("POST", "/north/_find", {"selector": {"a": {"$regex": "(a+)+$"}}}, 400),
        ("POST", "/north/_find", {"selector": {}, "bookmark": "x"}, 400),
        ("POST", "/north/_index", {"index": {"fields": [{"a": "up"}]}}, 400),
        ("POST", "/north/_purge", {"a": "x"}, 400),
        ("COPY", "/north/a", None, 400),
        ("GET", "/_uuids?count=x", None, 400),
        ("GET", "/_uuids?count=1001", None, 403),
    ],
)
def test_what_cannot_be_done_is_refused(still: Caller, method: str, path: str, body: Any, status: int) -> None:
    before = still.store.database("north").info()
    answer = still(method, path, json.dumps(body).encode() if body is not None else None)
    assert_refused(answer, status)
    assert still.store.database("north").info() == before


@pytest.mark.parametrize(
    "query",
    [
        "since=nonsense",
        f"since={HUGE_NUMBER}",
        "since=1-opaque",
        "since=[]",
        "limit=x",
        "limit=-1",
        "limit=1.5",
        "style=x",
        "feed=nonsense",
        "feed=longpoll&timeout=soon",
        "feed=longpoll&heartbeat=soon",
        "include_docs=maybe",
        "filter=design/function",
        "filter=_selector",
        "filter=_selector&selector=5",
        "filter=_selector&selector={",
        'filter=_selector&selector={"$strange":1}',
        'filter=_selector&selector={"n":{"$in":5}}',
        'filter=_selector&selector={"$or":5}',
        'filter=_selector&selector={"_id":{"$regex":"(a%2B)%2B$"}}',
        "filter=_selector&selector=" + '{"$not":' * 40 + "1" + "}" * 40,
        "filter=_doc_ids",
        "filter=_doc_ids&doc_ids=[1]",
    ],
)
def test_a_bad_question_to_the_feed_is_refused_at_once(still: Caller, query: str) -> None:
    assert_refused(still("GET", f"/north/_changes?{query}"), 400)


def test_a_bad_selector_is_refused_before_anybody_waits(call: Caller) -> None:
    call("PUT", "/empty")
    assert_refused(call("GET", '/empty/_changes?feed=longpoll&filter=_selector&selector={"$strange":1}'), 400)


@pytest.mark.parametrize(
    "doc",
    [
        5,
        None,
        [],
        {"_id": 5},
        {"_id": "b", "_rev": 5},
        {"_id": "b", "_rev": "x"},
        {"_id": "b", "_rev": REV, "_revisions": {"start": True, "ids": ["b" * 32]}},
        {"_id": "b", "_rev": REV, "_revisions": {"start": 10**12, "ids": ["a" * 32]}},
        {"_id": "b", "_rev": REV, "_revisions": {"start": 1, "ids": [{}]}},
        {"_id": "b", "_rev": REV, "_revisions": 5},
    ],
)
def test_a_bad_document_of_a_batch_is_named_and_the_others_are_written(call: Caller, doc: Any) -> None:
    sound = {"_id": "c", "_rev": REV}
    answer = call("POST", "/north/_bulk_docs", {"docs": [doc, sound], "new_edits": False})
    assert answer.status_code == 201
    [refused] = answer.get_json()
    assert 400 <= refused["status"] < 500
    assert refused["error"]
    assert refused["reason"]
    assert call("GET", "/north/c").status_code == 200
    assert call("GET", "/north/b").status_code == 404


def test_what_is_too_large_is_refused_and_the_limit_named(call: Caller) -> None:
    body = json.dumps({"x": "x" * DOCUMENT_BYTES}).encode()
    for answer, limit in (
        (call("PUT", "/north/b", body), DOCUMENT_BYTES),
        (call("PUT", "/north/b", b"{}", environ_overrides={"CONTENT_LENGTH": str(REQUEST_BYTES + 1)}), REQUEST_BYTES),
        (
            call("PUT", "/north/b/x", b"x", environ_overrides={"CONTENT_LENGTH": str(ATTACHMENT_BYTES + 1)}),
            ATTACHMENT_BYTES,
        ),
    ):
        assert_refused(answer, 413)
        assert answer.get_json()["details"]["limit"] == limit
    assert call("GET", "/north/b").status_code == 404


@pytest.mark.parametrize("entries", [b"[]", b"5", b'"x"', b"null", b'{"x": 5}'])
def test_a_multipart_document_with_strange_attachments_is_refused(still: Caller, entries: bytes) -> None:
    body = b'--b\r\nContent-Type: application/json\r\n\r\n{"_attachments": ' + entries + b"}\r\n--b\r\n\r\nx\r\n--b--"
    assert_refused(still("PUT", "/north/b", body, content_type='multipart/related; boundary="b"'), 400)


words = st.sampled_from(["_id", "_rev", "_revisions", "start", "ids", "_deleted", "_attachments", "data", "stub", "x"])
words |= st.sampled_from(["docs", "new_edits", "keys", "id", "rev", "selector", "a", REV, "digest", "content_type"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values, st.booleans())
def test_no_json_at_all_is_an_error_of_the_server(call: Caller, value: Any, new_edits: bool) -> None:
    docs = {"docs": value if isinstance(value, list) else [value], "new_edits": new_edits}
    calls = [(path, body) for path in ("_bulk_docs", "_bulk_get") for body in (docs, value)]
    for path, body in [*calls, ("_revs_diff", value), ("_all_docs", value), ("_changes?filter=_selector", value)]:
        assert call("POST", f"/north/{path}", json.dumps(body).encode()).status_code < 500, (path, body)
    for path in ("b", "a", "_local/x", "_security"):
        assert call("PUT", f"/north/{path}", json.dumps(value).encode()).status_code < 500, (path, value)
