"""Many tablets that wait for news at once: how long a change takes to reach them all, and what their waiting costs.

Each client is a socket of its own with a longpoll on it, as PouchDB holds one. A change is written; each client notes
when its feed ends, asks again after where it was, and the next change follows once all have.
"""

from __future__ import annotations

import asyncio
import math
import os
import resource
import ssl
import tempfile
import time
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from tests.bench.machine import family
from tests.bench.replication import embedded, say
from tests.bench.store import Client, document
from tests.certificate import write_certificate

ASK = "GET {path}/_changes?feed=longpoll&style=all_docs&heartbeat=10000&since={since} HTTP/1.1\r\nHost: bench\r\n\r\n"
CONNECTING = 50
"""Clients that connect at the same time, so that the beginning is no flood."""
SETTLE_SECONDS = 0.5


@dataclass(frozen=True)
class Live:
    """Seconds from the write's beginning until a client has the change: median, 95th percentile, all; MiB at most."""

    clients: int
    changes: int
    half: float
    most: float
    all: float
    memory: float
    ordinary: float
    """Median seconds of an ordinary request while all wait."""


def measure(clients: int, changes: int) -> tuple[Live, Live]:
    """One embedded store, so many clients, so many changes one after the other: over http, and over https."""
    plain = _measure(clients, changes)
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder:
        certificate = write_certificate(Path(folder) / "server.pem")
        os.environ["SSL_CERT_FILE"] = str(certificate)
        try:
            return plain, _measure(clients, changes, certificate)
        finally:
            del os.environ["SSL_CERT_FILE"]


def _measure(clients: int, changes: int, certificate: Path | None = None) -> Live:
    wanted = clients + 256
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    with embedded(certificate=certificate) as (url, pid):
        say(f"live: {clients} clients, {changes} changes, {url}")
        writer = Client(url)
        path = f"/rounds-bench-{os.urandom(6).hex()}"
        writer.send("PUT", path)
        times, ordinary = asyncio.run(_run(url, path, clients, changes, writer))
        flat = sorted(each for one in times for each in one)
        return Live(
            clients=clients,
            changes=changes,
            half=median(flat),
            most=flat[math.ceil(len(flat) * 0.95) - 1],
            all=median(max(one) for one in times),
            memory=resident(pid),
            ordinary=median(ordinary),
        )


async def _run(
    url: str, path: str, clients: int, changes: int, writer: Client
) -> tuple[list[list[float]], list[float]]:
    parts = urllib.parse.urlsplit(url)
    gate = asyncio.Semaphore(CONNECTING)
    secure = ssl.create_default_context() if parts.scheme == "https" else None

    async def connect() -> _Tablet:
        async with gate:
            reader, sending = await asyncio.open_connection(parts.hostname, parts.port, ssl=secure)
            return _Tablet(reader, sending, path)

    tablets = await asyncio.gather(*(connect() for _ in range(clients)))
    times, ordinary = [], []
    try:
        for number in range(changes):
            for tablet in tablets:
                await tablet.ask()
            await asyncio.sleep(SETTLE_SECONDS)
            ordinary += [await _timed(writer.send, "GET", path) for _ in range(5)]
            times.append(await _change(tablets, path, number, writer))
    finally:
        for tablet in tablets:
            tablet.close()
    return times, ordinary


async def _timed(call: object, *given: str) -> float:
    start = time.perf_counter()
    await asyncio.to_thread(call, *given)  # type: ignore[arg-type]
    return time.perf_counter() - start


async def _change(tablets: Sequence[_Tablet], path: str, number: int, writer: Client) -> list[float]:
    doc = document(number)
    body = orjson.dumps({name: value for name, value in doc.items() if not name.startswith("_rev")})
    waiting = [asyncio.create_task(tablet.hear()) for tablet in tablets]
    start = time.perf_counter()
    await asyncio.to_thread(writer.send, "PUT", f"{path}/{urllib.parse.quote(doc['_id'], safe='')}", body)
    return [heard - start for heard in await asyncio.gather(*waiting)]


class _Tablet:
    """One client with its feed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> None:
        self._reader = reader
        self._writer = writer
        self._path = path
        self._since = "0"

    async def ask(self) -> None:
        """Ask for what comes next; returns when the answer has begun."""
        self._writer.write(ASK.format(path=self._path, since=self._since).encode())
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        assert b"chunked" in head.lower(), head

    async def hear(self) -> float:
        """Wait for the feed's end; when it came."""
        page = b""
        while size := int(await self._reader.readuntil(b"\r\n"), 16):
            page += (await self._reader.readexactly(size + 2))[:-2]
        await self._reader.readexactly(2)
        found = orjson.loads(page)
        assert len(found["results"]) == 1, found
        self._since = str(found["last_seq"])
        return time.perf_counter()

    def close(self) -> None:
        self._writer.close()


def resident(pid: int) -> float:
    """What a server's processes hold together, in MiB; pages that they share count once."""
    return sum(share(each) for each in family(pid)) / 1024


def share(pid: int) -> int:
    """What one process holds, in kB; of pages that it shares its part."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    return int(rollup.partition("Pss:")[2].split()[0])
