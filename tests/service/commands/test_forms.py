"""`rounds forms`: what is wrong by line and column, and what a new version changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from service.cli import rounds
from tests.service.commands.test_commands import Terminal

FORM: dict[str, Any] = {
    "form": "count",
    "version": 1,
    "languages": ["en"],
    "title": {"en": "Count"},
    "fields": [
        {"name": "shop", "type": "text", "label": {"en": "Shop"}},
        {"name": "state", "type": "select_one", "label": {"en": "State"},
         "choices": [{"name": "open", "label": {"en": "Open"}}, {"name": "shut", "label": {"en": "Shut"}}]},
    ],
}  # fmt: skip


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "data")


def check(file: Path) -> list[str]:
    """What `rounds forms check` says of a file; empty where it is sound."""
    done = CliRunner().invoke(rounds, ["forms", "check", str(file)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return [line for line in done.stderr.splitlines() if not line.startswith("rounds:")]


def test_a_mistake_is_named_by_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    text = json.dumps(FORM, indent=1)
    file.write_text("\ufeff" + text, "utf-8")
    assert check(file) == []
    file.write_text(text.replace('"type": "text"', '"type": "text", "relevant": "1 = 1 and ${nix} = 2"'))
    (line,) = check(file)
    at = text.splitlines().index('   "type": "text",') + 1
    assert line.startswith(f"{file}:{at}:43: /shop: unknown field ")
    file.write_text(text.replace('"type": "text"', '"typ": "text"').replace('"version": 1', '"version": 0'))
    assert [line.split(":")[1] for line in check(file)] == ["3", "11"]


@pytest.mark.parametrize(
    ("content", "place"),
    [(b'{"form": "a",\n "form": "b"}', "2:2"), (b"{\n", "2:1"), (b"[]", "1:1"), (b"5", "1:1"), (b"[" * 9_999, "1:")],
)
def test_what_is_no_form_is_named_by_line_and_column(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "form.json"
    file.write_bytes(content)
    assert check(file)[0].startswith(f"{file}:{place}")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    file.write_bytes('{"form": "表"}'.encode("gb18030"))
    done = CliRunner().invoke(rounds, ["forms", "check", str(file)])
    assert done.exit_code == 1
    assert "byte 11 is not UTF-8" in done.stderr
