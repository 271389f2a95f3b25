"""How many feeds may wait in one process: of all, and of one person."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from sync.store import Unavailable


class Room:
    """Places to wait in; one person may not take them all."""

    def __init__(self, most: int, each: int) -> None:
        self.most = most
        self.each = each
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, name: str | None) -> Callable[[], None]:
        """Take a place for the person with this name; returns what gives it back. Raises `Unavailable`."""
        person = name or ""
        with self._lock:
            if self._taken.total() >= self.most or self._taken[person] >= self.each:
                raise Unavailable("Too many are waiting here for changes; ask again in a while.")
            self._taken[person] += 1
        return lambda: self._leave(person)

    def _leave(self, person: str) -> None:
        with self._lock:
            self._taken[person] -= 1
            if not self._taken[person]:
                del self._taken[person]


THREADS = Room(most=48, each=16)
"""Where a feed that waits holds a thread: feeds that go on, and servers other than ours."""
LOT = Room(most=4096, each=1024)
"""Where it holds a connection and nothing else (`sync.embedded.serving`)."""
