"""`rounds task`: gives a team a form to fill."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click
import orjson

from schemas.messages import LANGUAGES
from service.auth.directory import Directory
from service.campaign import Campaign
from service.cli import Refusal, configured, json_option, show
from service.commands.opened import opened
from service.config import Config
from service.identifiers import ulid
from sync.store import Store


@click.group("task")
def command() -> None:
    """Forms that teams are to fill."""


@command.command("add")
@click.argument("team")
@click.argument("form")
@click.option("--title", required=True, help="What is to be done, in few words.")
@click.option("--due", metavar="YYYY-MM-DD", help="By when; in a week where nothing is said.")
@click.option("--answers", default="{}", metavar="JSON", help="Answers that are known already.")
@configured
def add(*, config: Config, team: str, form: str, title: str, due: str | None, answers: str) -> None:
    """Give TEAM the FORM to fill."""
    task_id = f"task:{ulid()}"
    with opened(config) as store:
        _check_form(store, form)
        texts = dict.fromkeys(LANGUAGES, title)
        known = _answers(answers)
        Campaign(store).put_task(task_id, team, form, title=texts, due=_due(due), answers=known, by="office")
    click.echo(task_id)


@command.command("list")
@click.option("--team", help="Of this team alone.")
@json_option
@configured
def listed(config: Config, team: str | None, as_json: bool) -> None:
    """Every task."""
    with opened(config) as store:
        rows = [row for name in _teams(store, team) for row in _tasks(store, name)]
    show(rows, ["id", "team", "form", "due", "title"], as_json)


def _teams(store: Store, team: str | None) -> list[str]:
    return [team] if team else [each.team for each in Directory(store).teams()]


def _tasks(store: Store, team: str) -> list[dict[str, Any]]:
    rows = Campaign(store).mailbox(team).all(start="task:", end="task:\ufff0", include_docs=True)
    docs = [row.doc for row in rows if row.doc is not None]
    return [
        {"id": d["_id"], "team": team, "form": d["form"], "due": d["due"], "title": next(iter(d["title"].values()), "")}
        for d in docs
    ]


def _check_form(store: Store, form: str) -> None:
    if form not in {doc["form"] for doc in Directory(store).forms()}:
        raise Refusal(f"There is no published form {form!r}: publish it first, or see `rounds forms list`.")


def _due(text: str | None) -> str:
    if text is None:
        return (datetime.now(UTC).date() + timedelta(days=7)).isoformat()
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date().isoformat()
    except ValueError:
        raise Refusal(f"{text!r} is no date: write YYYY-MM-DD.") from None


def _answers(text: str) -> dict[str, Any]:
    try:
        answers = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Refusal(f"--answers is no JSON: {error}") from None
    if not isinstance(answers, dict):
        raise Refusal("--answers must be a JSON object.")
    return answers
