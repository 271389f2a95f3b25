"""`rounds user`: people who can sign in."""

from __future__ import annotations

import sys

import click

from service.auth.access import ROLES
from service.auth.directory import Directory
from service.campaign import Campaign
from service.cli import configured, json_option, show
from service.commands.opened import opened
from service.config import Config


@click.group("user")
def command() -> None:
    """People who can sign in."""


@command.command("add")
@click.argument("name")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(ROLES), help="Can be given again.")
@click.option("--team", "teams", multiple=True, help="Can be given again.")
@click.option("--display-name", default="", help="As people are called.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@click.option("--keep-password", is_flag=True, help="Change the rest and leave the password.")
@configured
def add(
    *,
    config: Config,
    name: str,
    roles: tuple[str, ...],
    teams: tuple[str, ...],
    display_name: str,
    password_stdin: bool,
    keep_password: bool,
) -> None:
    """Add the user NAME, or change them. The password is asked for, never taken from the command line."""
    password = None if keep_password else _password(password_stdin)
    with opened(config) as store:
        changed = Campaign(store).add_user(name, password, display_name=display_name, roles=roles, teams=teams)
    click.echo(f"{name}: {'written' if changed else 'nothing to change'}")


@command.command("disable")
@click.argument("name")
@configured
def disable(config: Config, name: str) -> None:
    """Let NAME in no more; sessions and tokens end at once."""
    with opened(config) as store:
        changed = Campaign(store).disable_user(name)
    click.echo(f"{name}: {'disabled' if changed else 'is disabled already'}")


@command.command("list")
@json_option
@configured
def listed(config: Config, as_json: bool) -> None:
    """Everybody who can sign in."""
    columns = ["name", "display_name", "roles", "teams", "disabled"]
    with opened(config) as store:
        users = Directory(store).users()
    show([{column: getattr(user, column) for column in columns} for user in users], columns, as_json)


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\n")
    asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return asked
