"""Keeps intake at work: one waiting thread per mailbox, one worker, until told to stop."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable
from functools import partial

import structlog

from sync.arrivals import MEDIA
from sync.intake import Intake
from sync.store import NotFound, Seq, Store, StoreError

log = structlog.get_logger(__name__)

LONGPOLL_SECONDS = 25.0
DISCOVER_SECONDS = 2.0
BACKOFF_SECONDS = (0.2, 30.0)
REFERENCE = "reference"


class Follower:
    """Runs an intake. `run` returns after `stop` is set; errors of the store are waited out, with jitter."""

    def __init__(self, store: Store, intake: Intake, stop: threading.Event) -> None:
        self._store = store
        self._intake = intake
        self._stop = stop
        self._ready: queue.Queue[str] = queue.Queue()
        self._watched: dict[str, _Watch] = {}

    def run(self) -> None:
        """Work until `stop`. The reference database is followed too: a form that comes may free what was held."""
        failures = 0
        while not self._stop.is_set():
            try:
                self._discover()
                self._work()
                failures = 0
            except StoreError as error:
                failures += 1
                log.warning("the store does not answer; trying again", reason=error.reason, failures=failures)
                self._stop.wait(pause(failures))
        for watch in self._watched.values():
            watch.acknowledge()

    def _discover(self) -> None:
        wanted = {*self._intake.followed(), *(name for name in self._store.names() if name == REFERENCE)}
        for name in wanted - {name for name, watch in self._watched.items() if watch.is_alive()}:
            self._watched[name] = _Watch(self._store, name, self._position_of(name), self._ready, self._stop)
            self._watched[name].start()
        for name in set(self._watched) - wanted:
            self._watched.pop(name).end()

    def _position_of(self, name: str) -> Callable[[], Seq]:
        return self._intake.reference_position if name == REFERENCE else partial(self._intake.position, name)

    def _work(self) -> None:
        """Wait for the next mailbox with news, at most until a merge is due or mailboxes are looked for again."""
        mailboxes = [name for name in self._watched if name != REFERENCE]
        waits = [due for name in mailboxes if (due := self._intake.next_due(name)) is not None]
        try:
            name = self._ready.get(timeout=min([DISCOVER_SECONDS, *waits]))
        except queue.Empty:
            name = ""
        try:
            if name == REFERENCE:
                self._intake.refresh()
            elif name in mailboxes:
                # Of files one batch at a time: text that has come meanwhile goes first.
                while self._intake.step(name) and not self._stop.is_set() and not name.startswith(MEDIA):
                    pass
            for mailbox in mailboxes:
                self._intake.merge_due(mailbox)
        finally:
            if name in self._watched:
                self._watched[name].acknowledge()


class _Watch(threading.Thread):
    """Waits for changes after a position and says so, once, until it is acknowledged."""

    def __init__(
        self,
        store: Store,
        name: str,
        position: Callable[[], Seq],
        ready: queue.Queue[str],
        stop: threading.Event,
    ) -> None:
        super().__init__(name=f"watch {name}", daemon=True)
        self._database = name
        self._store = store
        self._position = position
        self._ready = ready
        self._stop_all = stop
        self._handled = threading.Event()
        self._ended = False

    def run(self) -> None:
        failures = 0
        while not self._stop_all.is_set() and not self._ended:
            try:
                page = self._store.database(self._database).changes(
                    self._position(), limit=1, wait=LONGPOLL_SECONDS, stop=self._stop_all
                )
                failures = 0
            except NotFound:
                return
            except Exception as error:  # whatever it was, this mailbox must not stay unwatched
                failures += 1
                log.warning("a mailbox cannot be watched; trying again", mailbox=self._database, reason=repr(error))
                self._stop_all.wait(pause(failures))
                continue
            if page.results:
                self._handled.clear()
                self._ready.put(self._database)
                self._handled.wait()

    def acknowledge(self) -> None:
        """What was told has been dealt with."""
        self._handled.set()

    def end(self) -> None:
        """The database is gone."""
        self._ended = True
        self._handled.set()


def pause(failures: int) -> float:
    """Full jitter: anything up to the doubled pause, so that clients do not come back together."""
    least, most = BACKOFF_SECONDS
    return random.uniform(0, min(most, least * 2**failures))  # noqa: S311 - no secret hangs on it
