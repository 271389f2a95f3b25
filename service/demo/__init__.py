"""A campaign to try Rounds with: two teams, six people, sixty enterprises, fifteen units and some tasks.

The places, enterprises and people are made up. `campaign.json` beside this file holds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from schemas.bundled import bundled
from service.auth.directory import Directory
from service.auth.keys import Keys
from service.campaign import Campaign, mailbox_of
from service.identifiers import stable_ulid as minted
from sync.store import NotFound, Store

MADE_AT = datetime(2026, 1, 1, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
KINDS = {"enterprise": "enterprises", "unit": "units"}
OFFICE = "office"
THREADS = 3


@dataclass(frozen=True)
class SignIn:
    """Somebody whom the demo can be tried as."""

    name: str
    password: str
    display_name: str
    roles: tuple[str, ...]
    teams: tuple[str, ...]


def make_demo(store: Store, _keys: Keys, now: datetime) -> None:
    """Set up the demo campaign in a store that `rounds init` has prepared; what is there already stays as it is.

    :param now: the present; tasks are due around its date in China
    """
    campaign = Campaign(store)
    for team in _data()["teams"]:
        campaign.add_team(team["team"], team["name"])
    # A password takes a quarter of a second to hash, by design, and lets other threads work meanwhile.
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(partial(_enter, campaign, Directory(store)), sign_ins()))
    for definition in bundled().values():
        campaign.publish(definition)
    campaign.put_entities(list(entities()))
    _give_tasks(campaign, store, now.astimezone(ZONE).date())


def sign_ins() -> list[SignIn]:
    """Who can sign in to the demo, and with which password."""
    return [
        SignIn(user["name"], user["password"], user["display_name"], tuple(user["roles"]), tuple(user["teams"]))
        for user in _data()["users"]
    ]


def _enter(campaign: Campaign, directory: Directory, person: SignIn) -> None:
    """Enter somebody who is not there yet; somebody who is keeps the password they have."""
    if directory.user(person.name) is None:
        campaign.add_user(
            person.name, person.password, display_name=person.display_name, roles=person.roles, teams=person.teams
        )


def stable_ulid(name: str) -> str:
    """A ULID that is always the same for a name, so that making the demo again makes nothing twice."""
    return minted(name, int(MADE_AT.timestamp() * 1000))


def entity_id(kind: str, code: str) -> str:
    """The `_id` of a made-up enterprise (`E001`) or unit (`U01`)."""
    return f"entity:{kind}:{stable_ulid(f'{kind} {code}')}"


def entities() -> Iterator[dict[str, Any]]:
    """The things that the demo's forms are about, as documents."""
    for kind, listed in KINDS.items():
        for thing in _data()[listed]:
            yield {"_id": entity_id(kind, thing["code"]), "entity": kind, **thing}


def _give_tasks(campaign: Campaign, store: Store, today: date) -> None:
    for task in _data()["tasks"]:
        task_id = "task:" + stable_ulid(f"task {task['team']} {task['form']} {sorted(task['answers'].items())}")
        if _has(store, mailbox_of(task["team"]), task_id):
            continue  # Its due date was counted from the day on which it was made.
        campaign.put_task(
            task_id,
            task["team"],
            task["form"],
            title=task["title"],
            due=_day(today, task["due_in_days"]),
            answers={name: _answer(name, value, today) for name, value in task["answers"].items()},
            by=OFFICE,
        )


def _has(store: Store, database: str, doc_id: str) -> bool:
    try:
        store.database(database).get(doc_id)
    except NotFound:
        return False
    return True


def _answer(name: str, value: Any, today: date) -> Any:
    """An answer of a task: an entity by its code, a date by its distance from today, or the value itself."""
    if name in KINDS:
        return entity_id(name, value)
    if isinstance(value, dict) and "days" in value:
        return _day(today, value["days"])
    return value


def _day(today: date, days: int) -> str:
    return (today + timedelta(days=days)).isoformat()


@cache
def _data() -> Mapping[str, Any]:
    text = files("service.demo").joinpath("campaign.json").read_text("utf-8")
    data: Mapping[str, Any] = json.loads(text)
    return data
