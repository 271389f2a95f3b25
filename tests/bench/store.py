"""How fast a CouchDB-speaking server is over HTTP: one client, documents of about 1 kB, batches of 500.

What the client sends is made ready before the clock starts, and what it receives is counted, not read, so that the
figures are the server's. The embedded store runs as `python -m sync.embedded` runs it: commits durable, whole revision
trees, the gate of a mailbox in place.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import orjson

from tests.bench.replication import embedded, name_of, say, version_of

BATCH = 500
SINGLE = 300
STEPS = ("bulk_docs", "changes", "bulk_get", "revs_diff", "put")
SECURITY = {"members": {"roles": ["team:bench"]}, "rounds": {"kind": "mailbox", "team": "bench"}}
Rates = dict[str, float]


@dataclass(frozen=True)
class Throughput:
    """Documents (rows, requests) a second of every round; `peer` is empty where there was none."""

    documents: int
    embedded: list[Rates]
    peer: list[Rates]
    peer_name: str

    def median(self, rounds: Sequence[Rates], step: str) -> float:
        """The median of one step's rate."""
        return median(each[step] for each in rounds)


class Client:
    """One kept-alive connection to a server, with the sign-in that its address holds."""

    def __init__(self, server: str) -> None:
        parts = urllib.parse.urlsplit(server)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port or 5984, timeout=120)
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Content-Type": "application/json"}
        if parts.username:
            given = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            self._headers["Authorization"] = "Basic " + base64.b64encode(given.encode()).decode()

    def send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        """One request; its answer, or `AssertionError` with it."""
        self._connection.request(method, self._prefix + path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status < 300, (method, path, answer.status, content[:500])
        return content


def measure(documents: int, rounds: int, peer: str | None) -> Throughput:
    """Run the rounds, the two servers taking turns."""
    with embedded() as (url, _):
        found: dict[str, list[Rates]] = {server: [] for server in (url, peer) if server}
        for number in range(rounds):
            for server in list(found) if number % 2 == 0 else reversed(list(found)):
                say(f"round {number + 1} of {rounds}: throughput, {documents} documents, {name_of(server)}")
                found[server].append(run(server, documents))
        return Throughput(documents, found[url], found[peer] if peer else [], version_of(peer) if peer else "")


def run(server: str, documents: int) -> Rates:
    """One round in a database of its own."""
    with _database(server) as (client, path):
        docs = [document(number) for number in range(documents)]
        batches = [docs[at : at + BATCH] for at in range(0, documents, BATCH)]
        revisions = [(doc["_id"], doc["_rev"]) for doc in docs]
        return {
            "bulk_docs": documents / _timed(client, f"{path}/_bulk_docs", [_writing(batch) for batch in batches]),
            "changes": documents / _changes(client, path, documents),
            "bulk_get": documents / _timed(client, f"{path}/_bulk_get?revs=true", list(_getting(revisions))),
            "revs_diff": documents / _timed(client, f"{path}/_revs_diff", list(_asking(revisions))),
            "put": SINGLE / _singles(client, path, documents),
        }


@contextmanager
def _database(server: str) -> Iterator[tuple[Client, str]]:
    client, path = Client(server), f"/rounds-bench-{os.urandom(6).hex()}"
    client.send("PUT", path)
    try:
        client.send("PUT", f"{path}/_security", orjson.dumps(SECURITY))
        yield client, path
    finally:
        client.send("DELETE", path)


def _timed(client: Client, path: str, bodies: Sequence[bytes]) -> float:
    start = time.perf_counter()
    for body in bodies:
        client.send("POST", path, body)
    return time.perf_counter() - start


def _writing(batch: Sequence[dict[str, Any]]) -> bytes:
    return orjson.dumps({"docs": batch, "new_edits": False})


def _getting(revisions: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    for at in range(0, len(revisions), BATCH):
        yield orjson.dumps({"docs": [{"id": id_, "rev": rev} for id_, rev in revisions[at : at + BATCH]]})


def _asking(revisions: Sequence[tuple[str, str]]) -> Iterator[bytes]:
    """Every other revision is here already."""
    for at in range(0, len(revisions), BATCH):
        part = enumerate(revisions[at : at + BATCH])
        yield orjson.dumps({id_: [rev if number % 2 else _rev(f"other {id_}")] for number, (id_, rev) in part})


def _changes(client: Client, path: str, documents: int) -> float:
    start, since, rows = time.perf_counter(), "0", 0
    while True:
        page = client.send("GET", f"{path}/_changes?style=all_docs&limit={BATCH}&since={urllib.parse.quote(since)}")
        rows += page.count(b'"changes":')
        since = _last_seq(page)
        if page.count(b'"changes":') < BATCH:
            break
    assert rows == documents, (rows, documents)
    return time.perf_counter() - start


def _last_seq(page: bytes) -> str:
    found = page.rpartition(b'"last_seq":')[2].partition(b',"pending"')[0]
    return str(orjson.loads(found))


def _singles(client: Client, path: str, first: int) -> float:
    docs = [document(first + number) for number in range(SINGLE)]
    ready = [(urllib.parse.quote(doc["_id"], safe=""), orjson.dumps(_unrevised(doc))) for doc in docs]
    start = time.perf_counter()
    for id_, body in ready:
        client.send("PUT", f"{path}/{id_}", body)
    return time.perf_counter() - start


def _unrevised(doc: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in doc.items() if not name.startswith("_rev")}


def _rev(text: str) -> str:
    return "1-" + hashlib.md5(text.encode()).hexdigest()


def document(number: int) -> dict[str, Any]:
    """A record of about 1 kB, shaped as a tablet makes it, with its revision."""
    ulid = f"{number:026d}"
    answers = {f"answer_{index:02d}": f"回答 {number} {index}" for index in range(12)}
    edit = {
        "id": ulid,
        "at": "2026-03-02T06:10:42.120Z/0000/0123456789ab",
        "by": "li.wei",
        "device": "0123456789ab",
        "app": "bench",
        "version": 1,
        "set": {f"/{name}": value for name, value in answers.items()},
        "unset": [],
        "seen": {},
        "note": None,
        "sig": "x" * 86,
    }
    head = {"_id": f"record:bench:{ulid}", "type": "record", "form": "bench", "version": 1, "team": "bench"}
    rev = _rev(ulid)
    history = {"start": 1, "ids": [rev[2:]]}
    return {**head, "_rev": rev, "_revisions": history, "edits": [edit], "answers": answers}
