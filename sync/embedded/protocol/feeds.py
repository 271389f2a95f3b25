"""Feeds that stay open: a line for each change (continuous), or an event (eventsource)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
from flask import request

from sync.embedded.protocol import answer
from sync.store import Seq

LEAST_HEARTBEAT_SECONDS = 1.0
HEARTBEAT_SECONDS = 60.0
"""What `heartbeat=true` means. Source: CouchDB's `[chttpd] changes_timeout`."""
LISTEN_SECONDS = 10.0
"""How long a wait may be before the feed looks whether anybody listens."""


class Page(Protocol):
    """Some rows, and where the next ones start."""

    @property
    def results(self) -> tuple[Any, ...]: ...

    @property
    def last_seq(self) -> Seq: ...

    @property
    def pending(self) -> int: ...


Look = Callable[[Seq, float], Page]


@dataclass(frozen=True)
class Waits:
    """How long a feed stays open with nothing to tell, and how often it says that it is still there, in seconds."""

    quiet: float
    heartbeat: float | None

    @classmethod
    def asked(cls, seconds_left: Callable[[], float]) -> Waits:
        """With a heartbeat there is no end; without one `seconds_left` says when. Raises `BadRequest`."""
        given = request.args.get("heartbeat")
        if given == "true":
            return cls(float("inf"), HEARTBEAT_SECONDS)
        milliseconds = answer.number("heartbeat", least=1) if given not in (None, "false") else None
        if milliseconds:
            return cls(float("inf"), max(LEAST_HEARTBEAT_SECONDS, milliseconds / 1000))
        return cls(seconds_left(), None)


@dataclass(frozen=True)
class Shape:
    """How rows, signs of life and the end are written."""

    content_type: str
    row: Callable[[dict[str, Any]], bytes]
    heartbeat: bytes
    end: Callable[[Page], bytes]


def _event(row: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(row) + b"\nid: " + orjson.dumps(row["seq"]) + b"\n\n"


def _last_line(page: Page) -> bytes:
    return orjson.dumps({"last_seq": page.last_seq, "pending": page.pending}) + b"\n"


SHAPES = {
    "continuous": Shape(answer.JSON, lambda row: orjson.dumps(row) + b"\n", b"\n", _last_line),
    "eventsource": Shape("text/event-stream", _event, b"event: heartbeat\ndata: \n\n", lambda _: b""),
}


def stream(
    look: Look,
    since: Seq,
    limit: int | None,
    waits: Waits,
    shape: Shape,
    row_of: Callable[[Any], dict[str, Any]],
    is_over: Callable[[], bool] = lambda: False,
) -> Iterator[bytes]:
    """The feed's bytes. It ends with `limit` rows, after `waits.quiet` seconds of silence, or when nobody listens.

    `is_over` is asked after each look, and says whether it has to end before that.
    """
    told, now = 0, time.monotonic()
    silent_since = beat = now
    while True:
        pause = min(LISTEN_SECONDS, waits.heartbeat or LISTEN_SECONDS, max(0.0, silent_since + waits.quiet - now))
        page = look(since, pause)
        since, now = page.last_seq, time.monotonic()
        rows = page.results if limit is None else page.results[: limit - told]
        told += len(rows)
        if rows:
            yield b"".join(shape.row(row_of(row)) for row in rows)
            silent_since = beat = now
        elif waits.heartbeat and now - beat >= waits.heartbeat * 0.9:
            yield shape.heartbeat
            beat = now
        if (limit is not None and told >= limit) or now - silent_since >= waits.quiet or is_over():
            yield shape.end(page)
            return
