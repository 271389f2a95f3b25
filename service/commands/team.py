"""`rounds team`: teams and their databases."""

from __future__ import annotations

import click

from schemas.messages import LANGUAGES
from service.auth.directory import Directory
from service.campaign import Campaign
from service.cli import configured, json_option, show
from service.commands.opened import opened
from service.config import Config


@click.group("team")
def command() -> None:
    """Teams and their mailboxes."""


@command.command("add")
@click.argument("team")
@click.option("--name", help="Its name, for every language that has none of its own.")
@click.option("--zh-hans", help="Its name in simplified Chinese.")
@click.option("--zh-hant", help="Its name in traditional Chinese.")
@click.option("--en", help="Its name in English.")
@configured
def add(
    *, config: Config, team: str, name: str | None, zh_hans: str | None, zh_hant: str | None, en: str | None
) -> None:
    """Add TEAM, or change its name."""
    names = dict(zip(LANGUAGES, (zh_hans, zh_hant, en), strict=True))
    with opened(config) as store:
        changed = Campaign(store).add_team(team, {lang: own or name or team for lang, own in names.items()})
    click.echo(f"{team}: {'written' if changed else 'nothing to change'}")


@command.command("list")
@json_option
@configured
def listed(config: Config, as_json: bool) -> None:
    """Every team."""
    with opened(config) as store:
        teams = Directory(store).teams()
    show([{"team": each.team, **each.name} for each in teams], ["team", *LANGUAGES], as_json)
