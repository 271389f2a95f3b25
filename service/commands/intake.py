"""`rounds intake`: the judge alone."""

from __future__ import annotations

import click

from service.cli import Refusal, configured
from service.config import Config, ConfigError
from service.readmodel.intake import run_intake
from sync.store import StoreError


@click.command("intake")
@configured
def command(config: Config) -> None:
    """Follow the mailboxes: judge, merge, answer with receipts. Waits while another intake is at work."""
    try:
        run_intake(config)
    except (ConfigError, StoreError) as error:
        raise Refusal(str(error)) from None
