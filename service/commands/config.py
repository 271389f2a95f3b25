"""`rounds config`: the settings, and where each came from."""

from __future__ import annotations

import click

from service.cli import configured, json_option, show
from service.config import Config


@click.command("config")
@json_option
@configured
def command(config: Config, as_json: bool) -> None:
    """Every setting, its value, and who set it: default, file, environment or flag."""
    rows = [
        {
            "setting": value.setting.name,
            "variable": value.setting.variable,
            "value": value.shown(),
            "source": value.source,
            "help": value.setting.help,
        }
        for value in config
    ]
    show(rows, ["setting", "value", "source", "help"], as_json)
