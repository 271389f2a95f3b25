"""What is on the disk: every write that was acknowledged, whatever kills the writer, and nothing that was refused."""

from __future__ import annotations

import base64
import multiprocessing
import os
import random
import selectors
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.attachments import ATTACHMENT_BYTES
from sync.embedded.faults import OtherFormat
from sync.embedded.files import MOST_HELD
from sync.store import NotFound, TooLarge
from tests.live import ROOT

ROUNDS_OF_KILLING = int(os.environ.get("ROUNDS_KILLS", "5"))

WRITER = """
import base64, sys
from pathlib import Path
from sync.embedded import EmbeddedStore
path, run = Path(sys.argv[1]), sys.argv[2]
database = EmbeddedStore(path).database("north")
photo = base64.b64encode(run.encode() * 40_000).decode()
number = 0
while True:
    docs = [{"_id": f"{run}:{number + i}", "n": number + i} for i in range(3)]
    docs[0]["_attachments"] = {"file": {"content_type": "image/jpeg", "data": photo}}
    for written in database.put_many(docs):
        print(written.id, written.rev, flush=True)
    number += 3
"""


def killed_writer(path: Path, run: str, seconds: float) -> list[list[str]]:
    """Let a process write, kill it that long after its first acknowledgement; what it acknowledged."""
    command = [sys.executable, "-c", WRITER, str(path), run]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        read, first = b"", None
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            while first is None or time.monotonic() < first + seconds:
                if waiting.select(timeout=0.005):
                    read += os.read(process.stdout.fileno(), 65_536)
                    first = first or time.monotonic()
                assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        read += process.stdout.read()
        assert process.wait(20) == -signal.SIGKILL
    return [line.split() for line in read.decode().split("\n")[:-1]]


