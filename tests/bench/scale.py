"""What the size of a database does to single operations, and to a sync in which nothing is new.

Two databases of the embedded store, one with few documents and one with many, each in a store of its own; every
operation is timed in both, in turns, through HTTP. A tablet that began with a pack then syncs with nothing new.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import orjson

from sync.embedded import EmbeddedStore
from tests.bench import opening
from tests.bench.replication import embedded, say
from tests.bench.store import BATCH, SECURITY, Client, document
from tests.live import ROOT

SCRIPT = Path(__file__).with_name("nothing_new.mjs")
PATH = "/bench"
FIELD = "answers.answer_07"
AT_ONCE = 2_000
TIMES = 15
Operation = Callable[[Client, int], object]


@dataclass(frozen=True)
class Size:
    """One database: median seconds of opening it and by operation, and what a sync without news took."""

    documents: int
    opening: float
    seconds: dict[str, float]
    requests: int
    bytes: int


def measure(few: int, many: int) -> tuple[Size, Size]:
    """Both databases, each operation in turns."""
    with ExitStack() as stack:
        ends = [(*stack.enter_context(_filled(count)), count) for count in (few, many)]
        seconds: dict[int, dict[str, list[float]]] = {few: {}, many: {}}
        for number in range(TIMES):
            for url, _, count in ends:
                client = Client(url)
                for name, operation in operations(number).items():
                    start = time.perf_counter()
                    operation(client, count)
                    seconds[count].setdefault(name, []).append(time.perf_counter() - start)
        found = [
            Size(count, opened, {name: median(each) for name, each in seconds[count].items()}, *_nothing_new(url))
            for url, opened, count in ends
        ]
    os.sync()  # so that what follows does not wait for what is still to be written
    return found[0], found[1]


@contextmanager
def _filled(documents: int) -> Iterator[tuple[str, float]]:
    """A server on a filled database, and how long it took to open that before."""
    say(f"scale: a database of {documents} documents")
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder:
        with ThreadPoolExecutor(1) as filling:  # its connection ends with its thread
            filling.submit(_fill, Path(folder), documents).result()
        seconds = opening.measure(Path(folder), PATH[1:])
        with embedded(Path(folder)) as (url, _):
            _index(Client(url))
            yield url, seconds


def _fill(folder: Path, documents: int) -> None:
    database = EmbeddedStore(folder).create(PATH[1:])
    database.set_security(SECURITY)
    for at in range(0, documents, AT_ONCE):
        database.put_revisions([document(number) for number in range(at, min(at + AT_ONCE, documents))])


def _index(client: Client) -> None:
    """By an answer; its entries are made by whoever asks first."""
    client.send("POST", f"{PATH}/_index", orjson.dumps({"index": {"fields": [FIELD]}, "name": "by-answer"}))
    _find(client, 0)


def _find(client: Client, number: int) -> None:
    selector = {FIELD: document(number)["answers"]["answer_07"]}
    found = orjson.loads(client.send("POST", f"{PATH}/_find", orjson.dumps({"selector": selector})))
    assert [doc["_id"] for doc in found["docs"]] == [document(number)["_id"]], found


def operations(round_number: int) -> dict[str, Operation]:
    """Each takes a client and how many documents there are."""
    return {
        "info": lambda client, _: client.send("GET", PATH),
        "one document": lambda client, count: client.send("GET", f"{PATH}/{_address(count // 2 + round_number)}"),
        "write one": lambda client, count: _write(client, count + round_number),
        "500 `_revs_diff`": lambda client, count: client.send("POST", f"{PATH}/_revs_diff", _asked(count)),
        "500 `_bulk_get`": lambda client, count: client.send("POST", f"{PATH}/_bulk_get?revs=true", _wanted(count)),
        "the last 500 changes": lambda client, count: _changes(client, count - BATCH, BATCH),
        "500 changes from the middle": lambda client, count: _changes(client, count // 2, BATCH),
        "500 ids from the middle": _ids,
        "a document found by its answer": lambda client, count: _find(client, count // 3 + round_number),
    }


def _address(number: int) -> str:
    return urllib.parse.quote(document(number)["_id"], safe="")


def _write(client: Client, number: int) -> None:
    doc = {name: value for name, value in document(number).items() if not name.startswith("_rev")}
    client.send("PUT", f"{PATH}/{_address(number)}", orjson.dumps(doc))


def _some(count: int) -> list[tuple[str, str]]:
    step = max(1, count // BATCH)
    docs = (document(number) for number in range(0, min(count, BATCH * step), step))
    return [(doc["_id"], doc["_rev"]) for doc in docs]


def _asked(count: int) -> bytes:
    return orjson.dumps({doc_id: [rev] for doc_id, rev in _some(count)})


def _wanted(count: int) -> bytes:
    return orjson.dumps({"docs": [{"id": doc_id, "rev": rev} for doc_id, rev in _some(count)]})


def _changes(client: Client, since: int, limit: int) -> None:
    client.send("GET", f"{PATH}/_changes?style=all_docs&limit={limit}&since={since}")


def _ids(client: Client, count: int) -> None:
    start = urllib.parse.quote(json.dumps(document(count // 2)["_id"]))
    client.send("GET", f"{PATH}/_all_docs?limit={BATCH}&startkey={start}")


def _nothing_new(url: str) -> tuple[int, int]:
    command = ["node", str(SCRIPT), f"{url}{PATH}", "pack"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    line: dict[str, int] = json.loads(done.stdout)
    return line["requests"], line["bytes"]
