"""The embedded store alone: who comes in by which way, who may do what, and what it gives back to the disk."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from sync.embedded import EmbeddedStore
from sync.embedded.protocol import create_blueprint
from sync.embedded.protocol.sign_in import COOKIE, SESSION_SECONDS, SignIn
from sync.store import ADMIN
from tests.sync.embedded.conftest import Caller

KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
BASIC = {"Authorization": "Basic YWRtaW46c2VjcmV0"}  # admin:secret


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def alone(tmp_path: Path, clock: Clock) -> Caller:
    store = EmbeddedStore(tmp_path)
    store.create("north").set_security(
        {"members": {"roles": ["team:north"]}, "admins": {"names": ["keeper"], "roles": []}}
    )
    return Caller(store, SignIn("admin:secret", keys={"k": PUBLIC.decode()}, secret=b"s", clock=clock))


def bearer(**claims: Any) -> dict[str, str]:
    given = {"sub": "li.wei", "exp": time.time() + 60, "roles": ["team:north"], **claims}
    token = jwt.encode(given, KEY, algorithm="ES256", headers={"kid": "k"})
    return {"Authorization": f"Bearer {token}"}


def sign_in(alone: Caller) -> str:
    answer = alone("POST", "/_session", {"name": "admin", "password": "secret"})
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert {"HttpOnly", "Path=/", "SameSite=Strict", f"Max-Age={SESSION_SECONDS}"} <= set(cookie.split("; "))
    return cookie.split(";")[0].partition("=")[2]


def test_a_session_lasts_as_long_as_it_is_used_and_ends_ten_minutes_later(alone: Caller, clock: Clock) -> None:
    sign_in(alone)
    clock.now += SESSION_SECONDS - 1
    answer = alone("GET", "/_all_dbs")
    assert answer.status_code == 200
    assert COOKIE in answer.headers["Set-Cookie"]
    clock.now += SESSION_SECONDS - 1
    assert alone("GET", "/_all_dbs").status_code == 200
    clock.now += SESSION_SECONDS
    assert alone("GET", "/_all_dbs").status_code == 401
    assert alone("GET", "/_session").get_json()["userCtx"]["name"] is None


@pytest.mark.parametrize("place", [0, 5, -1])
def test_a_cookie_that_was_changed_is_not_ours(alone: Caller, place: int) -> None:
    cookie = sign_in(alone)
    letter = "A" if cookie[place] != "A" else "E"
    changed = cookie[:place] + letter + cookie[place:][1:]
    alone.client.set_cookie(COOKIE, changed)
    assert alone("GET", "/_all_dbs").status_code == 401


def test_another_secret_or_password_ends_every_session(alone: Caller, clock: Clock) -> None:
    cookie = sign_in(alone)
    for admin, secret in (("admin:other", b"s"), ("admin:secret", b"t")):
        other = Caller(alone.store, SignIn(admin, keys={}, secret=secret, clock=clock))
        other.client.set_cookie(COOKIE, cookie)
        assert other("GET", "/_all_dbs").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"name": "admin"}, {"name": 5, "password": 5}, {"name": "admin", "password": "x"}]
)
def test_a_sign_in_that_is_none_is_refused(alone: Caller, body: Any) -> None:
    answer = alone("POST", "/_session", body)
    assert answer.status_code in (400, 401)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "north"])
def test_signing_in_leads_nowhere_else(alone: Caller, target: str) -> None:
    answer = alone("POST", f"/_session?next={target}", {"name": "admin", "password": "secret"})
    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_a_token_opens_what_its_roles_open(alone: Caller) -> None:
    assert alone("GET", "/north", headers=bearer()).status_code == 200
    told = alone("GET", "/_session", headers=bearer()).get_json()
    assert (told["userCtx"], told["info"]["authenticated"]) == ({"name": "li.wei", "roles": ["team:north"]}, "jwt")
    assert alone("GET", "/north", headers=bearer(roles=["team:south"])).status_code == 403


@pytest.mark.parametrize("claims", [{"exp": 5}, {"exp": None}, {"roles": ["_admin"]}, {"roles": "team:north"}])
def test_a_token_that_is_over_or_claims_too_much_is_refused(alone: Caller, claims: dict[str, Any]) -> None:
    assert alone("GET", "/north", headers=bearer(**claims)).status_code == 401


def test_a_token_of_another_key_is_refused(alone: Caller) -> None:
    claims = {"sub": "li.wei", "exp": time.time() + 60, "roles": ["team:north"]}
    other = ec.generate_private_key(ec.SECP256R1())
    for key, kid, algorithm in ((other, "k", "ES256"), (KEY, "x", "ES256"), ("h" * 32, "k", "HS256")):
        token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": kid})
        assert alone("GET", "/north", headers={"Authorization": f"Bearer {token}"}).status_code == 401


ADMINISTRATORS = [
    ("GET", "/_all_dbs", None),
    ("GET", "/_dbs_info", None),
    ("GET", "/_db_updates", None),
    ("PUT", "/more", None),
    ("DELETE", "/north", None),
    ("POST", "/north/_purge", {}),
    ("PUT", "/north/_purged_infos_limit", 5),
]
KEEPERS = [
    ("POST", "/north/_compact", {}),
    ("POST", "/north/_view_cleanup", {}),
    ("PUT", "/north/_revs_limit", 5),
    ("POST", "/north/_index", {"index": {"fields": ["a"]}}),
    ("PUT", "/north/_design/x", {}),
    ("PUT", "/north/_design/y/file", None),
    ("POST", "/north/_bulk_docs", {"docs": [{"_id": "_design/z"}]}),
    ("PUT", "/north/_security", {"members": {"roles": ["team:north"]}, "admins": {"names": ["keeper"]}}),
]
MEMBERS = [
    ("GET", "/north/_security", None),
    ("GET", "/north/_revs_limit", None),
    ("GET", "/north/_local_docs", None),
    ("GET", "/north/_design_docs", None),
    ("GET", "/north/_index", None),
    ("POST", "/north/_find", {"selector": {}}),
    ("POST", "/north/_all_docs/queries", {"queries": []}),
    ("GET", "/north/_changes?feed=continuous&timeout=1", None),
]


def allowed(alone: Caller, request: tuple[str, str, Any], headers: dict[str, str]) -> bool:
    method, path, body = request
    answer = alone(method, path, body, headers=headers)
    if answer.status_code in (401, 403):
        return False
    assert answer.status_code < 300, answer.get_data()
    [outcome] = answer.get_json() if path.endswith("_bulk_docs") else [{}]
    return bool(outcome.get("error") != "forbidden")


def test_administrators_keepers_and_members_each_may_what_is_theirs(alone: Caller) -> None:
    member, keeper, stranger = bearer(), bearer(sub="keeper", roles=[]), bearer(sub="x", roles=["team:south"])
    for request in ADMINISTRATORS:
        assert not any(allowed(alone, request, who) for who in (keeper, member, stranger, {})), request
    for request in KEEPERS:
        assert not any(allowed(alone, request, who) for who in (member, stranger, {})), request
        assert allowed(alone, request, keeper), request
    for request in MEMBERS:
        assert not any(allowed(alone, request, who) for who in (stranger, {})), request
        assert allowed(alone, request, member), request


def test_behind_a_service_only_what_replication_needs_is_there(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    store.create("north").put({"_id": "a"})
    app = Flask(__name__)
    app.register_blueprint(create_blueprint(store, lambda _: ADMIN), url_prefix="/db")
    client = app.test_client()
    closed: list[tuple[str, str, Any]] = [
        ("POST", "/_session", {"name": "a", "password": "b"}),
        ("GET", "/_db_updates", None),
        ("GET", "/_dbs_info", None),
        ("POST", "/north/_purge", {"a": []}),
        ("PUT", "/north/_revs_limit", 5),
        ("POST", "/north/_find", {"selector": {}}),
        ("POST", "/north/_explain", {"selector": {}}),
        ("POST", "/north/_index", {"index": {"fields": ["a"]}}),
        ("POST", "/north/_all_docs/queries", {"queries": []}),
        ("GET", "/north/_local_docs", None),
        ("GET", "/north/_design_docs", None),
        ("COPY", "/north/a", None),
        ("GET", "/north/_changes?feed=continuous", None),
        ("GET", "/north/_changes?feed=eventsource", None),
    ]
    for method, path, body in closed:
        answer = client.open(f"/db{path}", method=method, json=body, headers={"Destination": "b"})
        assert 400 <= answer.status_code < 500, (method, path)
    assert client.get("/db/north/a").status_code == 200
    assert client.get("/db/north").get_json()["doc_count"] == 1


def test_compaction_gives_space_back_to_the_disk(alone: Caller) -> None:
    doc: dict[str, Any] = {"_id": "a", "text": ""}
    for n in range(40):
        answer = alone("PUT", "/north/a", {**doc, "text": str(n) * 50_000}, headers=BASIC)
        doc["_rev"] = answer.get_json()["rev"]
    alone("PUT", f"/north/a/file?rev={doc['_rev']}", b"x" * 500_000, content_type="image/png", headers=BASIC)
    rev = alone("GET", "/north/a", headers=BASIC).get_json()["_rev"]
    alone("PUT", "/north/a", {"_rev": rev}, headers=BASIC)
    before = alone("GET", "/north", headers=BASIC).get_json()["sizes"]
    assert alone("POST", "/north/_compact", {}, headers=BASIC).status_code == 202
    after = alone("GET", "/north", headers=BASIC).get_json()["sizes"]
    assert after["file"] < before["file"] - 1_500_000
    assert alone("GET", "/north/a", headers=BASIC).status_code == 200


def test_a_zero_byte_in_an_address_is_no_slash(alone: Caller) -> None:
    assert alone("PUT", "/north/a%2Fb", {}, headers=BASIC).status_code == 201
    assert alone("GET", "/north/a%00b", headers=BASIC).status_code == 400
    assert alone("GET", "/north/a%00b%2Fc", headers=BASIC).status_code in (400, 404)


def test_a_page_of_another_origin_may_ask_and_be_told(alone: Caller) -> None:
    origin = {"Origin": "https://tablet.example"}
    asked = alone("OPTIONS", "/north/a", headers={**origin, "Access-Control-Request-Method": "PUT"})
    assert asked.status_code == 204
    assert "PUT" in asked.headers["Access-Control-Allow-Methods"]
    assert "authorization" in asked.headers["Access-Control-Allow-Headers"]
    told = alone("GET", "/north", headers={**origin, **BASIC})
    assert told.headers["Access-Control-Allow-Origin"] == origin["Origin"]
    assert told.headers["Access-Control-Allow-Credentials"] == "true"
