"""`rounds backup`: copies the embedded store while it is in use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from service import backup
from service.cli import Refusal, configured, json_option, show
from service.config import Config, ConfigError
from sync.embedded.backup import Contents
from sync.store import StoreError

COLUMNS = ["database", "seq", "documents", "bytes"]


@click.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@json_option
@configured
def command(config: Config, target: Path, as_json: bool) -> None:
    """Copy every database, with its attachments, into the new folder TARGET, and examine the copies."""
    try:
        contents = backup.make(config, target, datetime.now(UTC), lambda name: click.echo(name, err=True))
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
    show(rows(contents), COLUMNS, as_json)


def rows(contents: Contents) -> list[dict[str, Any]]:
    """The databases of a backup, as they are listed."""
    return [
        {"database": each.name, "seq": each.seq, "documents": each.documents, "bytes": each.bytes}
        for each in contents.databases
    ]
