"""Only tokens that this installation signed, and that are still young, let anybody in."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from service.auth.access import SignedIn
from tests.service.conftest import Office

PATHS = [
    "/api/v1/me",
    "/api/v1/records",
    "/api/v1/cases",
    "/api/v1/forms",
    "/db/mailbox-north",
    "/db/reference/_changes",
]
SOMEBODY = SignedIn("li.wei", frozenset({"inspector", "team:north"}))


@pytest.fixture
def office(still_office: Office) -> Office:
    """Nothing here changes anything."""
    return still_office


def forged(office: Office, **changes: object) -> str:
    """A token as the service makes them, with some of its claims changed and signed with the right key."""
    now = int(time.time())
    claims = {"sub": "li.wei", "roles": ["inspector", "team:north"], "iat": now, "exp": now + 60, **changes}
    kept = {name: value for name, value in claims.items() if value is not None}
    keys = office.parts.keys
    return jwt.encode(kept, keys.signing, algorithm="ES256", headers={"kid": keys.kid})


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def unsigned(office: Office, algorithm: str) -> str:
    claims = {"sub": "li.wei", "roles": ["inspector", "team:north"], "iat": 1, "exp": int(time.time()) + 60}
    return f"{part({'alg': algorithm, 'kid': office.parts.keys.kid})}.{part(claims)}."


def with_the_public_key_as_secret(office: Office) -> str:
    public = office.parts.keys.signing.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    head = part({"alg": "HS256", "kid": office.parts.keys.kid})
    body = part({"sub": "li.wei", "roles": ["admin"], "iat": 1, "exp": int(time.time()) + 60})
    signature = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def of_a_stranger(kid: str) -> str:
    claims = {"sub": "li.wei", "roles": ["inspector", "team:north"], "iat": 1, "exp": int(time.time()) + 60}
    return jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": kid})


BAD = {
    "none": lambda office: unsigned(office, "none"),
    "unsigned": lambda office: unsigned(office, "ES256"),
    "public key as a secret": with_the_public_key_as_secret,
    "unknown kid": lambda office: of_a_stranger("0000000000000000"),
    "our kid, another key": lambda office: of_a_stranger(office.parts.keys.kid),
    "expired": lambda office: forged(office, exp=int(time.time()) - 1),
    "without exp": lambda office: forged(office, exp=None),
    "without sub": lambda office: forged(office, sub=None),
    "without roles": lambda office: forged(office, roles=None),
    "roles that are text": lambda office: forged(office, roles="inspector"),
    "a server admin": lambda office: forged(office, roles=["_admin"]),
    "nobody": lambda office: forged(office, sub="nobody.at.all"),
    "a device that is none": lambda office: forged(office, device=7),
    "garbage": lambda office: "garbage",
    "dots": lambda office: "a.b.c",
    "bytes": lambda office: "\xff\xfe",
    "long": lambda office: "a" * 6000,
}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", BAD)
def test_a_bad_token_is_refused_with_401(office: Office, kind: str, path: str) -> None:
    answer = office.get(path, headers={"Authorization": f"Bearer {BAD[kind](office)}"})
    assert answer.status_code == 401
    body = answer.get_json()
    assert body["error"] in {"bad_token", "token_expired", "unauthorized"}
    assert body["reason"]
    assert body["details"] == {}


def test_a_good_token_is_taken(office: Office) -> None:
    """So that the refusals above are about what they name."""
    assert office.get("/api/v1/me", headers={"Authorization": f"Bearer {forged(office)}"}).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Basic", "Basic !!!", "Bearer  ", "Digest x=1", "x"])
@pytest.mark.parametrize("path", PATHS)
def test_a_header_that_means_nothing_is_refused_with_401(office: Office, header: str, path: str) -> None:
    assert office.get(path, headers={"Authorization": header}).status_code == 401


def test_a_token_of_an_older_key_is_taken_as_long_as_the_key_is_kept(office: Office) -> None:
    keys = office.parts.keys
    assert list(keys.verifying) == [keys.kid]
    assert office.parts.tokens.verify(office.parts.tokens.issue(SOMEBODY, time.time()).text).name == "li.wei"


def test_a_token_gives_no_more_than_its_person_has_now(office: Office) -> None:
    more = forged(office, roles=["inspector", "admin", "office", "team:north", "team:south"])
    answer = office.get("/api/v1/records?team=south", headers={"Authorization": f"Bearer {more}"})
    assert answer.status_code == 200
    assert answer.get_json()["items"] == []
    assert office.get("/db/mailbox-south", headers={"Authorization": f"Bearer {more}"}).status_code == 403
