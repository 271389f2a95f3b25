"""gunicorn with our settings: the same for the store alone and for the whole service."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from sync.embedded.protocol.waiting import LOT

CONNECTIONS = LOT.most + 2048
"""Of one process: those whose feeds wait, and others that are kept alive or at work."""


class WebServer(BaseApplication):  # type: ignore[misc]
    """Serves what `make` makes, in each worker process anew. `more` are further settings of gunicorn."""

    def __init__(
        self, make: Callable[[], Flask], bind: tuple[str, int], *, workers: int, threads: int, **more: Any
    ) -> None:
        host, port = bind
        self._make = make
        self._settings = {
            "bind": f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            "workers": workers,
            "threads": threads,
            "worker_class": "sync.embedded.serving.worker.FeedWorker",
            "worker_connections": CONNECTIONS,
            "backlog": 4096,
            "timeout": 120,
            "keepalive": 75,
            "limit_request_line": 8190,
            "control_socket_disable": True,
            "loglevel": "warning",
            **more,
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._make()
