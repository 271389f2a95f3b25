"""Where connections wait for changes: one thread looks after thousands of them.

When a database has changed, the feeds that ask for the same after the same place share one reading of it. Each gets
its heartbeat; a client that has gone is noticed at once, and one that takes nothing in any more is given up.
"""

from __future__ import annotations

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from sync.embedded.serving.connection import Connection
from sync.embedded.serving.feed import Feed
from sync.embedded.signals import Listening
from sync.store import Changes, Seq, StoreError

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
"""How exactly heartbeats and ends are kept."""
HEARTBEAT = b"\n"


class Parked:
    """A connection whose answer has begun, and the feed that it waits for."""

    __slots__ = ("_chunked", "connection", "feed", "keeps")

    def __init__(self, connection: Connection, response: Any, feed: Feed) -> None:
        connection.sock.setblocking(False)
        self.connection = connection
        self.feed = feed
        self._chunked = bool(response.chunked)
        self.keeps = not response.should_close()

    def framed(self, content: bytes, *, last: bool) -> bytes:
        """Content as it stands in the answer."""
        if not self._chunked:
            return content
        return b"%x\r\n%b\r\n" % (len(content), content) + (b"0\r\n\r\n" if last else b"")

    def send_rest(self, rest: bytes) -> bool:
        """Send the remainder, waiting as long as it takes; whether the connection can serve again."""
        self.connection.sock.setblocking(True)
        try:
            self.connection.sock.sendall(rest)
        except OSError:
            return False
        return self.keeps


class Lot:
    """The connections that wait in one process. `resume(parked, rest, keep)` takes one back when its feed is over."""

    def __init__(self, resume: Callable[[Parked, bytes, bool], None]) -> None:
        self._resume = resume
        self._lock = threading.Lock()
        self._fresh: list[Parked] = []
        self._changed: set[Path] = set()
        self._ending = False
        self._thread: threading.Thread | None = None
        self._wake_read, self._wake_write = socket.socketpair()
        self._wake_read.setblocking(False)
        self._wake_write.setblocking(False)
        # The thread's own:
        self._waiting: dict[Path, set[Parked]] = {}
        self._listening: dict[Path, Listening] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._wake_read, selectors.EVENT_READ)

    def park(self, parked: Parked) -> None:
        """Let a connection wait. Called from any thread."""
        with self._lock:
            self._fresh.append(parked)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="feeds", daemon=True)
                self._thread.start()
        self._wake()

    def end(self) -> None:
        """Answer every feed with what there is, which is nothing, and keep none from now on."""
        self._ending = True
        self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full: it will wake anyway
            self._wake_write.send(b"\0")

    def _note(self, path: Path) -> None:
        with self._lock:
            self._changed.add(path)
        self._wake()

    def _run(self) -> None:
        tick = time.monotonic()
        while True:
            try:
                tick = self._turn(tick)
            except Exception:  # without this thread no tablet would hear of anything any more
                log.exception("feeds were held up")
                time.sleep(TICK_SECONDS)

    def _turn(self, tick: float) -> float:
        """What there is to do now; when the last look after everybody was."""
        for key, _ in self._selector.select(TICK_SECONDS):
            self._drain() if key.data is None else self._heard(key.data)
        fresh, changed = self._news()
        self._each(fresh, self._take_in)
        others = (each for path in changed for each in self._waiting.get(path, ()))
        self._tell(dict.fromkeys([*fresh, *others]))  # who comes as the change does is told once
        if time.monotonic() - tick < TICK_SECONDS and not self._ending:
            return tick
        now = time.monotonic()
        self._each([each for several in self._waiting.values() for each in several], partial(self._look_after, now))
        return now

    def _each(self, several: Iterable[Parked], act: Callable[[Parked], None]) -> None:
        """Do it for each; one that it cannot be done for is given up, so that the others are not held up by it."""
        for parked in several:
            try:
                act(parked)
            except Exception:
                log.exception("a feed was given up")
                self._release(parked, b"", keep=False)

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while len(self._wake_read.recv(4096)) == 4096:
                pass

    def _news(self) -> tuple[list[Parked], set[Path]]:
        with self._lock:
            fresh, self._fresh = self._fresh, []
            changed, self._changed = self._changed, set()
        return fresh, changed

    def _heard(self, parked: Parked) -> None:
        """Something came from a client that should be waiting: its end, or the next request, which has to wait."""
        try:
            seen, ended = parked.connection.look(1)
        except OSError:
            seen, ended = b"", True
        if seen:
            self._selector.unregister(parked.connection.sock)
        elif ended:
            self._release(parked, b"", keep=False)

    def _take_in(self, parked: Parked) -> None:
        path = parked.feed.database.path
        self._waiting.setdefault(path, set()).add(parked)
        self._selector.register(parked.connection.sock, selectors.EVENT_READ, parked)
        if path not in self._listening:
            with contextlib.suppress(StoreError):  # deleted meanwhile: `_tell` finds out
                self._listening[path] = parked.feed.database.listen(self._note)

    def _tell(self, several: Iterable[Parked]) -> None:
        """Give those the page who have one; the others go on from where it ends."""
        groups: dict[tuple[object, Seq], list[Parked]] = {}
        for parked in several:
            groups.setdefault((parked.feed.key, parked.feed.since), []).append(parked)
        for group in groups.values():
            page = _page(group[0].feed)
            if page is None or page.results:
                self._answer(group, page)
            else:
                for parked in group:
                    parked.feed.since = page.last_seq

    def _answer(self, group: list[Parked], page: Changes | None) -> None:
        content = b"" if page is None else _rendered(group[0].feed, page)

        def answer(parked: Parked) -> None:
            self._finish(parked, content if not content or parked.feed.admits() else parked.feed.empty())

        self._each(group, answer)

    def _finish(self, parked: Parked, content: bytes) -> None:
        framed = parked.framed(content, last=True) if content else b""
        try:
            rest = framed[parked.connection.send(framed) :]
        except OSError:
            self._release(parked, b"", keep=False)
        else:
            self._release(parked, rest, keep=bool(content))

    def _release(self, parked: Parked, rest: bytes, *, keep: bool) -> None:
        path = parked.feed.database.path
        others = self._waiting.get(path, set())
        if parked not in others:
            return
        others.discard(parked)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(parked.connection.sock)
        if not others:
            del self._waiting[path]
            if listening := self._listening.pop(path, None):
                listening.stop()
        try:
            parked.feed.leave()
        finally:
            self._resume(parked, rest, keep)

    def _look_after(self, now: float, parked: Parked) -> None:
        """End a feed whose time or sign-in is over, and send another its heartbeat."""
        feed = parked.feed
        if self._ending or now >= feed.ends or not feed.admits():
            self._finish(parked, feed.empty())
        elif now >= feed.beats:
            feed.beat()
            self._beat(parked)

    def _beat(self, parked: Parked) -> None:
        framed = parked.framed(HEARTBEAT, last=False)
        try:
            taken = parked.connection.send(framed)
        except OSError:
            taken = -1
        if taken != len(framed):  # gone, or full of heartbeats that nobody reads
            self._release(parked, b"", keep=False)


def _page(feed: Feed) -> Changes | None:
    """What the feed has to tell; None where the database is gone or cannot be read: the client asks again."""
    try:
        return feed.look(feed.since)
    except StoreError:
        return None
    except Exception:
        log.exception("a feed could not be read")
        return None


def _rendered(feed: Feed, page: Changes) -> bytes:
    """The page's bytes; none where it has no shape: the client asks again."""
    try:
        return feed.render(page)
    except Exception:
        log.exception("a feed could not be told")
        return b""
