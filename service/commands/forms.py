"""`rounds forms`: checks, publishes and lists forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from schemas.bundled import bundled
from schemas.form import FormError, compile_form
from schemas.messages import LANGUAGES
from service.auth.directory import Directory
from service.campaign import Campaign
from service.cli import Refusal, configured, json_option, show
from service.commands.opened import opened
from service.config import Config


@click.group("forms")
def command() -> None:
    """Form definitions."""


@command.command("list")
@json_option
@configured
def listed(config: Config, as_json: bool) -> None:
    """Every published version of every form."""
    with opened(config) as store:
        docs = Directory(store).forms()
    rows = [{"form": d["form"], "version": d["version"], **d["definition"]["title"]} for d in docs]
    show(rows, ["form", "version", *LANGUAGES], as_json)


@command.command("check")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Say what is wrong with form FILES; the bundled forms where none is named."""
    definitions = {str(file): _read(file) for file in files} or bundled()
    faults = [line for name, definition in definitions.items() for line in _faults(name, definition)]
    for line in faults:
        click.echo(line, err=True)
    if faults:
        raise Refusal(f"{len(faults)} mistakes.")
    click.echo(f"{len(definitions)} forms are sound.")


@command.command("publish")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundled", "take_bundled", is_flag=True, help="Publish the forms that come with Rounds.")
@configured
def publish(config: Config, files: tuple[Path, ...], take_bundled: bool) -> None:
    """Publish form FILES. A version that is published never changes."""
    definitions = {str(file): _read(file) for file in files} | (bundled() if take_bundled else {})
    if not definitions:
        raise Refusal("Name a file, or say --bundled.")
    if faults := [line for name, definition in definitions.items() for line in _faults(name, definition)]:
        raise Refusal("\n".join(faults))
    with opened(config) as store:
        for definition in definitions.values():
            new = Campaign(store).publish(definition)
            state = "published" if new else "is published already"
            click.echo(f"{definition['form']} {definition['version']}: {state}")


def _read(file: Path) -> dict[str, Any]:
    try:
        definition = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise Refusal(f"{file}: {error}") from None
    if not isinstance(definition, dict):
        raise Refusal(f"{file}: a form is a JSON object.")
    return definition


def _faults(name: str, definition: dict[str, Any]) -> list[str]:
    try:
        compile_form(definition)
    except FormError as error:
        return [f"{name}: {problem}" for problem in error.problems]
    return []
