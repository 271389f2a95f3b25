"""`rounds device`: registered devices, and revoking one."""

from __future__ import annotations

import click

from service.auth.devices import Devices
from service.auth.directory import Directory
from service.cli import Refusal, configured, json_option, show
from service.commands.opened import opened
from service.config import Config
from service.parts import open_databases
from service.readmodel.projection import SqlProjection


@click.group("device")
def command() -> None:
    """Registered devices."""


@command.command("list")
@json_option
@configured
def listed(config: Config, as_json: bool) -> None:
    """Every device that was ever registered."""
    columns = ["device", "user", "label", "registered_at", "revoked"]
    with opened(config) as store:
        devices = Directory(store).devices()
    show([{column: getattr(each, column) for column in columns} for each in devices], columns, as_json)


@command.command("revoke")
@click.argument("device")
@configured
def revoke(config: Config, device: str) -> None:
    """Refuse DEVICE from now on: a tablet that was lost.

    What the office has seen of it goes on counting; anything else that it signed opens a case when it comes.
    """
    with opened(config) as store:
        readmodel, operational = open_databases(config)
        try:
            genuine = SqlProjection(readmodel).edits_of(device)
        finally:
            readmodel.dispose()
            operational.dispose()
        if not Devices(Directory(store)).revoke(device, genuine):
            raise Refusal(f"There is no device {device!r}.")
    click.echo(f"{device}: revoked")
