"""Tablets that are live for as long as the run takes: they write, change what they wrote, and wait for receipts."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from itertools import count

from sync.store import Document
from tests.bench.office import Tablet
from tests.bench.receipts import LiveTablet
from tests.soak.samples import LATENCY_SECONDS

PAUSE_SECONDS = (2.0, 10.0)
"""Between two sittings of one tablet."""
CHANGES = 0.3
"""How many of the sittings change a record of one's own."""
PATIENCE_SECONDS = 2 * LATENCY_SECONDS


class Fleet:
    """So many tablets. `acknowledged` are the revisions that the service said it has, by record."""

    def __init__(self, port: int, given: Callable[[], str], tablets: list[Tablet], seed: int) -> None:
        self._numbers: Iterator[int] = count()
        self._live = [(LiveTablet(port, given), each) for each in tablets]
        self._chance = random.Random(seed)
        self._latencies: list[float] = []
        self.acknowledged: dict[str, list[str]] = {}
        self.unanswered: list[str] = []

    def latencies(self) -> list[float]:
        """The seconds that the receipts took which came since this was asked last."""
        taken, self._latencies = self._latencies, []
        return taken

    async def run(self, ends: float) -> None:
        """Until this moment of the monotonic clock, and until every receipt has come or is given up."""
        feeds = [asyncio.create_task(live.follow()) for live, _ in self._live]
        work = asyncio.gather(*(self._work(live, tablet, ends) for live, tablet in self._live))
        try:
            done, _ = await asyncio.wait([*feeds, asyncio.ensure_future(work)], return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()  # a feed that broke off says why
        finally:
            for task in (*feeds, work):
                task.cancel()

    async def _work(self, live: LiveTablet, tablet: Tablet, ends: float) -> None:
        last: Document | None = None
        await asyncio.sleep(self._chance.uniform(0, PAUSE_SECONDS[1]))
        while time.monotonic() < ends:
            last = self._sitting(tablet, last)
            await self._send(live, last)
            await asyncio.sleep(self._chance.uniform(*PAUSE_SECONDS))

    def _sitting(self, tablet: Tablet, last: Document | None) -> Document:
        if last is not None and self._chance.random() < CHANGES:
            return tablet.change(last, {"/closing/remarks": f"补记 {self._chance.random()}"})
        return tablet.fill(next(self._numbers))

    async def _send(self, live: LiveTablet, doc: Document) -> None:
        start = time.perf_counter()
        await live.push(doc)
        self.acknowledged.setdefault(doc["_id"], []).append(doc["_rev"])
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                self._latencies.append(await live.receipt(doc["_id"], start) - start)
        except TimeoutError:
            self.unanswered.append(doc["_id"])
