"""Backups, bringing them back, and what the doctor says, as an operator runs them."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from service import doctor
from service.config import Config, load
from service.doctor import CHECKS
from sync.embedded import EmbeddedStore
from tests.live import ROOT
from tests.service.commands.test_commands import Terminal

PAGE = (ROOT / "docs/deploy.md").read_text("utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation that was just made; never changed."""
    data = tmp_path_factory.mktemp("made") / "data"
    Terminal(data).ok("init")
    return data


@pytest.fixture
def terminal(made: Path, tmp_path: Path) -> Terminal:
    """A copy of it."""
    data = tmp_path / "data"
    shutil.copytree(made, data)
    return Terminal(data)


def config_of(terminal: Terminal, **settings: str) -> Config:
    return load({"data": str(terminal.data), **settings}, environ={})


def codes(terminal: Terminal, now: float | None = None, **settings: str) -> set[str]:
    config = config_of(terminal, **settings)
    return {each.code for each in doctor.check(config, now or time.time(), attachments=True, told=lambda _: None)}


def test_nothing_is_wrong_with_what_was_just_made(terminal: Terminal) -> None:
    assert "Nothing is wrong." in terminal.ok("doctor")
    assert terminal.json("doctor") == []


def test_a_backup_comes_back_into_an_empty_directory_alone(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("team", "add", "north", "--en", "North team")
    copied = terminal.json("backup", str(tmp_path / "backup"))
    assert {each["database"] for each in copied} == {"audit", "mailbox-north", "media-north", "office", "reference"}
    assert "there already" in terminal.refused("backup", str(tmp_path / "backup"))
    assert "in use" in terminal.refused("restore", str(tmp_path / "backup"))
    other = Terminal(tmp_path / "other")
    assert other.json("restore", str(tmp_path / "backup")) == copied
    other.ok("init")
    assert [team["team"] for team in other.json("team", "list")] == ["north"]
    assert "Nothing is wrong." in other.ok("doctor")


def test_damage_ends_with_status_1_and_says_where(terminal: Terminal) -> None:
    path = EmbeddedStore(terminal.data / "db").database("office").path
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'live'")
        connection.commit()
    done = terminal.run("doctor", "--json")
    assert done.returncode == 1
    assert '"code": "count_wrong"' in done.stdout
    assert '"where": "office"' in done.stdout


def test_no_installation_is_an_error_and_stays_none(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "nothing")
    assert terminal.run("doctor").returncode == 1
    assert not terminal.data.exists()


def harm_key(data: Path) -> None:
    next((data / "secrets").glob("token-*.pem")).chmod(0o644)


def harm_keys(data: Path) -> None:
    for path in (data / "secrets").glob("token-*.pem"):
        path.unlink()


def harm_database(data: Path) -> None:
    (data / "db" / "reference.sqlite").unlink()


def harm_store(data: Path) -> None:
    (data / "db").chmod(0o777)


def harm_file(data: Path) -> None:
    (data / "db" / "office.sqlite").write_bytes(b"gone" * 5000)


@pytest.mark.parametrize(
    ("harm", "code"),
    [
        (harm_key, "key_readable"),
        (harm_keys, "keys_unusable"),
        (harm_database, "database_missing"),
        (harm_store, "data_writable"),
        (harm_file, "unreadable"),
    ],
)
def test_what_is_wrong_is_named(terminal: Terminal, harm: Callable[[Path], None], code: str) -> None:
    harm(terminal.data)
    assert code in codes(terminal)


def test_a_clock_that_was_set_back_is_noticed(terminal: Terminal) -> None:
    assert "clock_behind" in codes(terminal, time.time() - 86_400)


def test_settings_that_work_against_each_other_are_named(terminal: Terminal) -> None:
    assert "address_insecure" in codes(terminal, bind="0.0.0.0:8000")


def test_who_has_the_databases_open_is_said(terminal: Terminal) -> None:
    with closing(sqlite3.connect(terminal.data / "db" / "office.sqlite")) as connection:
        connection.execute("SELECT count(*) FROM meta").fetchone()
        [found] = terminal.json("doctor", "--quick")
    assert found["code"] == "in_use"
    assert str(os.getpid()) in found["text"]


def test_every_finding_is_documented() -> None:
    source = "".join((ROOT / each).read_text("utf-8") for each in ("service/doctor.py", "sync/embedded/examine.py"))
    words = set(re.findall(r'(?:Finding\((?:"[a-z]+"|severity),|yield warning\()\s*"([a-z_]+)"', source))
    assert len(words) > 20
    assert {word for word in words if f"`{word}`" not in PAGE} == set()
    assert len(CHECKS) == 6
