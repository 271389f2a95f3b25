"""Intake at work on a real store: every mailbox is followed, however its news come, and whatever becomes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from service.campaign import mailbox_of
from service.readmodel.intake import intake_of
from sync.follow import Follower
from sync.store import NotFound, Store, Unavailable, Updates
from tests.service.conftest import VISIT, Office, Tablet

DEADLINE = 60.0
"""Seconds within which what must happen has happened, on the slowest machine."""


class Telling:
    """The real store, whose news come as a test wants them."""

    def __init__(self, real: Store, updates: Callable[..., Updates]) -> None:
        self._real, self.updates = real, updates

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


@contextmanager
def following(office: Office, store: Any = None, **options: float) -> Iterator[None]:
    stop = threading.Event()
    follower = Follower(store or office.parts.store, intake_of(office.parts), stop, **options)
    worker = threading.Thread(target=follower.run)
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(DEADLINE)
    assert not worker.is_alive()


def receipt_in(office: Office, team: str, record: str) -> bool:
    try:
        office.mailbox(team).get(f"receipt:{record}:office")
    except NotFound:
        return False
    return True


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not happened():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def send_to(office: Office, tablet: Tablet, team: str, record: str) -> None:
    """A copy of a record, in another team's mailbox."""
    [doc] = office.mailbox(tablet.team).leaves(record)
    assert office.mailbox(team).put_revisions([{**doc, "team": team}]) == []


def make_mailbox(office: Office, team: str) -> None:
    made = office.parts.store.create(mailbox_of(team))
    kept = office.mailbox("north").security()
    made.set_security({**kept, "rounds": {**kept.get("rounds", {}), "team": team}})


def test_what_arrives_is_answered_and_a_mailbox_made_later_is_followed(office: Office, north: Tablet) -> None:
    with following(office, look=DEADLINE * 10):
        record = north.fill(VISIT)
        wait_for(lambda: receipt_in(office, "north", record))
        make_mailbox(office, "later")
        send_to(office, north, "later", record)
        wait_for(lambda: receipt_in(office, "later", record))


def test_leaves_that_met_are_merged_when_the_burst_is_over(office: Office, north: Tablet, colleague: Tablet) -> None:
    with following(office, look=DEADLINE * 10):
        record = north.fill(VISIT)
        base = office.mailbox("north").get(record)
        north.change(record, base, {"/survey/workers": 110})
        colleague.change(record, base, {"/survey/workers": 115})
        wait_for(lambda: len(office.mailbox("north").get(record)["edits"]) == 3)


def test_news_that_are_lost_are_made_up_for(office: Office, north: Tablet) -> None:
    def silent(since: Any = 0, *, wait: float = 0.0, stop: threading.Event | None = None, **_: Any) -> Updates:
        (stop or threading.Event()).wait(wait)
        return Updates((), 7)

    with following(office, Telling(office.parts.store, silent), look=0.1):
        for _ in range(2):
            record = north.fill(VISIT)
            wait_for(lambda record=record: receipt_in(office, "north", record))  # type: ignore[misc]


def test_a_store_without_news_is_looked_at_all_the_same(
    office: Office, north: Tablet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.follow.BLIND_LOOK_SECONDS", 0.1)

    def none(*_: Any, **__: Any) -> Updates:
        raise NotFound("Database does not exist.")

    with following(office, Telling(office.parts.store, none), look=DEADLINE * 10):
        for _ in range(2):
            record = north.fill(VISIT)
            wait_for(lambda record=record: receipt_in(office, "north", record))  # type: ignore[misc]


def test_watching_goes_on_after_a_failure(office: Office, north: Tablet) -> None:
    real, asked = office.parts.store.updates, []

    def failing(*given: Any, **options: Any) -> Updates:
        asked.append(given)
        if len(asked) in (1, 3):
            raise Unavailable("not now") if len(asked) == 1 else ZeroDivisionError("a bug")
        return real(*given, **options)

    with following(office, Telling(office.parts.store, failing), look=DEADLINE * 10):
        north.fill(VISIT)
        wait_for(lambda: len(asked) > 3)
        record = north.fill(VISIT)
        wait_for(lambda: receipt_in(office, "north", record))


def test_a_mailbox_that_is_removed_holds_nobody_up(office: Office, north: Tablet, colleague: Tablet) -> None:
    """Not even where something in it waited to be merged."""
    record = north.fill(VISIT)
    base = office.mailbox("north").get(record)
    make_mailbox(office, "gone")
    with following(office, look=DEADLINE * 10):
        send_to(office, north, "gone", record)
        wait_for(lambda: receipt_in(office, "gone", record))
        north.change(record, base, {"/survey/workers": 110})
        colleague.change(record, base, {"/survey/workers": 115})
        for leaf in office.mailbox("north").leaves(record):
            office.mailbox("gone").put_revisions([{**leaf, "team": "gone"}])
        office.parts.store.delete(mailbox_of("gone"))
        later = north.fill(VISIT)
        wait_for(lambda: receipt_in(office, "north", later))


def test_many_mailboxes_take_no_more_threads_than_one(office: Office, north: Tablet) -> None:
    record = north.fill(VISIT)
    for number in range(40):
        make_mailbox(office, f"team{number}")
    before = threading.active_count()
    with following(office, look=DEADLINE * 10):
        for number in (0, 39):
            send_to(office, north, f"team{number}", record)
            wait_for(lambda number=number: receipt_in(office, f"team{number}", record))  # type: ignore[misc]
        assert threading.active_count() == before + 2
