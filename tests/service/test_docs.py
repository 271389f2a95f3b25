"""Every setting, command, address and error code is documented, and nothing is documented that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from service.cli import COMMANDS, rounds
from service.config import SETTINGS
from service.errors import STATUS
from tests.service.conftest import Office

DOCS = Path(__file__).parents[2] / "docs"


def rows(page: str) -> list[str]:
    """The first cells of the tables of a page, where they hold code."""
    text = (DOCS / page).read_text("utf-8")
    return re.findall(r"^\| `([^`]+)`", text, flags=re.MULTILINE)


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(rounds)
    for name in COMMANDS:
        command = rounds.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            for part, leaf in command.commands.items():
                yield f"rounds {name} {part}", leaf
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"rounds {name}", command


def test_every_setting_is_documented_with_its_default() -> None:
    assert rows("settings.md") == [setting.variable for setting in SETTINGS]
    text = (DOCS / "settings.md").read_text("utf-8")
    for setting in SETTINGS:
        default = f"`{setting.default}`" if setting.default else ""
        assert re.search(rf"^\| `{setting.variable}` \| {re.escape(default)} ?\|", text, flags=re.MULTILINE), (
            setting.name
        )


def test_every_command_is_documented() -> None:
    assert sorted(rows("commands.md")) == sorted(name for name, _ in commands())


def test_every_command_has_help_and_those_that_list_have_json() -> None:
    for name, command in commands():
        assert command.get_short_help_str(200).endswith("."), name
        if name.endswith("list"):
            assert "--json" in {flag for option in command.params for flag in option.opts}, name


def test_every_option_that_the_docs_name_exists() -> None:
    known = {flag for _, command in commands() for option in command.params for flag in option.opts} | {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", (DOCS / "commands.md").read_text("utf-8"))) <= known


def test_every_error_code_is_documented_with_its_status() -> None:
    assert rows("errors.md") == list(STATUS)
    text = (DOCS / "errors.md").read_text("utf-8")
    for code, status in STATUS.items():
        assert f"| `{code}` | {status} |" in text


def test_every_address_of_the_api_is_documented(office: Office) -> None:
    spec = office.get("/api/v1/openapi.json").get_json()
    addresses = {
        f"{method.upper()} {path}"
        for path, methods in spec["paths"].items()
        for method in methods
        if method != "parameters"
    }
    documented = set(rows("api.md"))
    beside = {"GET /api/v1/openapi.json", "GET /api/v1/docs", "GET /healthz", "GET /readyz", "GET /metrics"}
    assert documented == addresses | beside


@pytest.mark.parametrize(
    "page",
    [
        "settings.md",
        "commands.md",
        "errors.md",
        "api.md",
        "reconcile.md",
        "entities.md",
        "packs.md",
        "bundles.md",
        "hub.md",
    ],
)
def test_links_between_the_docs_hold(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    broken = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link and not (DOCS / link).exists()]
    assert broken == []
