"""A PostgreSQL of one's own: a cluster in a temporary directory, on a free loopback port, stopped at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live import free_port

USER = "postgres"


def binaries() -> Path | None:
    """Where the newest installed PostgreSQL keeps its programs; None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start a cluster in `folder` and yield the address of its database."""
    programs = binaries()
    assert programs is not None
    data, port = folder / "cluster", free_port()
    folder.mkdir(parents=True, exist_ok=True)
    _let_in(folder)
    _run(programs / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    _run(programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        _run(programs / "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")


def _let_in(folder: Path) -> None:
    """PostgreSQL refuses to run as root: give it the folder, and a way through those above it."""
    if os.getuid() != 0:
        return
    shutil.chown(folder, USER)
    for parent in folder.parents:
        if str(parent).startswith("/tmp/") and not parent.stat().st_mode & 0o001:
            parent.chmod(parent.stat().st_mode | 0o011)


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.getuid() == 0:
        account = pwd.getpwnam(USER)
        words = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", *words]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")
