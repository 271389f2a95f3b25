"""Many tablets that fetch a mailbox for the first time, all at once, through packs.

What each of them asks of the service is what the tablet asks: the pack, then the checkpoints of both directions and the
changes behind it. What a tablet does with its own processor, unpacking and storing, is left out: here a hundred of them
would share two cores with the service.
"""

from __future__ import annotations

import gzip
import http.client
import json
import shutil
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

from service.packs import FOLDER
from service.readmodel.intake import intake_of
from tests.bench.office import TEAM, Tablet, open_office, send
from tests.bench.replication import say
from tests.live import Live

TABLETS = 100
PART = 500
CHUNK = 65_536
NAME, PASSWORD = "li.wei", "demo-north-1"
DATABASE = f"mailbox-{TEAM}"


@dataclass(frozen=True)
class Packs:
    """Seconds until a tablet has everything, of all tablets of all rounds, and of one that comes alone."""

    tablets: int
    documents: int
    bytes: int
    alone: float
    seconds: list[float]

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def slowest(self) -> float:
        return max(self.seconds)


def measure(documents: int, rounds: int) -> Packs:
    """Fetch a mailbox of records and their receipts, `documents` in all, with no pack made yet in any round."""
    with _served(documents) as (live, folder):
        token = _token(live)
        alone, content = _alone(live, token)
        held = [json.loads(line) for line in gzip.decompress(content).splitlines()]
        counted = held[-1]["end"]["documents"]
        assert counted >= documents, counted
        seconds: list[float] = []
        for number in range(rounds):
            say(f"packs {number + 1} of {rounds}: {TABLETS} tablets, {counted} documents")
            shutil.rmtree(folder)
            seconds += _all_at_once(live, token, len(content))
        return Packs(TABLETS, counted, len(content), alone, seconds)


@contextmanager
def _served(documents: int) -> Iterator[tuple[Live, Any]]:
    """Rounds as it is deployed, on an office whose records are judged already."""
    with open_office() as parts:
        tablet = Tablet(parts, NAME)
        wanted = documents // 2
        for at in range(0, wanted, PART):
            send(parts, [tablet.fill(number) for number in range(at, min(wanted, at + PART))])
        intake_of(parts).drain()
        live = Live(parts.config.data).start().wait()
        try:
            yield live, parts.config.data / FOLDER
        finally:
            live.stop()


def _alone(live: Live, token: str) -> tuple[float, bytes]:
    start = time.perf_counter()
    with _connected(live) as connection:
        _, content = _ask(connection, token, "GET", f"/api/v1/packs/{DATABASE}")
        _go_on(connection, token, "alone", json.loads(gzip.decompress(content).partition(b"\n")[0])["since"])
    return time.perf_counter() - start, content


def _all_at_once(live: Live, token: str, size: int) -> list[float]:
    seconds: list[float] = []
    faults: list[BaseException] = []
    together = threading.Barrier(TABLETS)

    def fetch(number: int) -> None:
        try:
            together.wait()
            start = time.perf_counter()
            with _connected(live) as connection:
                _, content = _ask(connection, token, "GET", f"/api/v1/packs/{DATABASE}")
                assert len(content) == size, (len(content), size)
                _go_on(connection, token, f"tablet-{number}", _since(content))
            seconds.append(time.perf_counter() - start)
        except BaseException as fault:
            faults.append(fault)

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(TABLETS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults, faults[:3]
    return seconds


def _since(content: bytes) -> Any:
    """The place in the feed, from the first line alone."""
    head = zlib.decompressobj(wbits=31).decompress(content[:CHUNK], CHUNK)
    return json.loads(head.partition(b"\n")[0])["since"]


def _go_on(connection: http.client.HTTPConnection, token: str, name: str, since: Any) -> None:
    """What PouchDB asks for behind a pack: checkpoints, and what has changed since."""
    for way in ("pull", "push"):
        _ask(connection, token, "GET", f"/db/{DATABASE}/")
        _ask(connection, token, "GET", f"/db/{DATABASE}/_local/{way}-{name}", status=None)
        checkpoint = json.dumps({"last_seq": since, "session_id": name}).encode()
        _ask(connection, token, "PUT", f"/db/{DATABASE}/_local/{way}-{name}", checkpoint, status=None)
    _, found = _ask(connection, token, "GET", f"/db/{DATABASE}/_changes?style=all_docs&limit=100&since={since}")
    assert json.loads(found)["results"] == []


@contextmanager
def _connected(live: Live) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=300)
    try:
        yield connection
    finally:
        connection.close()


def _ask(
    connection: http.client.HTTPConnection,
    token: str,
    method: str,
    path: str,
    body: bytes | None = None,
    status: int | None = 200,
) -> tuple[int, bytes]:
    connection.request(method, path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    answer = connection.getresponse()
    content = bytearray()
    while chunk := answer.read(CHUNK):
        content += chunk
    assert status in (None, answer.status), (answer.status, content[:200])
    return answer.status, bytes(content)


def _token(live: Live) -> str:
    with _connected(live) as connection:
        body = json.dumps({"name": NAME, "password": PASSWORD}).encode()
        _, content = _ask(connection, "", "POST", "/api/v1/session", body)
    return str(json.loads(content)["token"])


if __name__ == "__main__":
    figures = measure(10_000, 1)
    print(figures.documents, figures.bytes, f"{figures.alone:.2f} {figures.median:.2f} {figures.slowest:.2f}")
