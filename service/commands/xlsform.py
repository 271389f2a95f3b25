"""`rounds forms import` and `export`: forms from XLSForm workbooks, and out again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
import orjson

from schemas.form import FormError, compile_form
from schemas.positions import JsonError, read
from schemas.xlsform.notes import Note
from service.cli import Refusal
from service.commands.form_files import FILE

NEW_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("import")
@click.argument("file", type=FILE)
@click.option("--out", type=NEW_FILE, help="Write the form to this file instead of printing it.")
def import_(file: Path, out: Path | None) -> None:
    """Make a form of an XLSForm workbook FILE, and say what of it has no equivalent."""
    from schemas.xlsform.read import import_form  # noqa: PLC0415 - pyxform is slow to load, and wanted here alone

    imported = import_form(_bytes(file), file.stem)
    _tell(imported.notes)
    if imported.definition is None:
        raise Refusal(f"{file}: no form could be made of it.")
    text = orjson.dumps(imported.definition, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if out is None:
        click.echo(text.decode(), nl=False)
    else:
        _write(out, text)


@click.command("export")
@click.argument("file", type=FILE)
@click.option("--out", required=True, type=NEW_FILE, help="The workbook to write.")
def export(file: Path, out: Path) -> None:
    """Make an XLSForm workbook of a form FILE, and say what of it XLSForm lacks."""
    from schemas.xlsform.write import export_form  # noqa: PLC0415 - as above

    try:
        definition = read(_bytes(file).decode("utf-8-sig")).value
        compile_form(definition)
    except (UnicodeDecodeError, JsonError, FormError):
        raise Refusal(f"{file} has mistakes; `rounds forms check {file}` names them.") from None
    exported = export_form(definition)
    _tell(exported.notes)
    _write(out, exported.data)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None


def _write(out: Path, data: bytes) -> None:
    try:
        out.write_bytes(data)
    except OSError as error:
        raise Refusal(f"{out}: {error.strerror}.") from None


def _tell(notes: Sequence[Note]) -> None:
    """Notes go to the other stream, so that a printed form can be redirected; what they amount to comes last."""
    for note in notes:
        click.echo(str(note), err=True)
    counts = Counter(note.severity for note in notes)
    if notes:
        click.echo(", ".join(f"{count} {severity}" for severity, count in sorted(counts.items())), err=True)
