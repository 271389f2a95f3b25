"""A Rounds that really runs: `rounds serve` on a free loopback port with a data directory of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).parents[1]
READY_SECONDS = 60


def free_port() -> int:
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Live:
    """One `rounds serve`; started and killed as often as a test wants, always on the same port and data."""

    def __init__(self, data: Path, *arguments: str, port: int | None = None) -> None:
        self.data = data
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arguments = arguments
        self.log = data.parent / f"{data.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def command(name: str) -> list[str]:
        """The words that run one of the program's commands with this Python."""
        return [sys.executable, "-m", "service", name]

    def start(self) -> Live:
        """Start it; returns at once (`wait` until it is ready)."""
        command = [*self.command("serve"), "--data", str(self.data)]
        command += ["--bind", f"127.0.0.1:{self.port}", *self.arguments]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROUNDS_")}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        return self

    def wait(self) -> Live:
        """Until `/readyz` says yes."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if self.process is None or self.process.poll() is not None:
                raise AssertionError(f"rounds serve ended at once:\n{self.tail()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"rounds serve was not ready after {READY_SECONDS} s:\n{self.tail()}")

    def kill(self) -> None:
        """SIGKILL the whole process group at once: supervisor, web workers and intake."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Stop it as an operator would."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, sign)
            self.process.wait(timeout=20)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=20)
            raise AssertionError(f"rounds serve did not stop on SIGTERM:\n{self.tail()}") from None
        finally:
            self.process = None

    def tail(self, lines: int = 40) -> str:
        """The end of its log, for a failing test to show."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])
