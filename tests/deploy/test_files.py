"""The files of deploy/ agree with each other and with the program."""

from __future__ import annotations

import configparser
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml
from gunicorn.util import load_class

from service.config import SETTINGS
from sync.couch_setup import WANTED
from sync.embedded.serving.worker import FeedWorker

DEPLOY = Path(__file__).parents[2] / "deploy"
SETTING = re.compile(r"\bROUNDS_[A-Z_]+")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return parsed


def test_only_the_proxy_is_reachable_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["proxy"]
    assert compose["networks"]["inside"]["internal"] is True
    assert [name for name, service in compose["services"].items() if "outside" in service["networks"]] == ["proxy"]


def test_every_service_waits_for_what_it_needs(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert set(services["init"]["depends_on"]) == {"couchdb", "postgres"}
    for name in ("service", "intake"):
        assert services[name]["depends_on"] == {"init": {"condition": "service_completed_successfully"}}


def test_every_file_that_is_mounted_is_there(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    sources = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert sources
    assert [source for source in sources if not (DEPLOY / source).exists()] == []


def test_every_volume_is_declared(compose: dict[str, Any]) -> None:
    mounts = [mount for service in compose["services"].values() for mount in service.get("volumes", [])]
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith((".", "$"))}
    assert named == set(compose["volumes"])


def test_no_password_stands_in_a_file(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name:
                assert value.startswith("${"), name
    assert re.search(r"PASSWORD=.", (DEPLOY / "env.example").read_text()) is None


@pytest.mark.parametrize("path", [path for path in DEPLOY.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_every_setting_named_is_one_that_rounds_knows(path: Path) -> None:
    known = {setting.variable for setting in SETTINGS}
    assert set(SETTING.findall(path.read_text())) - known == set()


def test_couchdb_is_configured_as_the_start_demands() -> None:
    ini = configparser.ConfigParser(comment_prefixes=(";",))
    ini.read(DEPLOY / "couchdb/rounds.ini")
    for section, key, wanted in WANTED:
        assert wanted in ini[section][key]


def test_nothing_runs_as_root() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    users = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert users
    assert users[-1] == "rounds"
    for unit in (DEPLOY / "systemd").glob("*.service"):
        assert "\nUser=rounds\n" in unit.read_text(), unit.name


def test_what_the_image_is_built_from_is_in_the_repository() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    copied = [
        line.split()[1:-1] for line in dockerfile.splitlines() if line.startswith("COPY ") and "--from" not in line
    ]
    assert copied
    assert [name for names in copied for name in names if not (DEPLOY.parent / name).exists()] == []


def test_gunicorn_takes_its_figures_from_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ROUNDS_BIND", "[::1]:8123")
    monkeypatch.setenv("ROUNDS_WORKERS", "5")
    settings = runpy.run_path(str(DEPLOY / "gunicorn.conf.py"))
    assert (settings["bind"], settings["workers"]) == ("[::1]:8123", 5)
    assert load_class(settings["worker_class"]) is FeedWorker
