"""`rounds rebuild`: makes the read model anew."""

from __future__ import annotations

import click

from service.cli import Refusal, configured
from service.config import Config, ConfigError
from service.readmodel.intake import rebuild
from sync.store import StoreError


@click.command("rebuild")
@configured
def command(config: Config) -> None:
    """Make the read model anew from the documents. Waits while another intake is at work."""
    try:
        count = rebuild(config)
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
    click.echo(f"{count} records judged.")
