"""`rounds forms`: checks, publishes and lists forms."""

from __future__ import annotations

from pathlib import Path

import click

from schemas.bundled import bundled_texts
from schemas.form import FormError, compile_form
from schemas.messages import LANGUAGES
from schemas.positions import JsonError, Source, read
from schemas.problems import locate
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
    """Say what is wrong with form FILES, by line and column; the bundled forms where none is named."""
    texts = {str(file): _text(file) for file in files} or bundled_texts()
    faults = [line for name, text in texts.items() for line in _faults(name, text)]
    for line in faults:
        click.echo(line, err=True)
    if faults:
        raise Refusal(f"{len(faults)} mistakes.")
    click.echo(f"{len(texts)} forms are sound.")


@command.command("publish")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--bundled", "take_bundled", is_flag=True, help="Publish the forms that come with Rounds.")
@configured
def publish(config: Config, files: tuple[Path, ...], take_bundled: bool) -> None:
    """Publish form FILES. A version that is published never changes."""
    texts = {str(file): _text(file) for file in files} | (bundled_texts() if take_bundled else {})
    if not texts:
        raise Refusal("Name a file, or say --bundled.")
    if faults := [line for name, text in texts.items() for line in _faults(name, text)]:
        raise Refusal("\n".join(faults))
    definitions = [read(text).value for text in texts.values()]
    with opened(config) as store:
        for definition in definitions:
            new = Campaign(store).publish(definition)
            state = "published" if new else "is published already"
            click.echo(f"{definition['form']} {definition['version']}: {state}")


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"{file}: byte {error.start + 1} is not UTF-8.") from None
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None


def _faults(name: str, text: str) -> list[str]:
    """What is wrong with the text of a form: `file:line:column: sentence`, in the order of the file."""
    try:
        source = read(text)
    except JsonError as error:
        return [f"{name}:{error.position.line}:{error.position.column}: {error.reason}"]
    return [f"{name}:{place}" for place in _problems(source)]


def _problems(source: Source) -> list[str]:
    try:
        compile_form(source.value)
    except FormError as error:
        found = sorted((locate(source, problem), str(problem)) for problem in error.problems)
        return [f"{place.line}:{place.column}: {sentence}" for place, sentence in found]
    return []
