"""JSON in the read model is what was put there, whatever a foreign log may hold; lists may be of any length."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Engine, Integer, MetaData, Table, Text, insert, select

from service.sql import among, both_among, open_engine, sqlite_url

metadata = MetaData()
things = Table("things", metadata, Column("id", Integer, primary_key=True), Column("name", Text), Column("value", JSON))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = open_engine(sqlite_url(tmp_path / "things.sqlite"))
    metadata.create_all(engine)
    return engine


@pytest.mark.parametrize("value", ["\ud800", 2**70, -(2**64), {"é\udfff": [1, None, True]}, "永利", 1.5, {}])
def test_json_comes_back_as_it_was(engine: Engine, value: Any) -> None:
    with engine.begin() as connection:
        connection.execute(insert(things).values(id=1, name="", value=value))
        assert connection.execute(select(things.c.value)).scalar() == value


def test_as_many_names_as_one_likes_are_asked_for_at_once(engine: Engine) -> None:
    names = ["o'brien", '"quoted"', "永利", "", "a,b"]
    with engine.begin() as connection:
        connection.execute(insert(things), [{"id": at, "name": name, "value": at} for at, name in enumerate(names)])
        asked = [*names[1:], *(f"unknown {number}" for number in range(50_000))]
        found = connection.execute(select(things.c.id).where(among(connection, things.c.name, asked))).scalars()
        assert sorted(found) == [1, 2, 3, 4]
        pairs = [("o'brien", "永利"), ("永利", "永利")]
        query = select(things.c.id).where(both_among(connection, things.c.name, things.c.name, pairs))
        assert connection.execute(query).scalars().all() == [2]