def test_every_acknowledged_write_is_there_after_the_writer_was_killed(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    print("seed", seed)
    rng = random.Random(seed)
    EmbeddedStore(tmp_path).create("north")
    acknowledged: list[list[str]] = []
    for run in range(ROUNDS_OF_KILLING):
        acknowledged += killed_writer(tmp_path, f"r{run}", rng.uniform(0.0, 0.4))
        database = EmbeddedStore(tmp_path).database("north")
        assert {row.id: row.rev for row in database.all()}.items() >= {tuple(each) for each in acknowledged}
        # A batch is there as a whole or not at all, and the counts are those of the documents.
        rows = database.all(include_docs=True)
        info = database.info()
        assert len(rows) % 3 == 0
        assert (info.doc_count, info.update_seq) == (len(rows), len(rows))
        assert len(database.changes().results) == len(rows)
        for row in rows:
            assert row.doc is not None
            if "_attachments" in row.doc:
                content = b"".join(database.attachment(row.id, "file").chunks)
                assert content == row.id.partition(":")[0].encode() * 40_000
    assert acknowledged


class Zeros:
    """A body without an end."""

    def read(self, size: int) -> bytes:
        return bytes(size)


def test_an_attachment_over_the_limit_is_refused_and_leaves_no_bytes(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    endless = {"_id": "a", "_attachments": {"file": {"follows": True}}}
    [sound, refused] = database.put_many([{"_id": "b"}, endless], streams={"file": Zeros()})  # type: ignore[dict-item]
    assert sound.rev
    assert isinstance(refused.error, TooLarge)
    assert refused.error.details["limit"] == ATTACHMENT_BYTES
    assert [row.id for row in database.all()] == ["b"]
    connection = database._file.connection()
    assert connection.execute("SELECT count(*) FROM chunk").fetchone() == (0,)


def test_equal_attachments_are_kept_once_and_forgotten_with_their_last_document(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    data = base64.b64encode(random.Random(1).randbytes(500_000)).decode()
    revs = [database.put({"_id": each, "_attachments": {"file": {"data": data}}}) for each in "ab"]
    connection = database._file.connection()
    assert connection.execute("SELECT count(*) FROM blob").fetchone() == (1,)
    database.put({"_id": "a", "_rev": revs[0], "_deleted": True})
    database.compact()
    assert len(b"".join(database.attachment("b", "file").chunks)) == 500_000
    database.put({"_id": "b", "_rev": revs[1], "_deleted": True})
    database.compact()
    assert connection.execute("SELECT count(*) FROM blob, chunk").fetchone() == (0,)


def _write(path: Path, name: str, count: int) -> None:
    database = EmbeddedStore(path).database("north")
    for number in range(count):
        database.put({"_id": f"{name}:{number}"})


def test_processes_and_threads_write_side_by_side_and_nothing_is_lost(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_write, args=(tmp_path, f"p{n}", 60)) for n in range(2)]
    threads = [threading.Thread(target=_write, args=(tmp_path, f"t{n}", 60)) for n in range(3)]
    for start in [each.start for each in writers] + [each.start for each in threads]:
        start()
    for join in [each.join for each in writers] + [each.join for each in threads]:
        join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert database.info().doc_count == 300
    assert sorted(int(change.seq) for change in database.changes().results) == list(range(1, 301))


def test_who_waits_is_woken_by_another_process(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=(tmp_path, "p", 1))
    writer.start()
    assert [change.id for change in database.changes(wait=30).results] == ["p:0"]
    writer.join(20)


def test_a_deleted_database_is_gone_for_whoever_had_it_open(tmp_path: Path) -> None:
    here, there = EmbeddedStore(tmp_path), EmbeddedStore(tmp_path)
    database = here.create("north")
    database.put({"_id": "old"})
    there.delete("north")
    with pytest.raises(NotFound):
        database.info()
    there.create("north")
    assert database.info().doc_count == 0
    with pytest.raises(NotFound):
        database.get("old")


def test_who_waits_for_a_database_that_is_deleted_is_told(tmp_path: Path) -> None:
    here, there = EmbeddedStore(tmp_path), EmbeddedStore(tmp_path)
    database = here.create("north")
    timer = threading.Timer(0.2, lambda: there.delete("north"))
    timer.start()
    started = time.monotonic()
    with pytest.raises(NotFound):
        database.changes(wait=30)
    assert time.monotonic() - started < 10
    with pytest.raises(NotFound):
        database.changes(wait=1)
    assert here.names() == []
    here.create("north").put({"_id": "a"})
    assert [change.id for change in database.changes(wait=1).results] == ["a"]


def test_who_waits_hears_of_a_database_that_was_made_anew(tmp_path: Path) -> None:
    here, there = EmbeddedStore(tmp_path), EmbeddedStore(tmp_path)
    database = here.create("north")

    def anew() -> None:
        there.delete("north")
        there.create("north")
        time.sleep(0.2)
        there.database("north").put({"_id": "a"})

    timer = threading.Timer(0.2, anew)
    timer.start()
    started = time.monotonic()
    with here._signals.watch(tmp_path / "north.sqlite") as other:  # somebody else goes on waiting
        other.wait(other.version, 10)
        while not here.names():
            time.sleep(0.01)
        page = database.changes(wait=30)
    timer.join()
    assert [change.id for change in page.results] == ["a"]
    assert time.monotonic() - started < 10


def test_two_that_open_a_new_store_agree_on_its_identity(tmp_path: Path) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(EmbeddedStore(tmp_path).uuid)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert EmbeddedStore(tmp_path).uuid == found[0]


def test_a_thread_that_goes_through_many_databases_keeps_few_files_open(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    databases = [store.create(f"mailbox-{number:03d}") for number in range(3 * MOST_HELD)]
    for database in [*databases, *databases]:
        database.put({"_id": f"{database.info().doc_count}"})
    links = (link.readlink() for link in Path("/proc/self/fd").iterdir() if link.exists())
    files = [path.name for path in links if path.is_relative_to(tmp_path)]
    assert 0 < len(files) <= 3 * MOST_HELD
    assert all(database.info().doc_count == 2 for database in databases)


def test_no_revision_of_a_local_document_keeps_others_from_writing_it(tmp_path: Path) -> None:
    """Tablets of a team share a mailbox, and can write each other's checkpoints."""
    local = EmbeddedStore(tmp_path).create("north").local
    rev = local.put("checkpoint", {"_rev": f"0-{10**15 - 1}"})
    for _ in range(3):
        rev = local.put("checkpoint", {"_rev": rev})
    assert local.get("checkpoint")["_rev"] == rev


def test_a_file_of_another_version_is_left_alone_and_says_so(tmp_path: Path) -> None:
    EmbeddedStore(tmp_path).create("north").put({"_id": "a"})
    file = next(tmp_path.rglob("*north*.sqlite"))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 1")
    before = file.read_bytes()

    def read() -> None:
        EmbeddedStore(tmp_path).database("north").get("a")

    with pytest.raises(OtherFormat, match=r"north was made by another version of Rounds \(format 1"):
        run_anew(read)
    assert file.read_bytes() == before


def run_anew(act: Callable[[], None]) -> None:
    """In a thread of its own, which holds no connection yet."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(act).result()
