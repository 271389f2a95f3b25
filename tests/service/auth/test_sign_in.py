"""Signing in with a password, with a device, and not at all."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from service.auth.devices import Devices
from service.auth.operational import PER_NAME_AND_ADDRESS
from service.campaign import Campaign
from tests.service.conftest import PASSWORDS, Office, Tablet


def sign(tablet: Tablet, text: str) -> str:
    r, s = decode_dss_signature(tablet.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return base64.urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()


def challenge(office: Office, tablet: Tablet) -> str:
    given = office.post("/api/v1/session/challenge", json={"device": tablet.device}).get_json()
    return str(given["challenge"])


def prove(office: Office, tablet: Tablet, text: str, signature: str | None = None, origin: str | None = None) -> Any:
    origin = origin or office.parts.config.public_url
    signature = signature or sign(tablet, f"rounds-sign-in\n{text}\n{origin}")
    body = {"device": tablet.device, "challenge": text, "origin": origin, "signature": signature}
    return office.post("/api/v1/session", json=body)


def test_a_password_gives_a_token_and_what_one_may_replicate(office: Office) -> None:
    body = office.post("/api/v1/session", json={"name": "li.wei", "password": PASSWORDS["li.wei"]}).get_json()
    names = {"north": {"zh-Hans": "北区组", "zh-Hant": "北區組", "en": "North team"}}
    person = {"name": "li.wei", "display_name": "李伟", "roles": ["inspector"], "teams": ["north"], "team_names": names}
    assert body["user"] == person
    assert body["databases"] == {"reference": "reference", "mailboxes": ["mailbox-north"], "media": ["media-north"]}
    assert body["server_time"] < body["expires_at"]
    assert office.parts.tokens.verify(body["token"]).roles == {"inspector", "team:north"}


@pytest.mark.parametrize(
    ("name", "password"),
    [("li.wei", "wrong"), ("nobody", "wrong"), ("LI.WEI", PASSWORDS["li.wei"]), ("user:li.wei", "x")],
)
def test_a_wrong_name_and_a_wrong_password_look_alike(office: Office, name: str, password: str) -> None:
    answer = office.post("/api/v1/session", json={"name": name, "password": password})
    assert answer.status_code == 401
    assert answer.get_json() == {
        "error": "wrong_sign_in",
        "reason": "The name or the password is wrong.",
        "details": {},
    }


def test_too_many_wrong_passwords_are_refused_even_when_the_next_is_right(office: Office) -> None:
    for _ in range(PER_NAME_AND_ADDRESS):
        office.post("/api/v1/session", json={"name": "li.wei", "password": "wrong"})
    answer = office.post("/api/v1/session", json={"name": "li.wei", "password": PASSWORDS["li.wei"]})
    assert (answer.status_code, answer.get_json()["error"]) == (429, "too_many_attempts")
    assert int(answer.headers["Retry-After"]) > 0


def test_a_device_is_registered_at_sign_in_and_then_signs_in_by_itself(office: Office, north: Tablet) -> None:
    assert north.session["device"] == {"id": north.device}
    doc = office.parts.directory.reference.get(f"device:{north.device}")
    assert (doc["user"], doc["label"], doc["revoked"]) == ("li.wei", "li.wei 1", False)
    assert set(doc["public_key"]) == {"kty", "crv", "x", "y"}
    answer = prove(office, north, challenge(office, north))
    assert answer.status_code == 200
    assert answer.get_json()["user"]["name"] == "li.wei"
    assert answer.get_json()["device"] == {"id": north.device}


def test_a_challenge_works_once(office: Office, north: Tablet) -> None:
    text = challenge(office, north)
    assert prove(office, north, text).status_code == 200
    again = prove(office, north, text)
    assert (again.status_code, again.get_json()["error"]) == (401, "challenge_failed")


def test_a_wrong_signature_uses_the_challenge_up(office: Office, north: Tablet, colleague: Tablet) -> None:
    text = challenge(office, north)
    wrong = sign(colleague, f"rounds-sign-in\n{text}\n{office.parts.config.public_url}")
    assert prove(office, north, text, wrong).status_code == 401
    assert prove(office, north, text).status_code == 401


def test_a_signature_for_another_address_opens_nothing_here(office: Office, north: Tablet) -> None:
    """As when a stolen hub hands a tablet the office's challenge, and passes on what it signs for the hub."""
    text, hub = challenge(office, north), "https://192.168.43.1:8443"
    answer = prove(office, north, text, origin=hub)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "origin_unknown")
    assert hub in answer.get_json()["reason"]
    text = challenge(office, north)
    disguised = sign(north, f"rounds-sign-in\n{text}\n{hub}")
    assert prove(office, north, text, disguised).get_json()["error"] == "challenge_failed"


def test_the_log_names_an_address_that_devices_of_ours_use_and_the_settings_do_not(
    office: Office, north: Tablet, colleague: Tablet, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = "https://10.0.0.5"
    text = challenge(office, north)
    forged = sign(colleague, f"rounds-sign-in\n{text}\n{elsewhere}")
    assert prove(office, north, text, forged, elsewhere).get_json()["error"] == "origin_unknown"
    assert prove(office, north, text, origin=elsewhere).get_json()["error"] == "origin_unknown"  # it was used up
    assert elsewhere not in caplog.text
    assert prove(office, north, challenge(office, north), origin=elsewhere).status_code == 401
    assert f"'origin': '{elsewhere}', 'device': '{north.device}'" in caplog.text


def test_what_a_request_says_of_the_address_counts_for_nothing(office: Office, north: Tablet) -> None:
    text, hub = challenge(office, north), "https://192.168.43.1:8443"
    signature = sign(north, f"rounds-sign-in\n{text}\n{hub}")
    body = {"device": north.device, "challenge": text, "origin": hub, "signature": signature}
    named = {"Host": "192.168.43.1:8443", "X-Forwarded-Host": "192.168.43.1:8443", "Origin": hub}
    answer = office.post("/api/v1/session", json=body, headers=named)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "origin_unknown")


