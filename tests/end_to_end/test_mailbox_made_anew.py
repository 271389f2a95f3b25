"""A mailbox is deleted and made anew, or an older copy of it brought back, while the whole service runs."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.store import NotFound
from tests.live import Live

MAILBOX = "mailbox-north"
PATIENCE_SECONDS = 25
"""Less than the time after which every database is looked at, told of or not."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    service = Live(tmp_path_factory.mktemp("anew") / "data", "--demo").start().wait()
    yield service
    service.stop()


@pytest.fixture
def store(live: Live) -> EmbeddedStore:
    """The same folder as the service's, from this process: what other processes do is all that they hear of it."""
    return EmbeddedStore(live.data / "db")


def push(database: EmbeddedDatabase, numbers: range) -> list[str]:
    """Records that nobody signed, which is enough for a receipt."""
    names = [f"record:enterprise-visit:{number:026d}" for number in numbers]
    for name in names:
        edits = [{"id": name.rpartition(":")[2], "set": {}, "seen": {}}]
        body = {"type": "record", "form": "enterprise-visit", "version": 1, "team": "north", "edits": edits}
        database.put({"_id": name, **body})
    return names


def until_answered(database: EmbeddedDatabase, names: list[str]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    missing = set(names)
    while missing and time.monotonic() < end:
        missing = {name for name in missing if not has_receipt(database, name)}
        time.sleep(0.05)
    assert not missing, f"no receipt for {len(missing)} of {len(names)}"


def has_receipt(database: EmbeddedDatabase, name: str) -> bool:
    try:
        return bool(database.get(f"receipt:{name}:office"))
    except NotFound:
        return False


@pytest.mark.parametrize("count", [1, 60], ids=["with less in it than before", "with more in it than before"])
def test_records_in_a_mailbox_that_was_made_anew_are_answered(store: EmbeddedStore, count: int) -> None:
    """Those of the second half are the very revisions that were there before."""
    before = store.database(MAILBOX)
    until_answered(before, push(before, range(20)))
    security = before.security()
    store.delete(MAILBOX)
    after = store.create(MAILBOX)
    after.set_security(security)
    until_answered(after, push(after, range(20 - count // 2, 20 + count)))


def test_records_that_come_after_an_older_copy_was_brought_back_are_answered(
    store: EmbeddedStore, tmp_path: Path
) -> None:
    database = store.database(MAILBOX)
    until_answered(database, push(database, range(100, 101)))
    with closing(sqlite3.connect(database.path)) as source, closing(sqlite3.connect(tmp_path / "copy")) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
    until_answered(database, push(database, range(101, 130)))
    store.delete(MAILBOX)
    shutil.move(tmp_path / "copy", database.path)
    until_answered(store.database(MAILBOX), push(store.database(MAILBOX), range(120, 135)))
