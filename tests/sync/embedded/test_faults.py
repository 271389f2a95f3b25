"""What goes wrong below the store: a full disk, a damaged file, two writers, clients that break off.

No acknowledged write is lost, what is kept stays readable, and the error says what happened.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.examine import examine
from sync.embedded.faults import Damaged, Full
from sync.store import StoreError, Unavailable
from tests.live import ROOT
from tests.served import served
from tests.sync.embedded.conftest import Caller

SMALL_DISK = "3m"
FILE_BYTES = 2_000_000
KEPT = 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine mounts nothing: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def call(server: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request as the administrator; its status and its JSON."""
    host = urllib.parse.urlsplit(server)
    request = urllib.request.Request(f"http://{host.hostname}:{host.port}{path}", method=method)
    request.add_header("Authorization", "Basic " + base64.b64encode(b"admin:secret").decode())
    request.add_header("Content-Type", "application/json")
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(request, data, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_a_full_disk_is_said_and_nothing_acknowledged_is_lost(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    with served(small_disk / "data") as server:
        assert call(server, "PUT", "/north")[0] == 201
        acknowledged, answer = fill(server)
        assert answer == (507, "insufficient_storage")
        assert_all_readable(server, acknowledged)
        ballast.unlink()  # an operator makes room
        assert call(server, "PUT", "/north/after", {"n": 1})[0] == 201
        assert_all_readable(server, acknowledged)
    assert examine(small_disk / "data" / "north.sqlite", "north") == []


def fill(server: str) -> tuple[list[str], tuple[int, str]]:
    """Write until the first refusal; what was acknowledged, and the refusal."""
    acknowledged: list[str] = []
    for number in range(1_000):
        status, answer = call(server, "PUT", f"/north/{number}", {"text": os.urandom(30_000).hex()})
        if status != 201:
            return acknowledged, (status, answer["error"])
        acknowledged.append(str(number))
    raise AssertionError("the disk was never full")


def assert_all_readable(server: str, ids: list[str]) -> None:
    status, answer = call(server, "POST", "/north/_all_docs?include_docs=true", {"keys": ids})
    assert status == 200
    assert [row["id"] for row in answer["rows"]] == ids
    assert all(len(row["doc"]["text"]) == 60_000 for row in answer["rows"])


BEYOND = """
import resource, signal, sys
from pathlib import Path
from sync.embedded import EmbeddedStore
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
database = EmbeddedStore(Path(sys.argv[1])).create("north")
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
number = 0
while True:
    try:
        print(database.put({"_id": str(number), "text": "x" * 50_000}), flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)
        break
    number += 1
print(len(database.all()), database.get("0")["_id"], flush=True)
"""


def test_a_file_that_may_grow_no_more_loses_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BEYOND, str(tmp_path), str(FILE_BYTES)]
    lines = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout.split("\n")
    *acknowledged, error, told = lines[:-1]
    assert error in ("Full", "Unavailable")
    assert told == f"{len(acknowledged)} 0"
    again = EmbeddedStore(tmp_path).database("north")
    assert [again.get(str(number))["_rev"] for number in range(len(acknowledged))] == acknowledged
    assert examine(again.path, "north") == []


def damage(path: Path, table: str) -> None:
    """Write over the first page of a table, as a bad disk would."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[root]] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    with path.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xa5" * 4096)


@pytest.mark.parametrize(
    ("table", "method", "address", "body"),
    [
        ("body", "GET", "/north/a", None),
        ("doc", "GET", "/north/_changes", None),
        ("doc", "GET", "/north/_all_docs", None),
        ("doc", "PUT", "/north/new", {"n": 1}),
        ("body", "POST", "/north/_bulk_get", {"docs": [{"id": "a"}]}),
    ],
)
def test_a_damaged_page_is_said_and_never_a_wrong_answer(
    tmp_path: Path, table: str, method: str, address: str, body: Any
) -> None:
    EmbeddedStore(tmp_path).create("north").put({"_id": "a", "text": "x" * 3_000})
    damage(tmp_path / "north.sqlite", table)
    answer = Caller(EmbeddedStore(tmp_path))(method, address, body)
    assert (answer.status_code, answer.get_json()["error"]) == (500, "damaged")
    assert "north" in answer.get_json()["reason"]
    assert {each.code for each in examine(tmp_path / "north.sqlite", "north")} & {"page_damaged", "unreadable"}


@pytest.mark.parametrize("length", [1_000, 1_000_000])
@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE chunk SET data = zeroblob(length(data)) WHERE number = 0",
        "UPDATE chunk SET data = CAST(substr(data, 1, length(data) - 1) || X'00' AS BLOB) WHERE number = {last}",
        "DELETE FROM chunk WHERE number = {last}",
    ],
    ids=["its first chunk", "its last byte", "its end"],
)
def test_an_attachment_whose_bytes_have_changed_is_never_told_to_its_end(
    tmp_path: Path, length: int, damage: str
) -> None:
    store = EmbeddedStore(tmp_path)
    data = base64.b64encode(os.urandom(length - 1) + b"\1").decode()
    store.create("north").put({"_id": "p", "_attachments": {"file": {"content_type": "image/jpeg", "data": data}}})
    with store.database("north")._file.writing() as connection:
        [last] = connection.execute("SELECT max(number) FROM chunk").fetchone()
        connection.execute(damage.format(last=last))
    told = b""
    with pytest.raises(Damaged):
        for chunk in store.database("north").attachment("p", "file").chunks:
            told += chunk
    assert len(told) < length


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    (tmp_path / "north.sqlite").write_bytes(b"not what it was" * 1000)
    with pytest.raises(Damaged):
        store.database("north").info()


def test_a_log_that_was_cut_short_holds_what_was_whole(tmp_path: Path) -> None:
    """The end of the log that a crash left torn is no acknowledged write; what stands before it is kept."""
    database = EmbeddedStore(tmp_path).create("north")
    for number in range(KEPT):
        database.put({"_id": str(number), "text": "x" * 2_000})
    folder = tmp_path / "copy"
    folder.mkdir()
    for suffix in ("", "-wal"):
        (folder / f"north.sqlite{suffix}").write_bytes((tmp_path / f"north.sqlite{suffix}").read_bytes())
    with (folder / "north.sqlite-wal").open("ab") as log:
        log.write(os.urandom(10_000))  # a transaction that had begun
    again = EmbeddedStore(folder).database("north")
    assert sorted(int(row.id) for row in again.all()) == list(range(KEPT))
    assert examine(again.path, "north") == []


def test_failures_have_names_of_their_own() -> None:
    assert (Full.status, Full.retry) == (507, True)
    assert (Damaged.status, Damaged.retry) == (500, False)
    assert issubclass(Unavailable, StoreError)


def test_an_attachment_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with served(tmp_path / "data") as server:
        call(server, "PUT", "/north")
        parts = urllib.parse.urlsplit(server)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as client:
            head = "PUT /north/p/file HTTP/1.1\r\nHost: test\r\nAuthorization: Basic YWRtaW46c2VjcmV0\r\n"
            client.sendall(f"{head}Content-Type: image/jpeg\r\nContent-Length: 5000000\r\n\r\n".encode())
            client.sendall(os.urandom(1_000_000))
        status, found = call(server, "GET", "/north/p")
        assert (status, found["error"]) == (404, "not_found")
        assert call(server, "PUT", "/north/after", {"n": 1})[0] == 201
    assert examine(tmp_path / "data" / "north.sqlite", "north") == []


WRITES = """
import sys
from pathlib import Path
from sync.embedded import EmbeddedStore
database = EmbeddedStore(Path(sys.argv[1])).database("north")
for number in range(100):
    written = database.put_many([{"_id": f"{sys.argv[2]}:{number}"}, {"_id": "shared", "by": sys.argv[2]}])
    print(written[0].rev, int(written[1].error is None), flush=True)
"""


def test_two_writers_lose_nothing_and_only_one_wins_what_both_want(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    commands = [[sys.executable, "-c", WRITES, str(tmp_path), name] for name in "ab"]
    writers = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for command in commands]
    told = [writer.communicate(timeout=100)[0].split("\n")[:-1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    for name, lines in zip("ab", told, strict=True):
        assert [database.get(f"{name}:{number}")["_rev"] for number in range(100)] == [
            line.split()[0] for line in lines
        ]
    assert sum(int(line.split()[1]) for lines in told for line in lines) == 1
    assert database.info().doc_count == 201
    assert examine(database.path, "north") == []


def test_a_clock_that_jumps_changes_nothing_that_is_stored(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sequences and revisions come from counting and hashing; no time of day is in them."""
    database = call.store.database("north")
    before = database.info().update_seq
    for seconds in (4_000_000_000.0, 0.0, 1_000_000_000.0):
        monkeypatch.setattr("time.time", lambda seconds=seconds: seconds)
        database.put({"_id": f"at:{seconds:.0f}"})
    assert [change.id for change in database.changes(before).results] == ["at:4000000000", "at:0", "at:1000000000"]
    assert call("GET", f"/north/_changes?feed=longpoll&since={before}").get_json()["results"]
