"""Debian's nginx with the configuration of deploy/, in front of loopback servers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.live import ROOT, free_port

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
NO_NGINX = "" if Path(NGINX).exists() else "nginx is not installed"
READY_SECONDS = 20


def rendered(folder: Path, couchdb: str, service: str) -> str:
    """The configuration as deployed, but for the addresses and the places of its files."""
    text = (ROOT / "deploy/nginx/nginx.conf").read_text("utf-8")
    replaced = {
        "server service:8000;": f"server {service};",
        "server couchdb:5984;": f"server {couchdb};",
        "/tmp/": f"{folder}/",
        "/dev/stderr": f"{folder}/error.log",
        "/dev/stdout": f"{folder}/access.log",
    }
    for old, new in replaced.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Proxy:
    """A running nginx; `url` is where it listens."""

    def __init__(self, folder: Path, couchdb: str, service: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.folder = folder
        (folder / "nginx.conf").write_text(rendered(folder, couchdb, service), "utf-8")
        (folder / "listen.conf").write_text(f"listen 127.0.0.1:{self.port};\n")
        # nginx would drop to a user who may not read a test's folder.
        globals_ = "daemon off;" + (" user root;" if os.getuid() == 0 else "")
        command = [NGINX, "-p", str(folder), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf", "-g", globals_]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE)
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self._process.kill()
        _, said = self._process.communicate()
        raise AssertionError(f"nginx did not start: {said.decode()}")

    def stop(self) -> None:
        """End it, master and workers."""
        self._process.terminate()
        self._process.communicate(timeout=20)
