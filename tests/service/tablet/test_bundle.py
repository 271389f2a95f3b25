"""The tablet's files: one digest names them all, the browser keeps each of them, none is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.tablet import create_blueprint
from service.tablet.bundle import Bundle
from service.version import VERSION

APP = Path(__file__).parents[3] / "service/tablet/app"
IMPORTED = re.compile(r"""^(?:import|export)\s(?:[^'"]*?from\s)?['"](\.[^'"]+)['"]""", re.MULTILINE)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle.read("/tablet")


@pytest.fixture
def client() -> FlaskClient:
    app = Flask(__name__)
    app.register_blueprint(create_blueprint())
    return app.test_client()


def kept(worker: str) -> list[str]:
    found = re.search(r"^const FILES = (\[.*\]);$", worker, re.MULTILINE)
    assert found
    files: list[str] = json.loads(found[1])
    return files


def test_every_import_leads_to_a_file_that_is_served(bundle: Bundle) -> None:
    missing = {
        f"{name} → {target}"
        for name, file in bundle.files.items()
        if name.startswith("app/") and name.endswith(".js")
        for target in IMPORTED.findall(file.content.decode())
        if (Path("/") / name).parent.joinpath(target).resolve().relative_to("/").as_posix() not in bundle.files
    }
    assert missing == set()


def test_the_worker_keeps_the_shell_and_every_file(bundle: Bundle) -> None:
    files = kept(bundle.worker.content.decode())
    assert "/tablet/" in files
    assert {f"/tablet/{bundle.digest}/{name}" for name in bundle.files} <= set(files)


def test_everything_that_the_worker_keeps_is_served(client: FlaskClient) -> None:
    files = kept(client.get("/tablet/sw.js").text)
    assert {url: client.get(url).status_code for url in files} == dict.fromkeys(files, 200)


def test_files_never_change_under_their_name_and_pages_are_asked_for_anew(client: FlaskClient) -> None:
    page = client.get("/tablet/")
    script = re.search(r'src="([^"]+/app/main\.js)"', page.text)
    assert script
    assert client.get(script[1]).headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert page.headers["Cache-Control"] == "no-cache"
    assert client.get("/tablet/sw.js").headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.js", "../bundle.py", "app/../../__init__.py", "%2e%2e/bundle.py"])
def test_only_files_of_the_app_are_served(client: FlaskClient, bundle: Bundle, path: str) -> None:
    assert client.get(f"/tablet/{bundle.digest}/{path}").status_code == 404


def test_the_page_has_no_script_or_style_within(client: FlaskClient) -> None:
    page = client.get("/tablet/").text
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    assert "<style" not in page
    assert " style=" not in page


def test_a_change_of_any_file_changes_the_digest(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "tokens.css"
    other.write_text("/* other */")
    monkeypatch.setattr("service.tablet.bundle.TOKENS", other)
    assert Bundle.read("/tablet").digest != bundle.digest


def test_no_text_becomes_markup() -> None:
    strays = [
        path.name
        for path in APP.rglob("*.js")
        if re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|unsafeHTML|\beval\(", path.read_text("utf-8")
        )
    ]
    assert strays == []


def test_the_app_names_the_version_of_the_program() -> None:
    assert f"'{VERSION}'" in (APP / "version.js").read_text("utf-8")


def test_modules_stay_small() -> None:
    long = {path.name: lines for path in APP.rglob("*.js") if (lines := path.read_text("utf-8").count("\n")) >= 400}
    assert long == {}
