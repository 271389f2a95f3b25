"""`rounds serve`: web workers and intake until stopped."""

from __future__ import annotations

import importlib
import socket
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path

import click

from service.cli import Refusal, load_config
from service.config import Config, ConfigError
from service.installation import prepare
from service.server import in_a_child, serve
from sync.store import StoreError

READY_SECONDS = 60.0
POLL_SECONDS = 0.1


@click.command("serve")
@click.option("--data", metavar="DIR", help="Data directory.  [ROUNDS_DATA]")
@click.option("--bind", metavar="HOST:PORT", help="Where to listen.  [ROUNDS_BIND]")
@click.option("--workers", metavar="N", help="Web processes.  [ROUNDS_WORKERS]")
@click.option("--threads", metavar="N", help="Threads of each.  [ROUNDS_THREADS]")
@click.option(
    "--config", "file", type=click.Path(path_type=Path), metavar="FILE", help="Settings; ./rounds.toml by default."
)
@click.option("--demo", is_flag=True, help="Make the demo campaign first, and print its sign-ins.")
def command(file: Path | None, demo: bool, **flags: str | None) -> None:
    """Serve tablets and the office, and judge what arrives, until stopped."""
    config = load_config(flags, file)
    refuse_what_is_taken(config)
    if status := in_a_child(lambda: _prepare(config, demo)):
        raise SystemExit(status)
    serve(config, lambda: _announce(config, demo))


def refuse_what_is_taken(config: Config) -> None:
    """Say so at once where the address cannot be had, rather than try for ever."""
    host, port = config.bind
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        with socket.socket(*found[:3]) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(found[4])
    except OSError as error:
        reason = error.strerror or str(error)
        raise Refusal(f"{host}:{port} cannot be listened on: {reason}. Choose another with --bind HOST:PORT.") from None


def _prepare(config: Config, demo: bool) -> None:
    try:
        prepare(config, importlib.import_module("service.demo").make_demo if demo else None)
    except (ConfigError, StoreError) as error:
        Refusal(str(error)).show()
        raise SystemExit(1) from None


def _announce(config: Config, demo: bool) -> None:
    """Say where it is, once it answers."""
    if not is_ready(config):
        click.echo(f"rounds: nothing answers at {config.public_url} yet; the log says why.", err=True)
        return
    click.echo(f"\nOffice  {config.public_url}/office/\nTablet  {config.public_url}/tablet/")
    if demo:
        click.echo(_sign_ins())


def _sign_ins() -> str:
    """The demo's people, as a table."""
    lines = ["", f"{'NAME':12}{'PASSWORD':16}ROLE"]
    for person in importlib.import_module("service.demo").sign_ins():
        lines.append(f"{person.name:12}{person.password:16}{', '.join((*person.roles, *person.teams))}")
    return "\n".join([*lines, "", "Ctrl-C stops it."])


def is_ready(config: Config) -> bool:
    """Wait until the service answers; False where it does not within a minute."""
    host, port = config.bind
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    # We ask ourselves, at an address that a certificate need not name.
    scheme, context = ("https", ssl._create_unverified_context()) if config.certificate else ("http", None)  # noqa: S323
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        try:
            url = f"{scheme}://{shown}:{port}/readyz"
            with urllib.request.urlopen(url, timeout=2, context=context) as answer:  # noqa: S310 - our own
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(POLL_SECONDS)
    return False
