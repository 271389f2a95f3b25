"""`rounds forms preview` and `draft`: forms that are being written, tried before they are published."""

from __future__ import annotations

import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import click

from schemas.definition import FORM_ID
from schemas.positions import JsonError, read
from service.auth.directory import Directory
from service.cli import Refusal, configured, json_option, show
from service.commands.form_files import FILE, count_of, text_of
from service.commands.opened import opened
from service.config import Config
from service.drafts import Drafts


@click.command("preview")
@click.argument("file", type=FILE)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Where to listen; any free port by default.")
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@click.option(
    "--media",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder with the pictures, sounds and films that the form shows.",
)
def preview(file: Path, port: int, no_browser: bool, media: Path | None) -> None:
    """Open a form FILE in the tablet app on this machine; it follows the file as it is changed. Keeps nothing."""
    from service.preview import serving  # noqa: PLC0415 - the web parts are slow to load, and wanted here alone

    text_of(file)
    try:
        with serving(file, port, media) as server:
            address = f"http://{server.host}:{server.port}/tablet/#/preview"
            click.echo(f"{address}\nCtrl-C stops it.")
            if not no_browser:
                webbrowser.open(address)
            Event().wait()
    except OSError as error:
        raise Refusal(f"Port {port} cannot be listened on: {error.strerror or error}.") from None
    except KeyboardInterrupt:
        click.echo("")


@click.command("draft")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--by", default="office", show_default=True, help="Who keeps it.")
@click.option("--drop", metavar="FORM", help="Throw a form's draft away.")
@configured
def draft(config: Config, files: tuple[Path, ...], by: str, drop: str | None) -> None:
    """Keep form FILES as drafts, mistakes included: supervisors can try them on their tablets. Publishes nothing."""
    if not files and not drop:
        raise Refusal("Name a file, or a form to --drop.")
    texts = {_form_of(file): text_of(file) for file in files}
    with opened(config) as store:
        office = Drafts(Directory(store).office)
        if drop:
            office.drop(drop)
            click.echo(f"{drop}: thrown away")
        for form, text in texts.items():
            faults = len(office.keep(form, text, by, datetime.now(UTC)).examined().faults)
            click.echo(f"{form}: kept" + (f", with {count_of(faults, 'mistake')}" if faults else ""))


@click.command("drafts")
@json_option
@configured
def drafts(config: Config, as_json: bool) -> None:
    """Every draft, who kept it and when, and how many mistakes it has."""
    with opened(config) as store:
        found = Drafts(Directory(store).office).all()
    rows = [{"form": d.form, "by": d.by, "at": d.at, "mistakes": len(d.examined().faults)} for d in found]
    show(rows, ["form", "by", "at", "mistakes"], as_json)


def _form_of(file: Path) -> str:
    """The id that a file's form names; a draft is kept under it."""
    try:
        value = read(text_of(file)).value
    except JsonError as error:
        raise Refusal(f"{file}:{error.position.line}:{error.position.column}: {error.reason}") from None
    form = value.get("form") if isinstance(value, dict) else None
    if not isinstance(form, str) or not FORM_ID.fullmatch(form):
        raise Refusal(f"{file}: “form” must name the form, in lower-case letters, digits and hyphens.")
    return form
