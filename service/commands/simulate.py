"""`rounds simulate`: lives through a made-up campaign and says whether everything held."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import click
import orjson

from service.simulation import Plan, Report, simulate

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
FAULTS_SHOWN = 20


@click.command("simulate")
@click.option("--teams", type=click.IntRange(1, 1_000), default=4, show_default=True)
@click.option("--tablets", type=click.IntRange(1, 10_000), default=16, show_default=True)
@click.option("--days", type=click.IntRange(1, 365), default=10, show_default=True)
@click.option("--records", type=click.IntRange(1, 10_000_000), default=1_000, show_default=True, help="In all.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another one, another campaign.")
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="An empty folder to work in and to keep; without it, one in memory that is removed.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(teams: int, tablets: int, days: int, records: int, seed: int, folder: Path | None, as_json: bool) -> None:
    """Live through a made-up campaign: partitions, wrong clocks, broken connections, hubs, a new form version midway.

    At the end, every edit that was made must be in the office exactly once, every collision settled by its field's
    policy or in a case, and every replica equal. Exit status 1 where anything is not.
    """
    report = _run(Plan(teams, tablets, days, records, seed), folder, lambda text: click.echo(text, err=True))
    if as_json:
        click.echo(orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode())
    else:
        _show(report)
    sys.exit(0 if report.held else 1)


def _run(plan: Plan, folder: Path | None, tell: Callable[[str], None]) -> Report:
    if folder is not None:
        return simulate(plan, folder, tell)
    with tempfile.TemporaryDirectory(prefix="rounds-simulate-", dir=MEMORY if MEMORY.is_dir() else None) as made:
        return simulate(plan, Path(made), tell)


def _show(report: Report) -> None:
    whole = report.as_json()
    faults, seconds, plan, events = (whole.pop(name) for name in ("faults", "seconds", "plan", "events"))
    whole.pop("held")
    for part in (plan, events, whole, {f"seconds_of_{name}": value for name, value in seconds.items()}):
        click.echo("")
        for name, value in part.items():
            click.echo(f"{name.replace('_', ' '):22}{value:>12}")
    click.echo("\nEverything held." if report.held else f"\n{len(faults)} things are not as they must be:")
    for fault in faults[:FAULTS_SHOWN]:
        click.echo(f"- {fault}")
