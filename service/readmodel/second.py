"""The second judge of an installation."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from multiprocessing.connection import Connection

from service import logs
from service.auth.directory import Directory
from service.config import Config
from service.hub.identity import judge_of
from service.store import open_store
from sync.forms import FormLibrary
from sync.second import SecondJudge, has_room, serve


def second_judge(config: Config) -> AbstractContextManager[SecondJudge | None]:
    """The judge that takes half of a long page off intake; none on a machine with one core."""
    return SecondJudge(_sit, config) if has_room() else nullcontext()


def _sit(connection: Connection, config: Config) -> None:
    logs.configure(config.log_level, config.log_format)
    store = open_store(config)
    try:
        serve(connection, FormLibrary(Directory(store).reference), judge_of(config))
    finally:
        store.close()
