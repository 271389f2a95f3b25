"""`rounds demo`: makes the demo campaign."""

from __future__ import annotations

import click

from service.campaign import CampaignError
from service.cli import Refusal, configured, json_option, show
from service.config import Config, ConfigError
from service.demo import make_demo, sign_ins
from service.installation import prepare
from sync.store import StoreError


@click.command("demo")
@json_option
@configured
def command(config: Config, as_json: bool) -> None:
    """Make the demo campaign and list who can sign in to it. What is there already stays as it is."""
    try:
        prepare(config, make_demo)
    except (ConfigError, StoreError, CampaignError) as error:
        raise Refusal(str(error)) from None
    rows = [
        {"name": person.name, "password": person.password, "roles": person.roles, "teams": person.teams}
        for person in sign_ins()
    ]
    show(rows, ["name", "password", "roles", "teams"], as_json)
