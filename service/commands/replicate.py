"""`rounds replicate`: documents from one place to another, by CouchDB's replication protocol."""

from __future__ import annotations

import io
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from service import logs
from service.cli import Refusal, configured, json_option
from service.config import Config
from service.places import PlaceError, open_keeper, open_place
from sync.checkpoints import endpoint
from sync.replicate import Replication, Tally
from sync.store import Database, Exists, NotFound, Store, StoreError

LEFT_OUT = 3
"""Exit status where documents were refused."""


@click.command("replicate")
@click.argument("source")
@click.argument("target")
@click.option("--database", "names", multiple=True, metavar="NAME", help="Can be given again; all by default.")
@click.option("--selector", metavar="JSON", help="Carry only what matches.")
@click.option("--live", is_flag=True, help="Go on with what comes, until stopped.")
@click.option("--again", is_flag=True, help="Send what was refused before once more.")
@click.option("--create", is_flag=True, help="Make databases that the target lacks, with the source's members.")
@click.option("--credentials", type=click.Path(path_type=Path), metavar="FILE", help="netrc file; ~/.netrc by default.")
@json_option
@configured
def command(
    *,
    config: Config,
    source: str,
    target: str,
    names: tuple[str, ...],
    selector: str | None,
    live: bool,
    again: bool,
    create: bool,
    credentials: Path | None,
    as_json: bool,
) -> None:
    """Carry documents from SOURCE to TARGET, each a directory or an address (http://host:5984)."""
    logs.configure(config.log_level, config.log_format)
    try:
        here, there = open_place(source, credentials), open_place(target, credentials)
        keeper, chosen, wanted = open_keeper(config.data), names or tuple(here.names()), _selector(selector)
        pairs = [(name, _replication(here, there, name, wanted, keeper, create=create)) for name in chosen]
        tallies = _follow(pairs) if live else {name: _run(name, each, again, as_json) for name, each in pairs}
    except (PlaceError, StoreError) as error:
        raise Refusal(str(error)) from None
    _report(tallies, as_json)
    if any(tally.refused for tally in tallies.values()):
        raise SystemExit(LEFT_OUT)


def _selector(text: str | None) -> dict[str, Any] | None:
    if text is None:
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"--selector is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise Refusal("--selector must be a JSON object.")
    return found


def _replication(
    source: Store, target: Store, name: str, selector: dict[str, Any] | None, keeper: Database, *, create: bool
) -> Replication:
    if create:
        _create(source, target, name)
    try:
        ends = endpoint(source, name), endpoint(target, name)
    except NotFound:
        raise Refusal(f"{name} is not there at both ends; --create makes it at the target.") from None
    return Replication(*ends, selector=selector, keeper=keeper)


def _create(source: Store, target: Store, name: str) -> None:
    try:
        made = target.create(name)
    except Exists:
        return
    made.set_security(source.database(name).security())


def _run(name: str, replication: Replication, again: bool, quiet: bool) -> Tally:
    """One database, with a bar in documents, bytes and refusals on a terminal."""
    if again:
        replication.offer_again()
    more, tally = replication.step(), replication.tally
    length = tally.checked + (tally.pending or 0)
    with click.progressbar(length=length, label=name, item_show_func=_shown, file=_bar(quiet)) as bar:
        bar.update(tally.checked, tally)
        while more:
            before = tally.checked
            more = replication.step()
            bar.update(tally.checked - before, tally)
    return tally


def _bar(quiet: bool) -> Any:
    return io.StringIO() if quiet else sys.stderr


def _shown(tally: Tally | None) -> str:
    if tally is None:
        return ""
    refused = f", {tally.refused} refused" if tally.refused else ""
    return f"{tally.written} written, {_size(tally.bytes)}{refused}"


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _follow(pairs: Sequence[tuple[str, Replication]]) -> dict[str, Tally]:
    """All of them at once, until a signal says stop or one of them cannot go on."""
    stop, failures = threading.Event(), list[StoreError]()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def follow(replication: Replication) -> None:
        try:
            replication.follow(stop)
        except StoreError as error:
            failures.append(error)
            stop.set()

    threads = [threading.Thread(target=follow, args=(each,), name=name) for name, each in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return {name: each.tally for name, each in pairs}


def _report(tallies: dict[str, Tally], as_json: bool) -> None:
    if as_json:
        found = {name: tally.as_json() for name, tally in tallies.items()}
        click.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for name, tally in tallies.items():
        click.echo(f"{name}: {tally.checked} looked at, {_shown(tally)}")
        for each in tally.refusals:
            click.echo(f"  {each.document} {', '.join(each.revs)}: {each.code}: {each.reason}")
