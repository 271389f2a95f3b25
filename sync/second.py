"""A second judge, in a process of its own: it judges half of a long page while intake judges the other half.

Verdicts depend on the edits and on the reference database alone, so it does not matter who gives them. What it says
comes with how far it had read the reference database; intake takes it for no more than a verdict that was given
before. A record goes to the same judge each time, which has verified its edits already. Where there is no second judge
yet, or none any more, intake judges everything itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any, NamedTuple, Self

import structlog

from sync.cores import Read, contents, usable
from sync.forms import FormLibrary
from sync.garbage import look_seldom
from sync.store import Document, Seq, StoreError
from sync.verdict import Judge, Judged

MANY = 32
"""Records for which it is worth the way to another process."""
SILENT_SECONDS, IDLE_SECONDS = 60.0, 60.0
"""How long it may neither take what it is sent nor say anything; how long it waits to be asked."""

log = structlog.get_logger(__name__)


class Asked(NamedTuple):
    """Records to be judged: winner and edits of each, and how far the asker has read the reference database."""

    mailbox: str
    reference: Seq
    records: Sequence[tuple[Document, Sequence[Any]]]


class Said(NamedTuple):
    """The verdicts by record, and how far the reference database was read for them."""

    reference: Seq
    verdicts: Mapping[str, Judged]


NOTHING = Said("", {})


def is_second(record_id: str) -> bool:
    """Whether a record is the second judge's: one of two is, always the same."""
    return zlib.crc32(record_id.encode(errors="replace")) % 2 == 1


class SecondJudge:
    """The asker's side. `sit` runs in a process of its own, with a connection and `given`; it ends by `serve`.

    The process is started when a long page comes and ends when none has come for a while. Use it in a `with`.
    """

    def __init__(self, sit: Callable[..., None], *given: Any) -> None:
        self._sit, self._given = sit, given
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._is_ready = self._owes = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, asked: Asked) -> bool:
        """Let it judge these; false where it cannot now, true where `answer` will tell."""
        if self._owes:
            self._end()  # whoever asked before has failed meanwhile; it may stand there with an answer nobody takes
        if not self._stands_ready():
            return False
        self._owes = True  # from here on it may stand there with half a question
        try:
            self._there.send(asked)
        except BlockingIOError:
            log.error("the second judge takes nothing; it is ended", seconds=SILENT_SECONDS)
            self._end()
        except (OSError, RecursionError):  # it is gone, or a record is nested too deep to be sent
            self._end()
        return self._owes

    def answer(self) -> Said:
        """What it says; nothing where it was not asked, has died, or does not answer."""
        if not self._owes:
            return NOTHING
        try:
            said: Said = self._there.recv()
            self._owes = False
            return said
        except BlockingIOError:
            log.error("the second judge does not answer; it is ended", seconds=SILENT_SECONDS)
        except (OSError, EOFError):
            log.warning("the second judge has died; its records are judged here")
        self._end()
        return NOTHING

    @property
    def _there(self) -> Connection:
        assert self._connection is not None
        return self._connection

    def _stands_ready(self) -> bool:
        """Whether it can be asked; it is started where it is not there, which nobody waits for."""
        if self._process is not None and not self._process.is_alive():
            self._end()
        if self._process is None and not self._has_begun():
            return False
        if not self._is_ready:
            with suppress(OSError, EOFError):
                self._is_ready = self._there.poll() and self._there.recv() is True
        return self._is_ready

    def _has_begun(self) -> bool:
        """Start it, where the machine has room for one more process."""
        context = multiprocessing.get_context("spawn")
        try:
            self._connection, theirs = context.Pipe()
            _limit(self._connection, SILENT_SECONDS)
            process = context.Process(target=self._sit, args=(theirs, *self._given), name="second judge", daemon=True)
            with theirs:
                process.start()
        except OSError as error:
            log.warning("a second judge cannot be started; its records are judged here", reason=str(error))
            self._end()
            return False
        self._process = process
        return True

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()  # one that somebody has stopped hears nothing else; it has nothing to put in order
            self._process.join()
            self._process.close()
        self._process = self._connection = None
        self._is_ready = self._owes = False


def _limit(connection: Connection, seconds: float) -> None:
    """Let nothing wait longer on a connection: sending and receiving then raise `BlockingIOError`. See socket(7)."""
    whole, rest = divmod(seconds, 1)
    length = struct.pack("@ll", int(whole), int(rest * 1_000_000))
    with socket.socket(fileno=os.dup(connection.fileno())) as same:  # the limits are the socket's, not this number's
        same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, length)
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, length)


def has_room(read: Read = contents) -> bool:
    """Whether a second process has a core to run on."""
    return usable(read) >= 2


def serve(connection: Connection, library: FormLibrary, name: str) -> None:
    """The judge's side: answer until nobody has asked for a while, or the asker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to all; the asker says when it is over
    judge = Judge(library, name)
    look_seldom()
    with suppress(EOFError, OSError):
        connection.send(True)
        while connection.poll(IDLE_SECONDS):
            connection.send(_say(judge, library, connection.recv()))


def _say(judge: Judge, library: FormLibrary, asked: Asked) -> Said:
    try:
        if library.position != asked.reference:
            library.refresh()
            if not library.is_at(asked.reference):  # the asker has news to read first, and would take nothing
                return NOTHING
        found = (_verdict(judge, asked.mailbox, *each) for each in asked.records)
        return Said(asked.reference, {each.record_id: each for each in found if each is not None})
    except StoreError:  # the asker meets the same, and knows what to do
        return NOTHING


def _verdict(judge: Judge, mailbox: str, winner: Document, edits: Sequence[Any]) -> Judged | None:
    """One verdict; None for a record that this program trips over, which the asker sets aside."""
    try:
        return judge.judge(mailbox, winner, edits)
    except StoreError:
        raise
    except Exception:
        return None
