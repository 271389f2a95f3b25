"""A hub that really runs: `rounds hub` on a free loopback port, enrolled at an office that runs."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

from sync.embedded import EmbeddedStore
from sync.store import Document, NotFound
from tests.live import ROOT, Live, free_port

READY_SECONDS = 60


class Laptop:
    """`rounds hub` in a process of its own, enrolled at an office that runs."""

    def __init__(self, office: Live, data: Path) -> None:
        self.office, self.data, self.port = office, data, free_port()
        self.origin = f"https://127.0.0.1:{self.port}"
        said = self._run("enroll", "north-1", "--team", "north", "--data", str(office.data)).stdout
        self._code = said.rpartition("Enrolment code: ")[2]
        self.process: subprocess.Popen[str] | None = None

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*Live.command("hub"), *words]
        return subprocess.run(command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, check=True)

    @staticmethod
    def _environment() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if not name.startswith("ROUNDS_")}

    def start(self) -> None:
        words = ["--office", self.office.url, "--code-stdin", "--data", str(self.data)]
        command = [*Live.command("hub"), *words, "--bind", f"127.0.0.1:{self.port}"]
        with (self.data.parent / "hub.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=self._environment(), stdin=subprocess.PIPE, stdout=log, stderr=log, text=True
            )
        assert self.process.stdin
        self.process.stdin.write(self._code)
        self.process.stdin.close()

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    @property
    def device(self) -> str:
        """What it signs as."""
        return str(json.loads((self.data / "hub.json").read_text())["device"])

    def documents(self, database: str, prefix: str, limit: int = 1) -> list[Document]:
        """The first documents of the hub's that begin so, at most `limit`."""
        try:
            rows = EmbeddedStore(self.data / "db").database(database).all(start=prefix, limit=limit, include_docs=True)
        except NotFound:
            return []
        return [row.doc for row in rows if row.doc and row.id.startswith(prefix)]

    def until(self, database: str, prefix: str, count: int = 1) -> Document:
        """The first of them, once there are `count`."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if len(found := self.documents(database, prefix, count)) == count:
                return found[0]
            time.sleep(0.2)
        raise AssertionError(f"{prefix} did not come: {(self.data.parent / 'hub.log').read_text()[-3000:]}")
