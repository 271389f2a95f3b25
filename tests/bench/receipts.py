"""From a tablet's push to its receipt on the tablet, with many tablets live: the whole way through `rounds serve`."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from service.parts import Parts, open_parts
from sync.store import Document
from tests.bench.office import TEAM, Tablet, configured
from tests.bench.replication import say
from tests.live import Live

PEOPLE = ("li.wei", "zhang.min")
PUSHES = 5
PAUSE_SECONDS = (2.0, 10.0)
"""Between two pushes of one tablet; its first comes within the longer of them."""
DATABASE = f"/db/mailbox-{TEAM}"


@dataclass(frozen=True)
class Receipts:
    """Seconds from the beginning of a push until the tablet's feed has brought its receipt."""

    tablets: int
    pushes: int
    half: float
    most: float
    """The 95th percentile."""
    longest: float


def measure(tablets: int) -> Receipts:
    """Serve a demo campaign, let so many tablets push visits at random moments, wait for all receipts."""
    say(f"receipts: {tablets} tablets, {PUSHES} pushes each")
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder:
        config = configured(Path(folder) / "data")
        parts = open_parts(config)
        try:
            batches = [_filled(parts, number) for number in range(tablets)]
            given = token(parts)
        finally:
            parts.close()
        live = Live(config.data).start().wait()
        try:
            times = sorted(asyncio.run(_run(live.port, given, batches)))
        finally:
            live.stop()
        shutil.rmtree(config.data)
    assert len(times) == tablets * PUSHES
    return Receipts(tablets, len(times), median(times), times[math.ceil(len(times) * 0.95) - 1], times[-1])


def _filled(parts: Parts, number: int) -> list[Document]:
    tablet = Tablet(parts, PEOPLE[number % len(PEOPLE)])
    return [tablet.fill(number * PUSHES + each) for each in range(PUSHES)]


def token(parts: Parts) -> str:
    """What lets a tablet in, for as long as the service gives it."""
    person = parts.directory.user(PEOPLE[0])
    assert person is not None
    return parts.tokens.issue(person.signed_in(), time.time()).text


async def _run(port: int, given: str, batches: Sequence[Sequence[Document]]) -> list[float]:
    chance = random.Random(len(batches))
    runs = [_push_all(LiveTablet(port, lambda: given), random.Random(chance.random()), batch) for batch in batches]
    return list(itertools.chain.from_iterable(await asyncio.gather(*runs)))


async def _push_all(tablet: LiveTablet, chance: random.Random, batch: Sequence[Document]) -> list[float]:
    """Push each record after a pause; the seconds that each one's receipt took."""
    feed = asyncio.create_task(tablet.follow())
    await asyncio.sleep(chance.uniform(0, PAUSE_SECONDS[1]))
    times = []
    for doc in batch:
        start = time.perf_counter()
        await tablet.push(doc)
        times.append(await tablet.receipt(doc["_id"], start) - start)
        await asyncio.sleep(chance.uniform(*PAUSE_SECONDS))
    feed.cancel()
    return times


class LiveTablet:
    """One tablet: a connection that pushes, and one that waits for what is new. `given` is what lets it in."""

    def __init__(self, port: int, given: Callable[[], str]) -> None:
        self._port = port
        self._given = given
        self._arrived: dict[str, float] = {}
        self._news = asyncio.Event()

    async def push(self, doc: Document) -> None:
        """Push one revision; it is acknowledged when this returns."""
        body = orjson.dumps({"docs": [doc], "new_edits": False})
        written = await self._request("POST", f"{DATABASE}/_bulk_docs", body)
        assert written == [], written

    async def receipt(self, record_id: str, after: float) -> float:
        """When the record's receipt came that was written after this moment."""
        name = f"receipt:{record_id}:office"
        while self._arrived.get(name, 0.0) <= after:
            self._news.clear()
            await self._news.wait()
        return self._arrived.pop(name)

    async def follow(self, since: Any = 0) -> None:
        """Hold a longpoll, as PouchDB does, and note when each receipt came."""
        while True:
            path = f"{DATABASE}/_changes?feed=longpoll&style=all_docs&heartbeat=10000&limit=100&since={since}"
            page = await self._request("GET", path)
            since = page["last_seq"]
            for row in page["results"]:
                if row["id"].startswith("receipt:"):
                    self._arrived[row["id"]] = time.perf_counter()
            self._news.set()

    async def _request(self, method: str, path: str, body: bytes = b"") -> Any:
        head = f"Host: 127.0.0.1:{self._port}\r\nAuthorization: Bearer {self._given()}\r\n"
        return await _request(self._port, method, path, head, body)


async def _request(port: int, method: str, path: str, head: str, body: bytes = b"") -> Any:
    """One request on a connection of its own; the JSON that came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sized = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    writer.write(f"{method} {path} HTTP/1.1\r\n{head}{sized}Connection: close\r\n\r\n".encode() + body)
    try:
        answer = await reader.read()
    finally:
        writer.close()
    status, _, rest = answer.partition(b"\r\n")
    fields, _, content = rest.partition(b"\r\n\r\n")
    assert b" 20" in status[:12], (status, content[:300])
    return orjson.loads(_joined(content) if b"chunked" in fields.lower() else content)


def _joined(chunked: bytes) -> bytes:
    parts = []
    while chunked:
        size, _, rest = chunked.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            break
        parts.append(rest[:length])
        chunked = rest[length + 2 :]
    return b"".join(parts)
