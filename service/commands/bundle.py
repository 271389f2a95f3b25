"""`rounds bundle`: work that travels as a file, in and out."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from service.auth.keys import load_keys
from service.bundles import Reception, Tally
from service.campaign import mailbox_of, media_of
from service.cli import Refusal, configured, json_option, show
from service.config import Config, ConfigError
from service.errors import RoundsError, describe
from service.identifiers import ulid
from service.parts import Parts, open_parts
from service.store import open_store
from service.version import VERSION
from sync.bundle import sealing
from sync.bundle.exporting import Author
from sync.bundle.exporting import export as write
from sync.bundle.importing import Outcome
from sync.bundle.sealing import Seal
from sync.signature import device_id, public_jwk
from sync.store import StoreError

NOT_HERE = ("refused", "damaged", "missing")


@click.group("bundle")
def command() -> None:
    """Work that travels as a file: on a stick instead of over a network."""


@command.command("export")
@click.option("--team", "teams", multiple=True, required=True, help="Whose work; may be given several times.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@click.option("--no-media", is_flag=True, help="Leave pictures and other files out.")
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Seal it.")
@configured
def export(config: Config, teams: Sequence[str], out: Path, no_media: bool, passphrase_file: Path | None) -> None:
    """Write the records of teams, and their pictures, into one signed file."""
    names = [mailbox_of(team) for team in teams] + [media_of(team) for team in teams if not no_media]
    phrase = _passphrase(passphrase_file)
    draft = out.with_name(f".{out.name}.{os.getpid()}.part")
    with _refusing():
        author, store = _author(config), open_store(config)
        try:
            with draft.open("xb") as file, _progress(out.name) as told:
                databases = [store.database(name) for name in names]
                manifest = write(file, databases, author, seal=_seal(phrase), told=told)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
            store.close()
    documents = sum(entry.attachment is None for entry in manifest.entries)
    click.echo(f"{out}: {documents} documents, {len(manifest.entries) - documents} files, {out.stat().st_size:,} bytes")


@command.command("import")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Opens it.")
@json_option
@configured
def import_(config: Config, source: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Bring in what a tablet or `export` wrote to FILE; again changes nothing. Exit status 1 where anything lacks."""
    phrase = _passphrase(passphrase_file)
    with _refusing(), source.open("rb") as file, _parts(config) as parts:
        reception = Reception(parts, file, passphrase=phrase)
        entries = [entry for entry in reception.bundle.manifest.entries if entry.attachment is None]
        with _progress(source.name) as told:
            tally = Tally(reception.bundle, list(_counted(reception.run(), told, len(entries))))
    _tell(tally, as_json)
    if any(tally.counts[result] for result in NOT_HERE):
        raise SystemExit(1)


def _author(config: Config) -> Author:
    """This installation, by the key that the office signs its own edits with."""
    key = load_keys(config).office_device
    made_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return Author(ulid(), made_at, "office", device_id(public_jwk(key)), VERSION, key)


@contextmanager
def _progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar in the terminal; it is told how much of how much is done."""
    shown: Any = click.progressbar(length=1, label=label, file=sys.stderr)
    with shown as bar:

        def told(done: int, whole: int) -> None:
            bar.length = max(1, whole)
            bar.update(done - bar.pos)

        yield told


def _counted(outcomes: Iterable[Outcome], told: Callable[[int, int], None], whole: int) -> Iterator[Outcome]:
    for done, outcome in enumerate(outcomes, 1):
        told(done, whole)
        yield outcome


def _tell(tally: Tally, as_json: bool) -> None:
    rows = [
        {"result": each.result, "id": each.id, "rev": each.rev, "database": each.database, "reason": each.reason}
        for each in tally.outcomes
    ]
    if as_json:
        show(rows, [], as_json=True)
        return
    lacking = [row for row in rows if row["result"] in NOT_HERE]
    if lacking:
        show(lacking, ["result", "id", "database", "reason"], as_json=False)
    manifest = tally.bundle.manifest
    counts = ", ".join(f"{count} {result}" for result, count in tally.counts.items() if count) or "it is empty"
    click.echo(f"made by {manifest.by} on {manifest.device} at {manifest.made_at}: {counts}")


def _passphrase(file: Path | None) -> str | None:
    return file.read_text("utf-8").rstrip("\r\n") if file else None


def _seal(passphrase: str | None) -> Seal | None:
    return sealing.by_passphrase(passphrase) if passphrase else None


@contextmanager
def _parts(config: Config) -> Iterator[Parts]:
    parts = open_parts(config)
    try:
        yield parts
    finally:
        parts.close()


@contextmanager
def _refusing() -> Iterator[None]:
    """What goes wrong ends the command with a sentence."""
    try:
        yield
    except RoundsError as error:
        raise Refusal(describe(error, "en").reason) from None
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}.") from None
