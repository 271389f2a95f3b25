"""Keeps intake at work: one thread waits for news of all databases, one worker looks at those that it names.

News are hints: a store may lose one, or keep none at all. So the worker looks at every database now and then too.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Collection

import structlog

from sync.intake import Intake
from sync.store import NotFound, Seq, Store, StoreError, Updates

log = structlog.get_logger(__name__)

LONGPOLL_SECONDS = 25.0
LOOK_SECONDS = 30.0
"""Every database is looked at so often, told of or not."""
BLIND_LOOK_SECONDS = 2.0
"""And so often where the store tells nothing."""
BACKOFF_SECONDS = (0.2, 30.0)
REFERENCE = "reference"
ANY = ""
"""Said in place of a name: look at every database."""


class Follower:
    """Runs an intake. `run` returns after `stop` is set; errors of the store are waited out, with jitter."""

    def __init__(self, store: Store, intake: Intake, stop: threading.Event, *, look: float = LOOK_SECONDS) -> None:
        self._store = store
        self._intake = intake
        self._stop = stop
        self._look = look
        self._look_due = 0.0
        self._told: queue.SimpleQueue[str] = queue.SimpleQueue()

    def run(self) -> None:
        """Work until `stop`. The reference database is followed too: a form that comes may free what was held."""
        watch = threading.Thread(target=_watch, args=(self._store, self._told, self._stop), name="watch", daemon=True)
        watch.start()
        failures = 0
        while not self._stop.is_set():
            try:
                self._work(self._next())
                failures = 0
            except StoreError as error:
                failures += 1
                log.warning("the store does not answer; trying again", reason=error.reason, failures=failures)
                self._stop.wait(pause(failures))
                self._look_due = 0.0  # what was told of has not been dealt with
        watch.join()

    def _next(self) -> Collection[str]:
        """Wait for news, at most until a merge is due or it is time to look; the databases to look at."""
        merge = self._intake.next_due()
        left = max(0.0, self._look_due - time.monotonic())
        told = _taken(self._told, left if merge is None else min(left, merge))
        if ANY not in told and time.monotonic() < self._look_due:
            return told
        self._look_due = time.monotonic() + self._look
        return self._store.names()

    def _work(self, names: Collection[str]) -> None:
        """One batch of each database, text before files, so that none waits long; what has more comes again."""
        if REFERENCE in names:
            self._intake.refresh()
        for name in sorted({*self._intake.followed()}.intersection(names)):
            if self._stop.is_set():
                return
            if self._intake.step(name):
                self._told.put(name)
        self._intake.merge_all_due()


def _taken(told: queue.SimpleQueue[str], timeout: float) -> set[str]:
    """Everything that was told, after waiting for the first."""
    names: set[str] = set()
    try:
        names.add(told.get(timeout=timeout))
        while True:
            names.add(told.get_nowait())
    except queue.Empty:
        return names


def _watch(store: Store, told: queue.SimpleQueue[str], stop: threading.Event) -> None:
    """Say which databases have changed, until told to stop; whatever goes wrong, watching goes on."""
    since: Seq | None = None
    failures = 0
    while not stop.is_set():
        try:
            page = _news(store, since, stop)
            failures = 0
        except Exception as error:
            failures += 1
            blind = isinstance(error, NotFound)  # a CouchDB without `_global_changes` keeps no updates
            if not blind:
                log.warning("the store tells no news; trying again", reason=repr(error), failures=failures)
            stop.wait(BLIND_LOOK_SECONDS if blind else pause(failures))
            told.put(ANY)
            continue
        for name in {update.name for update in page.results} if since is not None else [ANY]:
            told.put(name)
        since = page.last_seq
    told.put(ANY)  # the worker must not sleep through the end


def _news(store: Store, since: Seq | None, stop: threading.Event) -> Updates:
    """What is new, or, to begin with, from where on that is told."""
    return store.updates("now") if since is None else store.updates(since, wait=LONGPOLL_SECONDS, stop=stop)


def pause(failures: int) -> float:
    """Full jitter: anything up to the doubled pause, so that clients do not come back together."""
    least, most = BACKOFF_SECONDS
    return random.uniform(0, min(most, least * 2**failures))  # noqa: S311 - no secret hangs on it
