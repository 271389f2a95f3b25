"""`rounds init`: prepares databases, keys and tables."""

from __future__ import annotations

import click

from service.cli import Refusal, configured
from service.config import Config, ConfigError
from service.installation import prepare
from sync.store import StoreError


@click.command("init")
@configured
def command(config: Config) -> None:
    """Make keys, databases and tables. Doing it again changes nothing."""
    try:
        prepare(config)
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
    click.echo(f"Ready in {config.data}.")
