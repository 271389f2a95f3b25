"""Contract: the updates of a store's databases."""

from __future__ import annotations

import threading
import time
import uuid

import pytest

from sync.store import Database, NotFound, Seq, Store, Updates


def _updates(store: Store, since: Seq, wait: float = 0.0) -> Updates:
    try:
        return store.updates(since, wait=wait)
    except NotFound:
        pytest.skip("this server keeps no updates")


def _until(store: Store, since: Seq, wanted: tuple[str, str]) -> Seq:
    """The place behind an update, which may come late."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        page = _updates(store, since, wait=1.0)
        if wanted in [(update.name, update.kind) for update in page.results]:
            return page.last_seq
    raise AssertionError(f"{wanted} was never told")


def test_a_database_s_life_is_told(store: Store) -> None:
    start = _updates(store, "now").last_seq
    name = f"contract-{uuid.uuid4().hex[:12]}"
    database = store.create(name)
    try:
        place = _until(store, start, (name, "created"))
        database.put({"_id": "a"})
        place = _until(store, place, (name, "updated"))
        database.put({"_id": "b"})
        place = _until(store, place, (name, "updated"))
    finally:
        store.delete(name)
    _until(store, place, (name, "deleted"))


def test_a_database_that_was_made_anew_with_as_much_in_it_is_told(store: Store) -> None:
    """Its file may have the number of the one before, and its sequence is the same."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    start = _updates(store, "now").last_seq
    store.create(name).put({"_id": "a"})
    place = _until(store, start, (name, "updated"))
    store.delete(name)
    store.create(name).put({"_id": "b"})
    try:
        _until(store, place, (name, "updated"))
    finally:
        store.delete(name)


def test_a_wait_for_updates_ends_when_something_is_written(store: Store, database: Database) -> None:
    _until(store, 0, (database.name, "created"))
    place = _updates(store, "now").last_seq
    timer = threading.Timer(0.3, lambda: database.put({"_id": "late"}))
    timer.start()
    began = time.monotonic()
    _until(store, place, (database.name, "updated"))
    timer.join()
    assert time.monotonic() - began < 15


def test_a_wait_for_updates_ends_by_itself_and_when_it_is_stopped(store: Store, database: Database) -> None:
    _until(store, 0, (database.name, "created"))
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    began = time.monotonic()
    place = _updates(store, "now").last_seq
    store.updates(place, wait=0.1)
    store.updates(place, wait=30, stop=stop)
    timer.join()
    assert time.monotonic() - began < 15
