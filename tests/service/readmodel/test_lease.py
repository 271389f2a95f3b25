"""Only one intake works at a time, and the death of the holder frees the lease."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from sqlalchemy import Engine

from service.readmodel.lease import hold

HOLDER = """
import sys, threading
from pathlib import Path
from service.readmodel.lease import hold
from service.sql import open_engine
with hold(open_engine(sys.argv[1]), Path(sys.argv[2]), threading.Event()) as held:
    print(held, flush=True)
    sys.stdin.read()
"""


def start_holder(engine: Engine, folder: Path) -> subprocess.Popen[str]:
    url = engine.url.render_as_string(hide_password=False)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    return holder


def stop_soon(stop: threading.Event) -> None:
    timer = threading.Timer(1.5, stop.set)
    timer.daemon = True
    timer.start()


def test_a_second_holder_waits_until_it_is_stopped(engine: Engine, tmp_path: Path) -> None:
    holder, stop = start_holder(engine, tmp_path), threading.Event()
    stop_soon(stop)
    with hold(engine, tmp_path, stop) as held:
        assert held is False
    holder.kill()
    holder.wait()


def test_the_lease_is_free_when_its_holder_is_killed(engine: Engine, tmp_path: Path) -> None:
    holder = start_holder(engine, tmp_path)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    with hold(engine, tmp_path, threading.Event()) as held:
        assert held is True


def test_the_lease_is_free_when_its_holder_lets_go(engine: Engine, tmp_path: Path) -> None:
    for _ in range(2):
        with hold(engine, tmp_path, threading.Event()) as held:
            assert held is True
