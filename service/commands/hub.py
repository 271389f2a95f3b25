"""`rounds hub`: a laptop that serves tablets where there is no network; and enrolling such laptops at the office."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from service.auth.directory import Directory
from service.cli import Refusal, configured, json_option, load_config, show
from service.commands.opened import opened
from service.commands.serve import is_ready, refuse_what_is_taken
from service.config import Config, ConfigError
from service.installation import prepare
from service.places import open_keeper
from service.server import in_a_child, serve
from sync.store import StoreError

DATA, BIND = "var/hub", "0.0.0.0:8443"


@click.group("hub", invoke_without_command=True)
@click.option("--office", metavar="URL", help="The office's address; needed the first time.")
@click.option("--code-stdin", is_flag=True, help="Read the enrolment code from standard input instead of asking.")
@click.option("--data", metavar="DIR", help=f"Data directory of the hub; {DATA} by default.")
@click.option("--bind", metavar="HOST:PORT", help=f"Where to listen; {BIND} by default.")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="Settings; ./rounds.toml by default."
)
@click.pass_context
def command(
    context: click.Context, office: str | None, code_stdin: bool, data: str | None, bind: str | None, file: Path | None
) -> None:
    """Serve tablets on a local network without internet, and relay to the office whenever it can be reached."""
    if context.invoked_subcommand is not None:
        return
    config = _hub_config(data, bind, file)
    if status := in_a_child(lambda: _prepare(config, office, code_stdin)):
        raise SystemExit(status)
    from service.hub.running import run_relay  # noqa: PLC0415 - loaded only where a hub runs
    from service.hub.serving import certificate_file  # noqa: PLC0415

    secure = _hub_config(data, bind, file, certificate=str(config.certificate or certificate_file(config)))
    refuse_what_is_taken(secure)
    serve(secure, lambda: _announce(secure), relay=lambda: run_relay(secure))


def _hub_config(data: str | None, bind: str | None, file: Path | None, certificate: str | None = None) -> Config:
    """The settings, with a hub's own defaults where nobody has set them."""
    flags = {"data": data, "bind": bind, "certificate": certificate}
    config = load_config(flags, file)
    for name, default in (("data", DATA), ("bind", BIND)):
        if config.values[name].source == "default":
            flags[name] = default
    return load_config(flags, file)


def _prepare(config: Config, office: str | None, code_stdin: bool) -> None:
    from service.hub.identity import load_identity  # noqa: PLC0415 - in the child, which goes before the hub is forked
    from service.hub.joining import join  # noqa: PLC0415
    from service.hub.network import addresses  # noqa: PLC0415
    from service.hub.serving import keep_certificate  # noqa: PLC0415

    try:
        identity = load_identity(config)
        if identity is None:
            if office is None:
                raise Refusal("This laptop is no hub yet: name the office with --office URL.")
            identity = join(config, office.rstrip("/"), _code(code_stdin))
            click.echo(f"This laptop is the hub {identity.name} now.")
        elif office is not None and office.rstrip("/") != identity.office:
            raise Refusal(f"This hub belongs to {identity.office}; another office needs another --data.")
        prepare(config)
        keep_certificate(config, identity, addresses(), datetime.now(UTC))
    except (ConfigError, StoreError, Refusal) as error:
        (error if isinstance(error, Refusal) else Refusal(str(error))).show()
        raise SystemExit(1) from None


def _code(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().strip()
    asked: str = click.prompt("Enrolment code", hide_input=True)
    return asked


def _announce(config: Config) -> None:
    """Show how tablets get here, once it answers."""
    from service.hub.identity import load_identity  # noqa: PLC0415
    from service.hub.network import addresses, invitation, origins, qr_terminal  # noqa: PLC0415

    identity = load_identity(config)
    assert identity is not None
    if not is_ready(config):
        click.echo(f"rounds: nothing answers at {config.public_url} yet; the log says why.", err=True)
        return
    places = origins(identity, config.bind[1], addresses())
    click.echo(f"\n{qr_terminal(invitation(identity, places[0]))}\n")
    click.echo("\n".join((f"Hub     {identity.name}", *(f"        {each}/hub" for each in places[:3]))))
    click.echo("Ctrl-C stops it.")


@command.command("enroll")
@click.argument("name")
@click.option("--team", "teams", multiple=True, required=True, help="A team that it serves; can be given again.")
@click.option("--label", default="", help="As people know it.")
@configured
def enroll(config: Config, name: str, teams: tuple[str, ...], label: str) -> None:
    """At the office: let a laptop become the hub NAME. Prints a code that it can use once, within a week."""
    from service.hub.certificates import office_root  # noqa: PLC0415
    from service.hub.enrolment import Enrolments  # noqa: PLC0415
    from service.hub.identity import load_identity  # noqa: PLC0415

    if load_identity(config):
        raise Refusal("This is a hub; hubs are enrolled at the office.")
    now = datetime.now(UTC)
    with opened(config) as store:
        code = Enrolments(Directory(store)).invite(name, teams, label, now)
        office_root(config.secrets, now)
    click.echo(f"On the laptop:  rounds hub --office {config.public_url}\nEnrolment code: {code}")


@command.command("list")
@json_option
@configured
def listed(config: Config, as_json: bool) -> None:
    """At the office: every hub, when it was last here, and what it had with it."""
    from service.hub.visits import hubs  # noqa: PLC0415

    columns = ["hub", "teams", "invited", "at", "version", "waiting", "refused"]
    with opened(config) as store:
        found = hubs(Directory(store))
    show([{column: getattr(each, column) for column in columns} for each in found], columns, as_json)


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--data", metavar="DIR", help=f"Data directory of the hub; {DATA} by default.")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="Settings; ./rounds.toml by default."
)
def status(as_json: bool, data: str | None, file: Path | None) -> None:
    """On the hub: what is on it alone, what the office would not take, when it was last in touch."""
    from service.hub.standing import standing  # noqa: PLC0415

    config = _hub_config(data, None, file)
    with opened(config) as store:
        teams = [team.team for team in Directory(store).teams()]
        found = standing(store, open_keeper(config.data), teams)
    if as_json:
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    click.echo(f"Last in touch with the office: {found['last_contact'] or 'never'}")
    if found["error"]:
        click.echo(f"The office cannot be reached: {found['error']['reason']}")
    show(found["alone"], ["team", "records", "receipts", "pictures", "bytes"], as_json=False)
    for each in found["refused"]:
        click.echo(f"refused: {each['document']}: {each['reason']}")
