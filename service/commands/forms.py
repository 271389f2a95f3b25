"""`rounds forms`: checks, compares, publishes and lists forms."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from schemas.bundled import bundled_texts
from schemas.changes import Change, Severity, compare
from schemas.faults import Fault, examine
from schemas.form import Form, parse
from schemas.messages import LANGUAGES
from schemas.positions import read
from service import publication
from service.api.session import moment
from service.auth.directory import Directory
from service.campaign import Campaign
from service.cli import Refusal, configured, json_option, show
from service.commands.drafts import draft, drafts, preview
from service.commands.form_files import FILES, count_of, text_of, texts_of
from service.commands.opened import opened
from service.commands.xlsform import export, import_
from service.config import Config
from service.drafts import Drafts
from service.form_media import gathered

media_option = click.option(
    "--media",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the pictures, sounds and films that the forms show.",
)
_PUBLISHED = re.compile(r"([a-z][a-z0-9-]*):([1-9][0-9]*)")


@click.group("forms")
def command() -> None:
    """Form definitions."""


command.add_command(import_)
command.add_command(export)
command.add_command(preview)
command.add_command(draft)
command.add_command(drafts)


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
@click.argument("files", nargs=-1, type=FILES)
@media_option
@json_option
def check(files: tuple[Path, ...], media: Path | None, as_json: bool) -> None:
    """Say what is wrong with form FILES, folders of them, or - for what is piped in; the bundled forms by default."""
    texts = texts_of(files) or bundled_texts()
    missing = [line for text in texts.values() for line in _missing(text, media)] if media else []
    found = [(name, fault) for name, text in texts.items() for fault in examine(text).faults]
    if as_json:
        show([_row(name, fault) for name, fault in found], [], as_json)
    else:
        for name, fault in found:
            click.echo(f"{name}:{fault}", err=True)
    if missing:
        raise Refusal("\n".join(missing))
    if found:
        raise Refusal(f"{count_of(len(found), 'mistake')} in {count_of(len({name for name, _ in found}), 'file')}.")
    if not as_json:
        click.echo("1 form is sound." if len(texts) == 1 else f"{len(texts)} forms are sound.")


def _row(file: str, fault: Fault) -> dict[str, Any]:
    line, column = fault.position
    about = {"file": file, "line": line, "column": column, "path": fault.path, "code": fault.code}
    return about | {"sentence": fault.sentence["en"]}


@command.command("publish")
@click.argument("files", nargs=-1, type=FILES)
@click.option("--draft", "drafted", multiple=True, metavar="FORM", help="Publish a draft. Can be given again.")
@click.option("--bundled", "take_bundled", is_flag=True, help="Publish the forms that come with Rounds.")
@click.option("--yes", is_flag=True, help="Publish although records under way lose values, or files are missing.")
@click.option("--by", default="office", show_default=True, help="Who publishes, for the audit trail.")
@media_option
@configured
def publish(
    config: Config,
    files: tuple[Path, ...],
    drafted: tuple[str, ...],
    take_bundled: bool,
    yes: bool,
    by: str,
    media: Path | None,
) -> None:
    """Publish form FILES. A version that is published never changes; what changes for records under way is told."""
    texts = texts_of(files) | (bundled_texts() if take_bundled else {})
    if not texts and not drafted:
        raise Refusal("Name a file or a --draft, or say --bundled.")
    with opened(config) as store:
        office = Drafts(Directory(store).office)
        texts |= {f"draft {form}": office.one(form).text for form in drafted}
        if faults := [line for name, text in texts.items() for line in _faults(name, text)]:
            raise Refusal("\n".join(faults))
        definitions = [read(text).value for text in texts.values()]
        changes = _announce(Directory(store).forms(), definitions)
        losing = [called for called, found in changes.items() if _is_losing(found)]
        if losing and not yes:
            raise Refusal(f"Records under way would lose values in {', '.join(losing)}; --yes publishes all the same.")
        missing = [line for text in texts.values() for line in _missing(text, media)]
        if missing and not yes:
            raise Refusal("\n".join([*missing, "--media names the folder that has them; --yes publishes without."]))
        for definition in definitions:
            new = Campaign(store).publish(definition, gathered(definition, media)[0])
            if new:
                publication.note(store, definition, changes.get(_called(definition), ()), by=by, at=moment(time.time()))
            state = "published" if new else "is published already"
            click.echo(f"{definition['form']} {definition['version']}: {state}")
        for form in drafted:
            office.drop(form)


@command.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
@configured
def diff(config: Config, old: str, new: str, as_json: bool) -> None:
    """Say what changes for records under way from OLD to NEW: form files, or published versions as FORM:VERSION."""
    before, after = _form(config, old), _form(config, new)
    if before.id != after.id:
        raise Refusal(f"{before.id} and {after.id} are different forms.")
    changes = compare(before, after)
    if as_json:
        names = ("path", "code", "severity", "sentence")
        show([{name: getattr(each, name) for name in names} for each in changes], [], as_json)
    else:
        click.echo("\n".join(map(_line, changes)) or "Nothing changes for records under way.")


def _form(config: Config, name: str) -> Form:
    """The form that a word on the command line means."""
    if Path(name).is_file():
        text = text_of(Path(name))
        if faults := _faults(name, text):
            raise Refusal("\n".join(faults))
        return parse(read(text).value)
    published = _PUBLISHED.fullmatch(name)
    if published is None:
        raise Refusal(f"{name} is neither a file nor a published version such as enterprise-visit:1.")
    with opened(config) as store:
        for doc in Directory(store).forms():
            if (doc["form"], str(doc["version"])) == published.groups():
                return parse(doc["definition"])
    raise Refusal(f"{name} is not published.")


def _announce(
    published: Iterable[Mapping[str, Any]], definitions: Sequence[Mapping[str, Any]]
) -> dict[str, tuple[Change, ...]]:
    """Tell what each new version changes against the one in force; returns it by form and version."""
    in_force = {doc["form"]: doc["definition"] for doc in published}  # They come by number: the last one stays.
    told = {}
    for definition in sorted(definitions, key=lambda each: int(each["version"])):
        before = in_force.setdefault(definition["form"], definition)
        if definition["version"] <= before["version"]:
            continue
        in_force[definition["form"]] = definition
        called = _called(definition)
        told[called] = changes = compare(parse(before), parse(definition))
        if changes:
            click.echo(f"{called}, for records under way in version {before['version']}:")
            click.echo("\n".join(map(_line, changes)))
    return told


def _called(definition: Mapping[str, Any]) -> str:
    return f"{definition['form']} {definition['version']}"


def _is_losing(changes: Iterable[Change]) -> bool:
    return any(change.severity is Severity.LOSES_VALUE for change in changes)


def _missing(text: str, media: Path | None) -> list[str]:
    """What of the files that a form shows cannot be published."""
    return [] if examine(text).faults else gathered(read(text).value, media)[1]


def _line(change: Change) -> str:
    severity = change.severity.replace("_", " ").replace("loses", "loses a")
    return f"  {severity}: {change.path or '/'} {change.sentence}"


def _faults(name: str, text: str) -> list[str]:
    """What is wrong with the text of a form: `file:line:column: sentence`, in the order of the file."""
    return [f"{name}:{fault}" for fault in examine(text).faults]
