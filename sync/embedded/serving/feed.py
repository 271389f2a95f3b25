"""A changes feed that waits: what it asks, since when, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from sync.embedded.database import EmbeddedDatabase
from sync.store import Changes, Seq

PARKING = "rounds.parking"
"""In a request's WSGI environment: the list that a server offers for a feed that is to wait."""


@dataclass
class Feed:
    """One client's longpoll. Those with the same `key` and `since` get the same page, read once.

    `look` reads the feed after a place, `render` makes a page's bytes of it, `leave` is called once when the waiting is
    over, however it ends. `admits` says whether the client may still be told anything (law 28); it is asked often.
    `ends` is a time of the monotonic clock, `heartbeat` are seconds.
    """

    database: EmbeddedDatabase
    key: Hashable
    look: Callable[[Seq], Changes] = field(repr=False)
    render: Callable[[Changes], bytes] = field(repr=False)
    leave: Callable[[], None] = field(repr=False)
    admits: Callable[[], bool] = field(repr=False)
    since: Seq
    ends: float
    heartbeat: float
    beats: float = 0.0

    def __post_init__(self) -> None:
        self.beat()

    def empty(self) -> bytes:
        """The page that ends it with nothing to tell."""
        return self.render(Changes((), self.since))

    def beat(self) -> None:
        """Set when the next sign of life is due."""
        self.beats = time.monotonic() + self.heartbeat
