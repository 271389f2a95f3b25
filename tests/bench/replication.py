"""Push and pull with an unmodified PouchDB, against the embedded store alone and against another CouchDB."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.machine import family
from tests.live import ROOT, free_port

SCRIPT = Path(__file__).with_name("push_pull.mjs")
STEPS = ("push", "pull", "nothing_new")
READY_SECONDS = 30
Times = dict[str, float]


@dataclass(frozen=True)
class Replication:
    """Seconds of every round; `peer` is empty where there was none. Memory is the embedded store's, in MiB."""

    bytes: int
    embedded: list[Times]
    peer: list[Times]
    peer_name: str
    memory_before: float
    memory_peak: float

    def median(self, rounds: list[Times], step: str) -> float:
        """The median of one step's seconds."""
        return median(each[step] for each in rounds)


def measure(records: int, rounds: int, peer: str | None) -> Replication:
    """Run the rounds, the two stores taking turns; which one is first changes with each round."""
    with embedded() as (url, pid):
        before = peak_memory(pid)
        found: dict[str, list[Times]] = {server: [] for server in (url, peer) if server}
        size = 0
        for number in range(rounds):
            for server in list(found) if number % 2 == 0 else reversed(list(found)):
                say(f"round {number + 1} of {rounds}: {records} records, {name_of(server)}")
                line = _push_pull(server, records)
                size = int(line["bytes"])
                found[server].append({step: line[step] for step in STEPS})
        name = version_of(peer) if peer else ""
        return Replication(size, found[url], found[peer] if peer else [], name, before, peak_memory(pid))


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def peak_memory(pid: int) -> float:
    """The most that a server's processes have held so far, in MiB; what they share is counted with each."""
    return sum(_peak(each) for each in family(pid)) / 1024


def _peak(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


@contextmanager
def embedded(folder: Path | None = None, certificate: Path | None = None) -> Iterator[tuple[str, int]]:
    """An embedded store that really runs, on a folder or on one that goes with it: its address and process id.

    With a certificate it is over https; whoever asks it has to trust that (`SSL_CERT_FILE`).
    """
    port = free_port()
    url = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as own:
        command = [sys.executable, "-m", "sync.embedded", "--port", str(port), "--data", str(folder or own)]
        command += ["--certificate", str(certificate)] if certificate else []
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            _wait(url, process)
            yield url, process.pid
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            call("GET", url)
        except urllib.error.URLError:
            if process.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return


def _push_pull(server: str, records: int) -> dict[str, float]:
    database = f"{server.rstrip('/')}/rounds-bench-{os.urandom(6).hex()}"
    call("PUT", database)
    try:
        command = ["node", str(SCRIPT), database, str(records)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
        line: dict[str, float] = json.loads(done.stdout)
        return line
    finally:
        call("DELETE", database)


def call(method: str, url: str) -> bytes:
    """One request; a name and a password in the address are sent as the server wants them."""
    parts = urllib.parse.urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    request = urllib.request.Request(bare, method=method)
    if parts.username:
        given = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
        request.add_header("Authorization", "Basic " + base64.b64encode(given.encode()).decode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def version_of(server: str) -> str:
    """What a server calls itself, such as `Apache CouchDB 3.4.2`."""
    welcome = json.loads(call("GET", f"{server.rstrip('/')}/"))
    vendor = welcome.get("vendor", {}).get("name", "")
    maker = {"The Apache Software Foundation": "Apache"}.get(vendor, vendor)
    return f"{maker} CouchDB {welcome.get('version', '')}".strip()


def name_of(server: str) -> str:
    return server.rpartition("@")[2].removeprefix("http://")
