"""The `rounds` command. Each command is a module that is loaded only when it is called for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import orjson

from service import config as configuration
from service.config import Config, ConfigError
from service.version import VERSION

COMMANDS = {
    "serve": "Web workers and intake, until stopped.",
    "intake": "Intake alone: judge and merge what arrives.",
    "init": "Make keys, databases and tables; again changes nothing.",
    "demo": "Make the demo campaign.",
    "rebuild": "Make the read model anew from the documents.",
    "user": "People who can sign in.",
    "team": "Teams and their mailboxes.",
    "device": "Registered devices.",
    "forms": "Form definitions: check, compare, publish, list; XLSForm workbooks in and out.",
    "entity": "Things that forms are about: tables in and out.",
    "task": "Forms that teams are to fill.",
    "hub": "A laptop that serves tablets where there is no network, and relays to the office.",
    "replicate": "Documents from one place to another, by CouchDB's protocol.",
    "simulate": "A made-up campaign with all that goes wrong, and whether everything held.",
    "bundle": "Work that travels as a file: in and out.",
    "backup": "Copy the databases while they are in use.",
    "restore": "Bring a backup back into an empty directory.",
    "doctor": "Look for damage, contradictions and dangers.",
    "config": "Every setting, its value, and who set it.",
}
_Function = TypeVar("_Function", bound=Callable[..., Any])


class Refusal(click.ClickException):
    """What cannot be done, as a sentence; exit status 1."""

    def show(self, file: Any = None) -> None:
        click.echo(f"rounds: {self.message}", err=True)


class LazyGroup(click.Group):
    """Knows the commands by name and loads the module of the one that is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"service.commands.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="rounds")
def rounds() -> None:
    """Offline-first inspections: forms filled on tablets, judged, merged and reconciled here."""


def main() -> None:
    """The entry point."""
    rounds(prog_name="rounds")


def configured(function: _Function) -> Callable[..., Any]:
    """Give a command `--data` and `--config`, and hand it the configuration as `config`."""

    @click.option("--data", metavar="DIR", help="Data directory.  [ROUNDS_DATA]")
    @click.option(
        "--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="Settings; ./rounds.toml by default."
    )
    @wraps(function)
    def wrapper(*args: Any, data: str | None, file: Path | None, **kwargs: Any) -> Any:
        config = load_config({"data": data, **(kwargs.pop("flags", None) or {})}, file)
        return function(*args, config=config, **kwargs)

    return wrapper


def load_config(flags: dict[str, str | None], file: Path | None) -> Config:
    """Read the configuration; a mistake in it ends the command with its sentence."""
    try:
        return configuration.load(flags, file=file)
    except ConfigError as error:
        raise Refusal(str(error)) from None


def json_option(function: _Function) -> _Function:
    """Give a command that lists things `--json`."""
    option: Callable[[_Function], _Function] = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return option(function)


def show(rows: list[dict[str, Any]], columns: list[str], as_json: bool) -> None:
    """Print a list as JSON, or as columns as wide as they need to be."""
    if as_json:
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    cells = [[column.upper() for column in columns], *([_cell(row.get(column)) for column in columns] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    for line in cells:
        padded = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value if value is not None else "")


def _width(text: str) -> int:
    """Columns in a terminal: a Chinese character takes two."""
    return sum(2 if "\u1100" <= char <= "\uffdc" else 1 for char in text)
