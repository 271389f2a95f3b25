"""`rounds serve` keeps its processes alive, and they never outlive it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.live import ROOT, Live

SUPERVISE = """
import os, signal, sys, threading, time
from pathlib import Path
from service.server import Child, Supervisor

folder = Path(sys.argv[1])

def steady():
    with (folder / "steady").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    threading.Event().wait()

def failing():
    with (folder / "failing").open("a") as file:
        file.write(f"{os.getpid()}\\n")
    raise SystemExit(3)

def ready():
    (folder / "ready").touch()

Supervisor([Child("steady", steady), Child("failing", failing)]).run(ready)
(folder / "ended").touch()
"""


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def pids(folder: Path, name: str) -> list[int]:
    path = folder / name
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(tmp_path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_for(lambda: bool(pids(tmp_path, "steady")) and (tmp_path / "ready").exists())
    yield process
    process.kill()
    process.wait()


def test_a_process_that_is_killed_is_started_again(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.kill(pids(tmp_path, "steady")[0], signal.SIGKILL)
    wait_for(lambda: len(pids(tmp_path, "steady")) == 2)


def test_a_process_that_fails_at_once_is_started_again_ever_more_slowly(
    supervisor: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    wait_for(lambda: len(pids(tmp_path, "failing")) >= 3)
    assert len(pids(tmp_path, "failing")) < 10
    assert len(pids(tmp_path, "steady")) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_processes(
    supervisor: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    supervisor.send_signal(number)
    assert supervisor.wait(timeout=20) == 0
    assert (tmp_path / "ended").exists()
    assert not any(map(lives, pids(tmp_path, "steady") + pids(tmp_path, "failing")))


def test_its_processes_die_with_it_when_it_is_killed(supervisor: subprocess.Popen[bytes], tmp_path: Path) -> None:
    supervisor.kill()
    supervisor.wait()
    wait_for(lambda: not any(map(lives, pids(tmp_path, "steady") + pids(tmp_path, "failing"))))


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    service = Live(tmp_path / "data", "--demo").start().wait()
    yield service
    service.stop()


def test_the_whole_serves_and_prints_where_and_for_whom(live: Live) -> None:
    wait_for(lambda: "Ctrl-C" in live.tail())
    printed = live.tail()
    assert f"{live.url}/office/" in printed
    assert "li.wei" in printed
    assert "demo-north-1" in printed


def test_the_whole_is_gone_after_sigterm(live: Live) -> None:
    process = live.process
    assert process is not None
    group = process.pid
    live.stop()
    members = subprocess.run(["ps", "-o", "pid=,stat=", "-g", str(group)], capture_output=True, text=True, check=False)
    assert [line for line in members.stdout.splitlines() if " Z" not in line] == []


def test_web_workers_die_when_the_supervisor_is_killed(live: Live) -> None:
    process = live.process
    assert process is not None
    wait_for(lambda: len(_group(process.pid)) >= 5)  # the first worker answers before the last is there
    process.kill()
    process.wait()
    wait_for(lambda: _group(process.pid) == [])


def _group(leader: int) -> list[int]:
    """The processes of a group that live."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def test_an_address_that_is_taken_is_refused_in_one_sentence(live: Live, tmp_path: Path) -> None:
    second = [*Live.command("serve"), "--data", str(tmp_path / "other"), "--bind", f"127.0.0.1:{live.port}"]
    ended = subprocess.run(second, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.strip().count("\n") == 0
    assert "Address already in use" in ended.stderr
