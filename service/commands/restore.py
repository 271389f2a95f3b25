"""`rounds restore`: brings a backup back into an empty data directory."""

from __future__ import annotations

from pathlib import Path

import click

from service import backup
from service.cli import Refusal, configured, json_option, show
from service.commands.backup import COLUMNS, rows
from service.config import Config, ConfigError
from sync.store import StoreError


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False))
@json_option
@configured
def command(config: Config, source: Path, as_json: bool) -> None:
    """Check the backup in the folder SOURCE and bring it back; nothing that is there is ever written over."""
    try:
        contents = backup.bring_back(config, source, lambda name: click.echo(f"checking {name}", err=True))
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
    show(rows(contents), COLUMNS, as_json)
