"""The commands, run as a person runs them: in a process of their own."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from service.cli import COMMANDS
from tests.live import ROOT, Live


class Terminal:
    """Runs commands on one data directory."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUNDS_")}
        command = [*Live.command(words[0]), *words[1:], "--data", str(self.data)]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=text, capture_output=True, text=True, check=False, timeout=60
        )

    def ok(self, *words: str, text: str = "") -> str:
        done = self.run(*words, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words: str, text: str = "") -> str:
        done = self.run(*words, text=text)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "data")


def test_a_campaign_can_be_set_up_from_nothing_and_again(terminal: Terminal) -> None:
    for _ in range(2):
        terminal.ok("init")
        terminal.ok("team", "add", "north", "--zh-hans", "北区组", "--en", "North team")
        add = ("user", "add", "li.wei", "--role", "inspector", "--team", "north", "--password-stdin")
        terminal.ok(*add, text="a good password\n")
        terminal.ok("forms", "publish", "--bundled")
    assert terminal.json("team", "list") == [
        {"team": "north", "zh-Hans": "北区组", "zh-Hant": "north", "en": "North team"}
    ]
    (user,) = terminal.json("user", "list")
    assert (user["name"], user["roles"], user["teams"], user["disabled"]) == ("li.wei", ["inspector"], ["north"], False)
    assert "password" not in user
    assert {form["form"] for form in terminal.json("forms", "list")} >= {"enterprise-visit", "self-check"}
    task = terminal.ok("task", "add", "north", "enterprise-visit", "--title", "走访", "--due", "2026-12-01").strip()
    (listed,) = terminal.json("task", "list")
    assert (listed["id"], listed["due"], listed["form"]) == (task, "2026-12-01", "enterprise-visit")
    assert "0 records" in terminal.ok("rebuild")


def test_what_cannot_be_done_ends_with_a_sentence(terminal: Terminal) -> None:
    assert "rounds init" in terminal.refused("user", "list")
    terminal.ok("init")
    user = ("user", "add", "li.wei", "--role", "inspector", "--password-stdin")
    assert "no team" in terminal.refused(*user, "--team", "nowhere", text="a good password\n")
    assert "password" in terminal.refused(*user, text="short\n")
    assert "user name" in terminal.refused("user", "add", "Li Wei", "--role", "office", "--keep-password")
    assert "team id" in terminal.refused("team", "add", "North!")
    assert "no user" in terminal.refused("user", "disable", "nobody")
    assert "no device" in terminal.refused("device", "revoke", "000000000000")
    assert "published form" in terminal.refused("task", "add", "north", "nothing", "--title", "x")


def test_a_form_with_mistakes_is_not_published(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("init")
    file = tmp_path / "form.json"
    for text in ("{", "[]", "{}", '{"form": "x", "version": 1, "fields": 5}'):
        file.write_text(text)
        assert str(file) in terminal.refused("forms", "publish", str(file))


def test_bundled_forms_are_sound(terminal: Terminal) -> None:
    done = subprocess.run([*Live.command("forms"), "check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_config_prints_every_value_with_its_source(terminal: Terminal) -> None:
    rows = {row["setting"]: row for row in terminal.json("config")}
    assert (rows["data"]["value"], rows["data"]["source"]) == (str(terminal.data), "flag")
    assert rows["workers"]["source"] == "default"


def test_an_unknown_setting_stops_every_command(terminal: Terminal) -> None:
    environment = {**os.environ, "ROUNDS_COLOUR": "red"}
    done = subprocess.run(
        Live.command("config"), cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "ROUNDS_COLOUR is no setting" in done.stderr


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_every_command_has_help(name: str) -> None:
    words = [*Live.command(name), "--help"] if name else [*Live.command("")[:-1], "--help"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Usage: rounds" in done.stdout
