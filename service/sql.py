"""Connections to the SQL side: SQLite by default, PostgreSQL where `ROUNDS_DATABASE_URL` says so."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    ScalarSelect,
    Select,
    Table,
    TableValuedAlias,
    Text,
    bindparam,
    cast,
    column,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    tuple_,
)

_WRITES = "rounds_writes"
BUSY_MS = 10_000


def sqlite_url(path: Path) -> str:
    """The address of an SQLite file."""
    return f"sqlite:///{path}"


def open_engine(url: str) -> Engine:
    """An engine for `url`; SQLite gets a write-ahead log, so that readers never wait for the writer."""
    options: dict[str, Any] = {"json_serializer": _written, "json_deserializer": _read}
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=16, **options)
    engine = create_engine(url, connect_args={"check_same_thread": False}, pool_size=16, max_overflow=48, **options)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _written(value: Any) -> str:
    """JSON text. What orjson refuses, which foreign logs may hold, is left to Python's own: lone surrogates, and
    integers of any size."""
    try:
        return orjson.dumps(value).decode()
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value)


def _read(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _prepare(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin where _begin says, not where the driver guesses
    for pragma in ("journal_mode = WAL", f"busy_timeout = {BUSY_MS}", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that starts by reading and then writes fails at once when another writer came between.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One transaction that writes; committed at the end, rolled back by an exception."""
    with engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
        yield connection


def put_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, each of which has every column of the table.

    The statement is written by SQLAlchemy, and once for each table: for each row it would go through the columns anew.
    """
    if not rows:
        return
    statement, columns = _insertion(table, connection.dialect)
    if connection.dialect.positional:
        values: list[Any] = [tuple(take(row[name]) for name, take in columns) for row in rows]
    else:
        values = [{name: take(row[name]) for name, take in columns} for row in rows]
    connection.exec_driver_sql(statement, values)


@lru_cache(maxsize=64)
def _insertion(table: Table, dialect: Dialect) -> tuple[str, list[tuple[str, Callable[[Any], Any]]]]:
    """The statement, and for each of its parameters what the driver is given for a value."""
    compiled = insert(table).compile(dialect=dialect)
    names = compiled.positiontup or list(compiled.binds)
    takes = (table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names)
    return str(compiled), [(name, take or _as_it_is) for name, take in zip(names, takes, strict=True)]


def _as_it_is(value: Any) -> Any:
    return value


def listed(connection: Connection, rows: Sequence[Sequence[str]]) -> TableValuedAlias:
    """Rows of texts as a table, however many: one parameter, one statement. Its columns are told by `nth`."""
    given = bindparam(None, _written(rows), type_=Text)
    if connection.dialect.name == "postgresql":
        made = func.json_array_elements(cast(given, JSON))
    else:
        made = func.json_each(given)
    return made.table_valued(column("value", JSON)).alias("listed")


def nth(rows: TableValuedAlias, place: int) -> ColumnElement[str]:
    """One column of listed rows."""
    found: ColumnElement[str] = rows.c.value[place].as_string()
    return found


def among(connection: Connection, one: Column[Any], texts: Sequence[str]) -> ColumnElement[bool]:
    """That a column has one of these texts."""
    return one.in_(select(nth(listed(connection, [[text] for text in texts]), 0)))


def both_among(
    connection: Connection, one: Column[Any], other: Column[Any], pairs: Sequence[tuple[str, str]]
) -> ColumnElement[bool]:
    """That two columns have one of these pairs of texts."""
    rows = listed(connection, pairs)
    return tuple_(one, other).in_(select(nth(rows, 0), nth(rows, 1)))


def as_array(connection: Connection, query: Select[Any]) -> ScalarSelect[Any]:
    """The rows of a query as one JSON array of arrays."""
    rows, group = query.subquery(), connection.dialect.name == "postgresql"
    array = func.json_build_array if group else func.json_array
    whole = func.json_agg if group else func.json_group_array
    return select(whole(array(*rows.c), type_=JSON)).scalar_subquery()
