"""An embedded store that really runs: `python -m sync.embedded` on a free loopback port."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.couch import CouchStore
from sync.store import StoreError
from tests.live import ROOT, free_port

READY_SECONDS = 30


@contextmanager
def served(data: Path, certificate: Path | None = None) -> Iterator[str]:
    """Its address, with the administrator's name and password in it, for as long as the block lasts.

    It is over https with a certificate, which whoever asks it has to trust (`REQUESTS_CA_BUNDLE`).
    """
    port = free_port()
    command = [sys.executable, "-m", "sync.embedded", "--port", str(port), "--admin", "admin:secret"]
    secure = ["--certificate", str(certificate)] if certificate else []
    process = subprocess.Popen([*command, "--data", str(data), *secure], cwd=ROOT)
    url = f"{'https' if certificate else 'http'}://admin:secret@127.0.0.1:{port}"
    try:
        _await(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            CouchStore(url).names()
        except StoreError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the embedded store did not start")
