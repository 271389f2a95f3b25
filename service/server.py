"""`rounds serve`: web workers and intake under one supervisor, which starts them again when they fail.

The children are forked, not started afresh, so that the program is loaded once. Each holds one end of a pipe whose
other end only the supervisor has: when the supervisor dies, however it dies, they see its end and stop.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn

import structlog

from service.app import create_app
from service.config import Config
from service.readmodel.intake import run_intake
from sync.embedded.serving.server import WebServer

log = structlog.get_logger(__name__)

GRACE_SECONDS = 8
"""What a request may take once the service is to stop; a tablet's longpoll is cut off and asked again."""
KILL_SECONDS = GRACE_SECONDS + 4
SHORT_LIFE_SECONDS = 10.0
BACKOFF_SECONDS = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0)
STOPS = (signal.SIGTERM, signal.SIGINT)


def web_server(config: Config) -> WebServer:
    """gunicorn; each of its workers makes its own application."""
    return WebServer(
        lambda: create_app(config),
        config.bind,
        workers=config.workers,
        threads=config.threads,
        graceful_timeout=GRACE_SECONDS,
        proc_name="rounds",
        logger_class="service.logs.GunicornLogger",
        certfile=str(config.certificate) if config.certificate else None,
    )


@dataclass
class Child:
    """One process that is kept alive: what it runs, and how it has fared."""

    name: str
    main: Callable[[], None]
    pid: int = 0
    started: float = 0.0
    failures: int = 0
    due: float = field(default=0.0)

    def failed(self, now: float) -> float:
        """Note its end; returns how long to wait before it is started again, in seconds."""
        self.pid = 0
        self.failures = 1 if now - self.started > SHORT_LIFE_SECONDS else self.failures + 1
        pause = BACKOFF_SECONDS[min(self.failures, len(BACKOFF_SECONDS)) - 1]
        self.due = now + pause
        return pause


class Supervisor:
    """Starts children and starts them again; ends when told to by a signal, and they with it."""

    def __init__(self, children: list[Child]) -> None:
        self._children = children
        self._stopping = threading.Event()
        self._wake_read, self._wake_write = os.pipe()
        self._life_read, self._life_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def run(self, ready: Callable[[], None]) -> None:
        """Run until a signal says stop. `ready` is called in a thread once the children were started."""
        for number in STOPS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._start_due()
        threading.Thread(target=ready, name="ready", daemon=True).start()
        while not self._stopping.is_set():
            self._wait()
            self._reap()
            if not self._stopping.is_set():
                self._start_due()
        self._end()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _wait(self) -> None:
        """Until a signal comes or a child is due to be started."""
        due = [child.due for child in self._children if not child.pid]
        timeout = max(0.0, min(due) - time.monotonic()) if due else None
        signal_waits(self._wake_read, timeout)

    def _start_due(self) -> None:
        for child in self._children:
            if not child.pid and child.due <= time.monotonic():
                child.started = time.monotonic()
                child.pid = self._fork(child)

    def _fork(self, child: Child) -> int:
        pid = os.fork()
        if not pid:
            self._become(child)
        return pid

    def _become(self, child: Child) -> NoReturn:
        """In the child: forget the supervisor's business, watch its life, do the work, never return."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*STOPS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._life_write)
            threading.Thread(target=_follow, args=(self._life_read,), name="life", daemon=True).start()
            child.main()
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:
            log.exception("a process failed", process=child.name)
        finally:
            os._exit(status)

    def _reap(self) -> None:
        for child in self._children:
            if child.pid and os.waitpid(child.pid, os.WNOHANG)[0]:
                pause = child.failed(time.monotonic())
                if not self._stopping.is_set():
                    log.error("a process ended and is started again", process=child.name, seconds=pause)

    def _end(self) -> None:
        """Tell the children to stop, wait for them, and kill those that do not."""
        self._signal(signal.SIGTERM)
        end = time.monotonic() + KILL_SECONDS
        while any(child.pid for child in self._children) and time.monotonic() < end:
            signal_waits(self._wake_read, 0.2)
            self._reap()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        for child in self._children:
            if child.pid:
                os.kill(child.pid, number)


def signal_waits(descriptor: int, timeout: float | None) -> None:
    """Wait until a signal has written to the pipe, or for so many seconds; empties it."""

    if select.select([descriptor], [], [], timeout)[0]:
        os.read(descriptor, 4096)


def _follow(life: int) -> None:
    """Stop this process when the supervisor is gone: nothing is ever written to the pipe, so reading ends with it."""
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)


def serve(config: Config, ready: Callable[[], None], **more: Callable[[], None]) -> None:
    """Serve until told to stop; `ready` is called once, in a thread, after the processes were started.

    `more` are processes besides, by name.
    """
    web = Child("web", lambda: web_server(config).run())
    intake = Child("intake", lambda: run_intake(config))
    Supervisor([web, intake, *(Child(name, main) for name, main in more.items())]).run(ready)


def in_a_child(job: Callable[[], Any]) -> int:
    """Run a job in a process of its own and return its exit status: what it opened is gone before we fork."""
    pid = os.fork()
    if pid:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    status = 1
    try:
        job()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        log.exception("preparation failed")
    finally:
        os._exit(status)
