"""Bad input to every address of the API is refused with a 4xx and the one error shape, never with a 500."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from service.headers import REQUEST_BYTES
from service.readmodel.paging import encode
from tests.service.conftest import Office

RECORD = "record:enterprise-visit:01HQ0000000000000000000009"
CASE = "conflict-00000000000000000000"
POSTS = ["/api/v1/session", "/api/v1/session/challenge", f"/api/v1/cases/{CASE}/decision"]
BODIES: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "a number": b"1",
    "null": b"null",
    "text": b'"x"',
    "empty object": b"{}",
    "unknown names": b'{"x": 1}',
    "not UTF-8": b'{"name": "\xff\xfe"}',
    "a lone surrogate": b'{"name": "\\ud800", "password": "x"}',
    "NaN": b'{"value": NaN}',
    "bottomless": b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a huge number": b'{"value": ' + b"9" * 50_000 + b', "device": 1}',
    "wrong types": b'{"name": 1, "password": [], "device": {}, "challenge": 5, "signature": true, "choose": {}}',
    "a NUL": b'{"name": "li\\u0000wei", "password": "x\\u0000", "device": "\\u0000", "choose": "\\u0000"}',
    "duplicate names": b'{"name": "a", "name": 5}',
    "long texts": json.dumps(
        {"name": "n" * 9999, "password": "p" * 9999, "device": "d" * 9999, "choose": "c" * 9999}
    ).encode(),
}


@pytest.fixture
def office(still_office: Office) -> Office:
    """Nothing here changes anything."""
    return still_office


def check_shape(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.get_data())
    body = answer.get_json()
    assert set(body) == {"error", "reason", "details"}
    assert body["error"] == body["error"].lower().replace(" ", "_")
    assert body["reason"]
    assert isinstance(body["details"], dict)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("kind", BODIES)
def test_a_bad_body_is_refused(office: Office, path: str, kind: str) -> None:
    user = "office" if "cases" in path else None
    check_shape(office.post(path, user, data=BODIES[kind], content_type="application/json"))


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_refused(office: Office, path: str, content_type: str) -> None:
    check_shape(office.post(path, "office", data=b'{"name": "a", "password": "b"}', content_type=content_type))


@pytest.mark.parametrize("path", POSTS)
def test_an_oversized_body_is_refused(office: Office, path: str) -> None:
    body = b'{"note": "' + b"x" * REQUEST_BYTES + b'"}'
    answer = office.post(path, "office", data=body, content_type="application/json")
    check_shape(answer)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        {"name": "li.wei", "password": "x", "device": "abcdefabcdef"},
        {"name": "li.wei", "password": "x", "device": {"public_key": "x"}},
        {"name": "li.wei", "password": "x", "device": {"public_key": {}}},
        {"name": "li.wei", "password": "x", "device": {"public_key": {"kty": "EC", "crv": "P-256", "x": 1, "y": 2}}},
        {"name": "li.wei", "password": "x", "challenge": "y"},
        {"device": {"public_key": {}}, "challenge": "x", "signature": "y"},
        {"device": "abcdefabcdef", "challenge": "x"},
        {"name": "", "password": ""},
    ],
)
def test_half_a_sign_in_is_refused(office: Office, body: dict[str, Any]) -> None:
    check_shape(office.post("/api/v1/session", json=body))


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=1000000",
        "limit=x",
        "limit=1e3",
        "cursor=x",
        "cursor=%00",
        "cursor=" + "a" * 2000,
        "cursor=" + encode("a"),
        "cursor=" + encode("a", "b\0", "c"),
        "cursor=" + base64.urlsafe_b64encode(b"[1, 2, 3]").decode(),
        "cursor=" + base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        "team=NORTH",
        "team=%27%20OR%201=1",
    ],
)
@pytest.mark.parametrize("path", ["records", "cases"])
def test_a_bad_query_is_refused(office: Office, path: str, query: str) -> None:
    check_shape(office.get(f"/api/v1/{path}?{query}", "office"))


@pytest.mark.parametrize(
    "query",
    ["state=gone", "verdict=maybe", "form=../x", "q=%00", "q=" + "x" * 500, "state=submitted&state=draft&verdict=x"],
)
def test_a_bad_filter_is_refused(office: Office, query: str) -> None:
    check_shape(office.get(f"/api/v1/records?{query}", "office"))


@pytest.mark.parametrize("query", ["q=%25", "q=_", "q='", "q=\\", "q=%ED%A0%80", "q=%F0%9F%98%80", "q=企业"])
def test_odd_search_words_find_nothing_and_break_nothing(office: Office, query: str) -> None:
    answer = office.get(f"/api/v1/records?{query}", "office")
    assert (answer.status_code, answer.get_json()["items"]) == (200, [])


@pytest.mark.parametrize(
    "path",
    [
        f"records/{RECORD}",
        f"records/{RECORD}/history",
        "records/x",
        "records/%00",
        "records/record:enterprise-visit:" + "9" * 5000,
        f"records/{RECORD}%0A",
        f"cases/{CASE}",
        "cases/x",
        "cases/%00",
        "forms/nothing/1",
        "forms/enterprise-visit/0",
        "forms/enterprise-visit/99",
        "forms/enterprise-visit/-1",
        "forms/enterprise-visit/1.0",
        "forms/enterprise-visit/" + "9" * 5000,
        "forms/%00/1",
        "nothing",
        "records/x/y/z",
    ],
)
def test_what_is_not_there_is_a_404(office: Office, path: str) -> None:
    answer = office.get(f"/api/v1/{path}", "office")
    check_shape(answer)
    assert answer.status_code == 404


def test_a_decision_about_an_unknown_case_is_a_404(office: Office) -> None:
    answer = office.post(f"/api/v1/cases/{CASE}/decision", "office", json={"choose": "01HQ0000000000000000000001"})
    assert (answer.status_code, answer.get_json()["error"]) == (404, "case_unknown")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize("path", ["/api/v1/records", "/api/v1/me", "/api/v1/forms", f"/api/v1/records/{RECORD}"])
def test_a_method_that_an_address_does_not_take_is_a_405(office: Office, method: str, path: str) -> None:
    answer = office.call(method, path, "office", json={})
    check_shape(answer)
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path", ["/api/v1/me", "/api/v1/records", f"/api/v1/records/{RECORD}", "/api/v1/cases", "/api/v1/forms"]
)
def test_without_signing_in_there_is_nothing(office: Office, path: str) -> None:
    answer = office.get(path)
    check_shape(answer)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_reasons_come_in_the_readers_language(office: Office) -> None:
    for lang, words in {"zh-CN": "请先登录", "zh-TW": "請先登入", "en": "Sign in"}.items():
        answer = office.get("/api/v1/me", headers={"Accept-Language": lang})
        assert words in answer.get_json()["reason"]
