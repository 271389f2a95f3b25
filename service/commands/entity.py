"""`rounds entity`: enterprises, units, people and whatever else forms are about, in and out of tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from service.campaign import Campaign
from service.cli import Refusal, configured, json_option, show
from service.commands.opened import opened
from service.config import Config
from service.entities import CODE, NAME, Plan, is_kind, plan, shown, table
from service.sheets import SheetError, read_rows, write_rows
from sync.store import Store

Document = dict[str, Any]
SHOWN = 20


@click.group("entity")
def command() -> None:
    """Things that forms are about, such as enterprises."""


@command.command("import")
@click.argument("kind")
@click.argument("source", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--retire", is_flag=True, help="Make inactive what is not in the file.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@configured
def import_(config: Config, kind: str, source: Path, retire: bool, dry_run: bool) -> None:
    """Enter the entities of KIND that FILE (CSV or XLSX) lists; importing it again writes only what differs."""
    _check_kind(kind)
    try:
        rows = read_rows(source)
    except SheetError as error:
        raise Refusal(f"{source}: {error}.") from None
    with opened(config) as store:
        known = _entities(store, kind)
        found = plan(kind, rows, known, retire=retire)
        if found.problems:
            lines = [f"{source}: {problem}." for problem in found.problems]
            raise Refusal("\n".join(["nothing was imported.", *lines]))
        if dry_run:
            _show_plan(found, known)
        else:
            Campaign(store).put_entities(found.documents)
    click.echo(_summary(kind, found, retire=retire, dry_run=dry_run))


@command.command("export")
@click.argument("kind")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A .csv or .xlsx file.")
@configured
def export(config: Config, kind: str, out: Path) -> None:
    """Write every entity of KIND into a table, which can be changed and imported again."""
    _check_kind(kind)
    with opened(config) as store:
        known = _entities(store, kind)
    if not known:
        raise Refusal(f"There are no entities of the kind {kind!r}.")
    try:
        write_rows(out, table(known))
    except SheetError as error:
        raise Refusal(f"{out}: {error}.") from None
    click.echo(f"{kind}: {len(known)} written to {out}")


@command.command("list")
@click.argument("kind")
@json_option
@configured
def listed(config: Config, kind: str, as_json: bool) -> None:
    """Every entity of KIND."""
    _check_kind(kind)
    with opened(config) as store:
        docs = [{name: value for name, value in doc.items() if name != "_rev"} for doc in _entities(store, kind)]
    rows = docs if as_json else [{**doc, "id": doc["_id"]} for doc in docs]
    show(sorted(rows, key=lambda doc: (shown(doc.get(CODE)), doc["_id"])), [CODE, NAME, "active", "id"], as_json)


def _check_kind(kind: str) -> None:
    if not is_kind(kind):
        raise Refusal(f"{kind!r} is no kind: use a lower-case letter, then letters, digits, hyphens and underscores.")


def _entities(store: Store, kind: str) -> list[Document]:
    prefix = f"entity:{kind}:"
    rows = store.database("reference").all(start=prefix, end=prefix + "\ufff0", include_docs=True)
    return [row.doc for row in rows if row.doc is not None]


def _show_plan(found: Plan, known: Sequence[Document]) -> None:
    """The first of what would change, one line each."""
    before = {doc["_id"]: doc for doc in known}
    lines = [f"+ {_called(doc)}" for doc in found.new]
    for doc in found.changed:
        old = before[doc["_id"]]
        names = sorted(name for name in {*doc, *old} - {"_rev"} if doc.get(name) != old.get(name))
        lines.append(f"~ {_called(doc)}: {', '.join(names)}")
    lines += [f"- {_called(doc)}" for doc in found.retired]
    for line in lines[:SHOWN]:
        click.echo(line)
    if len(lines) > SHOWN:
        click.echo(f"… and {len(lines) - SHOWN} more")


def _called(doc: Document) -> str:
    return f"{shown(doc.get(CODE))} {shown(doc.get(NAME))}".strip()


def _summary(kind: str, found: Plan, *, retire: bool, dry_run: bool) -> str:
    parts = [f"{len(found.new)} new", f"{len(found.changed)} changed", f"{found.unchanged} as before"]
    if retire:
        parts.append(f"{len(found.retired)} made inactive")
    elif found.vanished:
        parts.append(f"{found.vanished} not in the file (--retire makes them inactive)")
    return f"{kind}: {', '.join(parts)}" + ("; nothing was written" if dry_run else "")
