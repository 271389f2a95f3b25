"""The demo campaign: whole, the same each time, and made of documents that intake and tablets accept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from schemas.answers import judge
from schemas.documents import check
from schemas.form import parse
from service.auth.directory import Directory
from service.auth.keys import Keys, load_keys, make_keys
from service.auth.passwords import verify_password
from service.campaign import Campaign
from service.config import load
from service.demo import entity_id, make_demo, sign_ins, stable_ulid
from sync.embedded import EmbeddedStore
from sync.gate import check as gate
from sync.store import Database, Document, Store

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    config = load({"data": str(tmp_path_factory.mktemp("keys"))}, environ={})
    make_keys(config)
    return load_keys(config)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, keys: Keys) -> Iterator[Store]:
    opened = EmbeddedStore(Path(tmp_path_factory.mktemp("demo")), gate=gate)
    Campaign(opened).prepare(keys, NOW)
    make_demo(opened, keys, NOW)
    yield opened
    opened.close()


def documents(database: Database, start: str) -> list[Document]:
    return [row.doc or {} for row in database.all(start=start, end=start + "\ufff0", include_docs=True)]


def test_everybody_can_sign_in_with_the_password_that_is_shown(store: Store) -> None:
    directory = Directory(store)
    for person in sign_ins():
        user = directory.user(person.name)
        assert user is not None
        assert verify_password(user.password, person.password)
        assert (tuple(user.roles), tuple(user.teams)) == (person.roles, person.teams)


def test_both_teams_have_a_mailbox_and_a_place_for_photos(store: Store) -> None:
    assert {"mailbox-north", "media-north", "mailbox-south", "media-south", "reference"} <= set(store.names())


def test_there_are_things_to_visit_and_units_to_inspect(store: Store) -> None:
    reference = store.database("reference")
    assert len(documents(reference, "entity:enterprise:")) == 60
    assert len(documents(reference, "entity:unit:")) == 15
    for entity in documents(reference, "entity:"):
        assert set(entity["names"]) == {"zh-Hans", "zh-Hant", "en"}


@pytest.mark.parametrize("team", ["north", "south"])
def test_each_team_has_tasks_due_around_today_that_start_a_sound_draft(store: Store, team: str) -> None:
    tasks = documents(store.database(f"mailbox-{team}"), "task:")
    assert len(tasks) == 10
    for task in tasks:
        distance = datetime.fromisoformat(task["due"]).date() - NOW.date()
        assert abs(distance) <= timedelta(days=7)
        definition = store.database("reference").get(f"form:{task['form']}:1")["definition"]
        judgement = judge(parse(definition), task["answers"], state="draft", now=NOW)
        assert judgement.problems == ()
        for name, value in task["answers"].items():
            if name in {"enterprise", "unit"}:
                assert store.database("reference").get(value)["entity"] == name


def test_every_document_has_the_shape_that_travels(store: Store) -> None:
    travelling = [*documents(store.database("reference"), "entity:"), *documents(store.database("reference"), "form:")]
    travelling += documents(store.database("mailbox-north"), "task:")
    assert [(doc["_id"], found) for doc in travelling if (found := check(doc))] == []


def test_making_it_again_changes_nothing(store: Store, keys: Keys) -> None:
    before = {name: store.database(name).info().update_seq for name in store.names()}
    make_demo(store, keys, NOW + timedelta(days=3))
    assert {name: store.database(name).info().update_seq for name in store.names()} == before


def test_ids_are_ulids_and_always_the_same() -> None:
    assert stable_ulid("a") == stable_ulid("a") != stable_ulid("b")
    assert len(stable_ulid("a")) == 26
    assert stable_ulid("a")[0] <= "7"
    assert entity_id("unit", "U01").startswith("entity:unit:01")
