"""The tables of the read model. A change to them raises `VERSION`, which makes the service build them anew."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    inspect,
    select,
    text,
)

from service.sql import writing

VERSION = 1


def _plain(length: int) -> String:
    """Text that is ordered by its characters alone, as SQLite does: PostgreSQL would order it by a language."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


metadata = MetaData()

version = Table("readmodel_version", metadata, Column("version", Integer, primary_key=True))

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("mailbox", String(80), primary_key=True),
    Column("seq", JSON, nullable=False),
)

# A record is known by team and id: what one team pushes under another's record id stays its own.
records = Table(
    "records",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("id", _plain(120), primary_key=True),
    Column("mailbox", String(80), nullable=False),
    Column("form", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    Column("rev", String(60), nullable=False),
    Column("state", String(20), nullable=False),
    Column("verdict", String(20), nullable=False),
    Column("reason", String(60)),
    Column("digest", String(64), nullable=False),
    Column("answers", JSON, nullable=False),
    Column("receipt", JSON, nullable=False),
    Column("label", JSON, nullable=False),
    Column("task", String(60)),
    Column("problem_count", Integer, nullable=False),
    Column("collision_count", Integer, nullable=False),
    Column("edit_count", Integer, nullable=False),
    Column("updated", _plain(80), nullable=False),
    Column("updated_by", String(80), nullable=False),
    Column("search", Text, nullable=False),
)
for _name, _columns in {
    "newest": ("updated", "id"),
    "team": ("team", "updated", "id"),
    "form": ("form", "updated", "id"),
    "verdict": ("verdict", "updated", "id"),
    "state": ("state", "updated", "id"),
    "id": ("id",),
}.items():
    Index(f"records_by_{_name}", *(records.c[column] for column in _columns))

problems = Table(
    "problems",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", String(120), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("path", String(400), nullable=False),
    Column("code", String(60), nullable=False, index=True),
    Column("problem", JSON, nullable=False),
)

edits = Table(
    "edits",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", String(120), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", String(40), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", String(80), nullable=False),
    Column("by", String(80), nullable=False),
    Column("device", String(40), nullable=False),
    Column("erased", Boolean, nullable=False),
    Column("fault", String(60)),
    Column("edit", JSON, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("id", _plain(40), primary_key=True),
    Column("record", String(120), nullable=False),
    Column("form", String(80), nullable=False),
    Column("path", String(400), nullable=False),
    Column("status", String(10), nullable=False),
    Column("opened", _plain(80), nullable=False),
    Column("closed_by", String(40)),
    Column("in_force", String(40)),
    Column("heads", JSON, nullable=False),
    Index("cases_by_status", "status", "opened", "id"),
    Index("cases_by_team", "team", "status", "opened", "id"),
    Index("cases_by_record", "team", "record"),
)


def prepare(engine: Engine) -> None:
    """Make the tables; where those of another version stand, drop them first. Intake then fills them anew."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7238601)"))
        standing = inspect(connection).has_table(version.name)
        if standing and connection.execute(select(version.c.version)).scalars().all() == [VERSION]:
            return
        metadata.drop_all(connection)
        metadata.create_all(connection)
        connection.execute(version.insert().values(version=VERSION))


def clear(engine: Engine) -> None:
    """Empty every table in one transaction, checkpoints included."""
    with writing(engine) as connection:
        for table in (problems, edits, cases, records, checkpoints):
            connection.execute(table.delete())
