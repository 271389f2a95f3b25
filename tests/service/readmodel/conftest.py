"""The read model on both databases that it can be kept in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.config import load
from service.readmodel import tables
from service.sql import open_engine, sqlite_url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty read model."""
    if request.param == "sqlite":
        url = sqlite_url(tmp_path / "readmodel.sqlite")
    else:
        given = request.getfixturevalue("postgresql")
        url = load(environ={"ROUNDS_DATABASE_URL": given}).database_url or ""
    engine = open_engine(url)
    tables.prepare(engine)
    tables.clear(engine)
    yield engine
    engine.dispose()
