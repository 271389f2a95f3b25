"""The preview's server: the form as its file says just now, for this machine alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from schemas.bundled import bundled
from service.preview import create_preview


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "form.json"


@pytest.fixture
def client(file: Path) -> FlaskClient:
    return create_preview(file).test_client()


def told(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/preview", base_url="http://127.0.0.1:8001").get_json()
    return found


def test_the_file_is_read_anew_each_time(client: FlaskClient, file: Path) -> None:
    assert told(client)["faults"][0]["code"] == "not_json"
    file.write_text(json.dumps(bundled()["self-check"]), "utf-8")
    assert told(client)["definition"]["form"] == "self-check"
    file.write_bytes(b'{"form": "\xff"}')
    assert {fault["code"] for fault in told(client)["faults"]} >= {"bad_property", "no_fields"}


def test_there_are_entities_of_every_kind_to_choose_from(client: FlaskClient, file: Path) -> None:
    shop = {"name": "shop", "type": "entity", "entity": "shop", "label": {"en": "Shop"}}
    group = {"name": "a", "type": "group", "label": {"en": "A"}, "fields": [shop]}
    form = {"form": "a", "version": 1, "languages": ["en"], "title": {"en": "A"}, "fields": [group]}
    file.write_text(json.dumps(form), "utf-8")
    entities = told(client)["entities"]
    assert [each["name"] for each in entities["shop"]] == ["shop 1", "shop 2", "shop 3"]
    assert len(entities["enterprise"]) > 10


@pytest.mark.parametrize("host", ["http://elsewhere.example", "http://127.0.0.1.example:8001"])
def test_a_page_elsewhere_cannot_read_the_file(client: FlaskClient, host: str) -> None:
    assert client.get("/api/v1/preview", base_url=host).status_code == 400


def test_the_start_leads_to_the_tablet_app(client: FlaskClient) -> None:
    answer = client.get("/", base_url="http://localhost:8001")
    assert answer.headers["Location"].endswith("/tablet/#/preview")
    assert client.get("/tablet/", base_url="http://localhost:8001").headers["X-Frame-Options"] == "DENY"
