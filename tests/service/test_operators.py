"""Health, readiness, figures; and what every answer says about safety."""

from __future__ import annotations

import pytest

from service.app import create_app
from service.config import Config, load
from service.parts import NAME
from tests.service.conftest import Office, Tablet


def test_it_says_that_it_lives_and_that_it_is_ready(office: Office) -> None:
    assert office.get("/healthz").get_json()["status"] == "alive"
    ready = office.get("/readyz")
    assert (ready.status_code, ready.get_json()) == (200, {"status": "ready", "faults": []})


def test_it_is_not_ready_when_its_store_is_gone(office: Office) -> None:
    office.parts.store.delete("reference")
    answer = office.get("/readyz")
    assert (answer.status_code, answer.get_json()["faults"]) == (503, ["store"])


def test_figures_are_for_this_machine(office: Office, north: Tablet) -> None:
    north.fill({"/visitors": "李伟"})
    assert 'rounds_mailbox_behind{mailbox="mailbox-north"} 1.0' in office.get("/metrics").get_data(as_text=True)
    office.judge()
    text = office.get("/metrics").get_data(as_text=True)
    assert 'rounds_records{team="north",verdict="returned"} 1.0' in text
    assert 'rounds_mailbox_behind{mailbox="mailbox-north"} 0.0' in text


@pytest.mark.parametrize("header", [{"X-Forwarded-For": "127.0.0.1"}, {"Forwarded": "for=1.2.3.4"}])
def test_figures_are_not_for_those_behind_a_proxy(office: Office, header: dict[str, str]) -> None:
    assert office.get("/metrics", headers=header).status_code == 403


def test_figures_are_for_those_with_the_token(config: Config) -> None:
    app = create_app(load({"data": str(config.data), "metrics_token": "m" * 20}, environ={}))
    outside = {"REMOTE_ADDR": "10.1.2.3"}
    for token, status in (("m" * 20, 200), ("n" * 20, 403), ("é", 403)):
        header = {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        assert app.test_client().get("/metrics", headers=header, environ_base=outside).status_code == status
    assert app.test_client().get("/metrics", environ_base=outside).status_code == 403
    app.extensions[NAME].close()


@pytest.mark.parametrize(
    "path", ["/healthz", "/office/sign-in", "/api/v1/me", "/nothing", "/static/tokens.css", "/db/"]
)
def test_every_answer_is_guarded(office: Office, path: str) -> None:
    headers = office.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"


def test_https_makes_cookies_secure_and_browsers_stay(config: Config) -> None:
    app = create_app(load({"data": str(config.data), "public_url": "https://rounds.example.org"}, environ={}))
    answer = app.test_client().get("/office/sign-in?lang=en")
    cookies = answer.headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if cookie.startswith("rounds_office="))
    for word in ("Secure", "HttpOnly", "SameSite=Strict"):
        assert word in session
    assert all("Secure" in cookie for cookie in cookies)
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    app.extensions[NAME].close()


def test_an_unforeseen_error_is_a_500_with_a_number_and_nothing_else(office: Office) -> None:
    def fail() -> None:
        raise ZeroDivisionError("the details that nobody should see")

    office.app.view_functions["operators.healthz"] = fail  # type: ignore[assignment]
    answer = office.get("/healthz")
    body = answer.get_json()
    assert (answer.status_code, body["error"]) == (500, "internal_error")
    assert body["details"]["incident"] in body["reason"]
    assert "nobody should see" not in answer.get_data(as_text=True)
