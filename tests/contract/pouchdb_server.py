"""pouchdb-server, an implementation that nobody here wrote, on a free loopback port."""

from __future__ import annotations

import shutil
import subprocess
import time

import pytest
import requests

from tests.live import ROOT, free_port

READY_SECONDS = 60


class PouchDBServer:
    """The server; started again where a test has brought it down, as some bad input does."""

    def __init__(self) -> None:
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self) -> str:
        """Where it answers. Without Node or its packages the test is skipped."""
        if self._process is None or self._process.poll() is not None:
            self._start()
        return f"http://127.0.0.1:{self._port}"

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(20)

    def _start(self) -> None:
        node = shutil.which("node")
        if node is None or not (ROOT / "tests/node_modules/express-pouchdb").is_dir():
            pytest.skip("pouchdb-server needs Node and tests/node_modules (make tools)")
        command = [node, "js/pouchdb_server.mjs", str(self._port)]
        self._process = subprocess.Popen(
            command, cwd=ROOT / "tests", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                requests.get(f"http://127.0.0.1:{self._port}/", timeout=5)
            except requests.ConnectionError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("pouchdb-server did not start")
