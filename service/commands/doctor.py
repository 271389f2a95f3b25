"""`rounds doctor`: looks for what is wrong with an installation."""

from __future__ import annotations

import time
from dataclasses import asdict

import click

from service import doctor
from service.cli import configured, json_option, show
from service.config import Config
from sync.embedded.examine import Finding

COLUMNS = ["severity", "code", "where", "text"]


@click.command("doctor")
@click.option("--quick", is_flag=True, help="Do not read attachments' bytes.")
@json_option
@configured
def command(config: Config, quick: bool, as_json: bool) -> None:
    """Look for damage, contradictions and dangers; change nothing. Exit status 1 where an error is found."""
    found = doctor.check(config, time.time(), attachments=not quick, told=_tell)
    show([asdict(each) for each in found], COLUMNS, as_json)
    if not found and not as_json:
        click.echo("Nothing is wrong.")
    if _errors(found):
        raise SystemExit(1)


def _tell(name: str) -> None:
    click.echo(f"looking at {name}", err=True)


def _errors(found: list[Finding]) -> bool:
    return any(each.severity == "error" for each in found)