def test_an_older_app_that_names_no_address_is_told_so(office: Office, north: Tablet) -> None:
    text = challenge(office, north)
    body = {"device": north.device, "challenge": text, "signature": sign(north, text)}
    answer = office.post("/api/v1/session", json=body)
    assert (answer.status_code, answer.get_json()["error"]) == (401, "sign_in_outdated")
    assert "older" in answer.get_json()["reason"]


@pytest.mark.parametrize("signature", ["x", "AAAA", "A" * 86, "é", "=" * 4])
def test_a_signature_that_is_none_is_refused(office: Office, north: Tablet, signature: str) -> None:
    assert prove(office, north, challenge(office, north), signature).status_code == 401


def test_an_unknown_device_gets_a_challenge_and_nothing_for_it(office: Office, north: Tablet) -> None:
    north.device = "000000000000"
    answer = prove(office, north, challenge(office, north))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "challenge_failed")


def test_a_revoked_device_is_refused_at_once_everywhere(office: Office, north: Tablet) -> None:
    bearer = {"Authorization": f"Bearer {north.session['token']}"}
    assert office.get("/api/v1/me", headers=bearer).status_code == 200
    assert office.get("/db/mailbox-north", headers=bearer).status_code == 200
    assert Devices(office.parts.directory).revoke(north.device, ())
    for path in ("/api/v1/me", "/db/mailbox-north"):
        answer = office.get(path, headers=bearer)
        assert (answer.status_code, answer.get_json()["error"]) == (403, "device_revoked")
    assert prove(office, north, challenge(office, north)).get_json()["error"] == "device_revoked"
    body = {"name": "li.wei", "password": PASSWORDS["li.wei"], "device": {"public_key": north.jwk}}
    assert office.post("/api/v1/session", json=body).get_json()["error"] == "device_revoked"


def test_a_person_who_is_disabled_is_refused_at_once_everywhere(office: Office, north: Tablet) -> None:
    Campaign(office.parts.store).disable_user("li.wei")
    bearer = {"Authorization": f"Bearer {north.session['token']}"}
    assert office.get("/api/v1/me", headers=bearer).status_code == 401
    assert office.get("/db/mailbox-north", headers=bearer).status_code == 401
    assert office.post("/api/v1/session", json={"name": "li.wei", "password": PASSWORDS["li.wei"]}).status_code == 401
    assert prove(office, north, challenge(office, north)).status_code == 401


def test_nobody_takes_over_a_key_by_naming_it(office: Office, north: Tablet) -> None:
    """Public keys can be read by everybody; a shared tablet has one for each of its people."""
    for user in ("zhang.min", "wang.fang"):
        body = {"name": user, "password": PASSWORDS[user], "device": {"public_key": north.jwk}}
        answer = office.post("/api/v1/session", json=body)
        assert (answer.status_code, answer.get_json()["error"]) == (403, "forbidden")
    device = office.parts.directory.device(north.device)
    assert device is not None
    assert device.user == "li.wei"


@pytest.mark.parametrize(
    "change",
    [{"kty": "RSA"}, {"crv": "P-384"}, {"x": "AA"}, {"y": "!!"}, {"x": None}, {"d": "AA"}, {"x": "A" * 43}],
)
def test_a_key_that_is_none_is_refused(office: Office, north: Tablet, change: dict[str, Any]) -> None:
    body = {"name": "li.wei", "password": PASSWORDS["li.wei"], "device": {"public_key": {**north.jwk, **change}}}
    answer = office.post("/api/v1/session", json=body)
    assert answer.status_code == 422
    assert answer.get_json()["error"] in {"device_key_invalid", "invalid_request"}


def test_basic_takes_name_and_password_for_the_store(office: Office) -> None:
    def basic(name: str, password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}

    assert office.get("/db/mailbox-north", headers=basic("li.wei", PASSWORDS["li.wei"])).status_code == 200
    assert office.get("/db/mailbox-north", headers=basic("li.wei", PASSWORDS["li.wei"])).status_code == 200
    assert office.get("/db/mailbox-north", headers=basic("li.wei", "wrong")).status_code == 401
    assert office.get("/db/mailbox-south", headers=basic("li.wei", PASSWORDS["li.wei"])).status_code == 403


def test_basic_stops_working_when_the_password_changes(office: Office) -> None:
    header = {"Authorization": "Basic " + base64.b64encode(f"li.wei:{PASSWORDS['li.wei']}".encode()).decode()}
    assert office.get("/api/v1/me", headers=header).status_code == 200
    Campaign(office.parts.store).add_user("li.wei", "quite another one", roles=["inspector"], teams=["north"])
    assert office.get("/api/v1/me", headers=header).status_code == 401


def test_me_says_the_same_as_signing_in(office: Office, north: Tablet) -> None:
    body = office.get("/api/v1/me", headers={"Authorization": f"Bearer {north.session['token']}"}).get_json()
    assert body["user"] == north.session["user"]
    assert body["databases"] == north.session["databases"]
    assert body["device"] == north.session["device"]


def test_office_people_replicate_nothing(office: Office) -> None:
    body = office.post("/api/v1/session", json={"name": "office", "password": PASSWORDS["office"]}).get_json()
    assert body["databases"]["mailboxes"] == []
    assert office.get("/db/mailbox-north", "office").status_code == 403
