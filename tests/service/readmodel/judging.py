"""What tests of intake share: receipts, rows, and a crash at every step."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from service.config import Config, load
from service.parts import Parts, open_parts
from service.readmodel import tables
from service.readmodel.intake import intake_of
from service.readmodel.projection import SqlProjection
from sync.embedded.database import EmbeddedDatabase
from sync.store import Database, Document, Unavailable
from tests.service.conftest import VISIT, Office

BASE = {**VISIT, "/survey/workers": 100}


def receipt_of(office: Office, record: str, team: str = "north") -> Document:
    return office.mailbox(team).get(f"receipt:{record}:office")


def rows_of(parts: Parts) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the read model but the checkpoints, in an order that depends on nothing else."""
    with parts.readmodel.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in (tables.records, tables.problems, tables.edits, tables.cases)
        }


class Crash(Exception):
    """The power went."""


@contextmanager
def crashing(step: int, *, after: bool) -> Iterator[Callable[[], int]]:
    """Every write of intake is counted; the one numbered `step` fails, before it happens or right after."""
    count = 0
    with pytest.MonkeyPatch.context() as patch:

        def dying(owner: type, name: str) -> None:
            real = getattr(owner, name)

            def counted(*args: Any, **options: Any) -> Any:
                nonlocal count
                count += 1
                if count == step and not after:
                    raise Crash
                outcome = real(*args, **options)
                if count == step:
                    raise Crash
                return outcome

            patch.setattr(owner, name, counted)

        dying(EmbeddedDatabase, "put_revisions")
        dying(EmbeddedDatabase, "put_many")
        for name in ("apply", "shelve", "shelved"):
            dying(SqlProjection, name)
        yield lambda: count


def outcome_of(config: Config) -> tuple[Any, Any]:
    """All that stands in the mailbox, and all rows."""
    parts = open_parts(config)
    try:
        database: Database = parts.store.database("mailbox-north")
        docs = [row.doc for row in database.all(include_docs=True)]
        leaves = [database.leaves(doc["_id"]) for doc in docs if doc]
        return (docs, leaves), rows_of(parts)
    finally:
        parts.close()


def judged(config: Config) -> None:
    parts = open_parts(config)
    try:
        intake_of(parts).drain()
    finally:
        parts.close()


def refusing(*_: Any, **__: Any) -> Any:
    raise Unavailable("The store does not answer.")


def die_at_every_write(config: Config, folder: Path, *, after: bool) -> tuple[int, tuple[Any, Any]]:
    """Judge copies of an office, of which each dies at another write and is judged again: all come to the same.

    How many writes there are, and what comes out. `folder` takes the copies.
    """

    def copy(name: str) -> Config:
        shutil.copytree(config.data, folder / name)
        return load({"data": str(folder / name), "log_level": "error"}, environ={})

    undisturbed = copy("undisturbed")
    with crashing(0, after=False) as writes:
        judged(undisturbed)
        steps = writes()
    expected = outcome_of(undisturbed)
    for step in range(1, steps + 1):
        disturbed = copy(f"step-{step}")
        with crashing(step, after=after), pytest.raises(Crash):
            judged(disturbed)
        judged(disturbed)
        assert outcome_of(disturbed) == expected, step
    return steps, expected
