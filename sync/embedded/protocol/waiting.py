"""How many feeds may wait in one process: of all, and of one person."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sync.store import Unavailable


class Place:
    """A place to wait in, until it is left. `given_up` is true once somebody who has fewer of them needs it."""

    __slots__ = ("_leave", "given_up")

    def __init__(self, leave: Callable[[Place], None]) -> None:
        self.given_up = False
        self._leave = leave

    def leave(self) -> None:
        """Give it back; again changes nothing."""
        self._leave(self)


class Room:
    """Places to wait in. One person may not take them all, nor may a few: whoever has most makes room."""

    def __init__(self, most: int, each: int) -> None:
        self.most = most
        self.each = each
        self._taken: dict[str, dict[Place, None]] = {}
        self._lock = threading.Lock()

    def enter(self, name: str | None) -> Place:
        """Take a place for the person with this name. Raises `Unavailable` where they have their share already.

        Where all are taken, the one who has most gives up the feed that has waited longest: it ends with nothing to
        tell, and is asked for again.
        """
        person = name or ""
        with self._lock:
            own = len(self._taken.get(person, ()))
            if own >= self.each or (self._is_full() and not self._make_room(own)):
                raise Unavailable("Too many are waiting here for changes; ask again in a while.")
            place = Place(lambda left: self._leave(person, left))
            self._taken.setdefault(person, {})[place] = None
        return place

    def _is_full(self) -> bool:
        return sum(map(len, self._taken.values())) >= self.most

    def _make_room(self, own: int) -> bool:
        """Have the greatest share give up a place, unless the newcomer would then have as many or more."""
        person, places = max(self._taken.items(), key=lambda item: len(item[1]))
        if len(places) <= own + 1:
            return False
        oldest = next(iter(places))
        oldest.given_up = True
        self._remove(person, oldest)
        return True

    def _leave(self, person: str, place: Place) -> None:
        with self._lock:
            self._remove(person, place)

    def _remove(self, person: str, place: Place) -> None:
        places = self._taken.get(person, {})
        places.pop(place, None)
        if not places:
            self._taken.pop(person, None)


THREADS = Room(most=48, each=16)
"""Where a feed that waits holds a thread: feeds that go on, and servers other than ours."""
LOT = Room(most=4096, each=1024)
"""Where it holds a connection and nothing else (`sync.embedded.serving`)."""
