"""The tables of the read model. A change to them raises `VERSION`, which makes the service build them anew."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
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

VERSION = 8


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
    Column("instance", Text, nullable=False),
)

# A record is known by team and id: what one team pushes under another's record id stays its own.
records = Table(
    "records",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("id", _plain(120), primary_key=True),
    Column("mailbox", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("rev", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reason", Text),
    Column("digest", String(64), nullable=False),
    Column("answers", JSON, nullable=False),
    Column("receipt", JSON, nullable=False),
    Column("label", JSON, nullable=False),
    Column("task", Text),
    Column("problem_count", Integer, nullable=False),
    Column("collision_count", Integer, nullable=False),
    Column("edit_count", Integer, nullable=False),
    Column("updated", _plain(120), nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("last_edit", Text, nullable=False),
    Column("identity", JSON),
    Column("unit", _plain(200)),
    Column("search", Text, nullable=False),
)
for _name, _columns in {
    "newest": ("updated", "id"),
    "team": ("team", "updated", "id"),
    "form": ("form", "updated", "id"),
    "verdict": ("verdict", "updated", "id"),
    "state": ("state", "updated", "id"),
    "held": ("mailbox", "verdict"),
    "id": ("id",),
    "unit": ("unit", "form"),
}.items():
    Index(f"records_by_{_name}", *(records.c[column] for column in _columns))

problems = Table(
    "problems",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("path", Text, nullable=False),
    Column("code", Text, nullable=False, index=True),
    Column("problem", JSON, nullable=False),
)

edits = Table(
    "edits",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("id", Text, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("at", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("device", Text, nullable=False),
    Column("erased", Boolean, nullable=False),
    Column("fault", Text),
    Column("edit", JSON, nullable=False),
    Index("edits_by_device", "team", "device", "at"),
    Index("edits_by_fault", "team", "fault"),
)

# What has come into the media databases: under a digest its very bytes (`sound`), or others.
media = Table(
    "media",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("sound", Boolean, nullable=False),
)

# The files that records name, each with the device whose edit named it first, and whether it has arrived.
named_media = Table(
    "named_media",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("device", Text, nullable=False),
    Column("arrived", Boolean, nullable=False),
    Index("named_media_by_digest", "team", "digest"),
    Index("named_media_by_device", "team", "device", "arrived"),
)

# `team` is whose case it is: empty where it is about records of several teams, which only the office sees.
# What follows from the records is in the columns up to `fingerprint`; the rest is that with people's notes on top.
cases = Table(
    "cases",
    metadata,
    Column("id", _plain(40), primary_key=True),
    Column("team", _plain(40), nullable=False),
    Column("kind", _plain(20), nullable=False),
    Column("record_team", _plain(40), nullable=False),
    Column("record", _plain(120), nullable=False),
    Column("form", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("rule_status", Text, nullable=False),
    Column("opened", _plain(120), nullable=False),
    Column("rule_due", _plain(10), nullable=False),
    Column("closed_by", Text),
    Column("in_force", Text),
    Column("heads", JSON, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", _plain(10), nullable=False),
    Column("closed_how", Text),
    Column("assigned", _plain(80)),
    Column("due", _plain(10), nullable=False),
    Column("snoozed", _plain(10)),
    Column("asked", Boolean, nullable=False),
    Index("cases_by_status", "status", "opened", "id"),
    Index("cases_by_due", "status", "due", "id"),
    Index("cases_by_kind", "status", "kind", "opened", "id"),
    Index("cases_counted", "status", "kind", "team", "assigned", "due", "snoozed"),
    Index("cases_by_team", "team", "status", "opened", "id"),
    Index("cases_by_assigned", "assigned", "status", "opened", "id"),
    Index("cases_by_record", "record_team", "record"),
)

# The records that a case about several is about.
case_records = Table(
    "case_records",
    metadata,
    Column("record_team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("case", _plain(40), primary_key=True),
    Index("case_records_by_case", "case"),
)

# The keys by which records that may be the same thing find each other: `same` and `near` ones, and the cases by which
# records were `joined`.
identities = Table(
    "identities",
    metadata,
    Column("key", _plain(40), primary_key=True),
    Column("team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("form", Text, nullable=False),
    Column("role", _plain(10), nullable=False),
    Column("mark", JSON),
    Index("identities_by_record", "team", "record"),
)

# The documents `case:<id>` of the office database.
case_notes = Table(
    "case_notes",
    metadata,
    Column("id", _plain(40), primary_key=True),
    Column("team", _plain(40), nullable=False),
    Column("kind", _plain(20), nullable=False),
    Column("record_team", _plain(40), nullable=False),
    Column("record", _plain(120), nullable=False),
    Column("form", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("opened", _plain(120), nullable=False),
    Column("entries", JSON, nullable=False),
    Index("case_notes_by_record", "record_team", "record"),
)

# Collisions that `latest` has settled, by the devices whose clocks took part.
by_time = Table(
    "by_time",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("record", _plain(120), primary_key=True),
    Column("path", _plain(1000), primary_key=True),
    Column("device", _plain(200), primary_key=True),
    Column("case", JSON, nullable=False),
    Index("by_time_by_device", "team", "device"),
)

# The documents `report:<device>` of the mailboxes: what devices say of themselves.
reports = Table(
    "reports",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("device", _plain(40), primary_key=True),
    Column("skew_ms", BigInteger),
    Column("report", JSON, nullable=False),
)

# Whose cases are whose, where nobody was named: the supervisors of each team.
supervisors = Table(
    "supervisors",
    metadata,
    Column("team", _plain(40), primary_key=True),
    Column("person", _plain(80), primary_key=True),
    Index("supervisors_by_person", "person"),
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
        for table in metadata.sorted_tables:
            if table is not version:
                connection.execute(table.delete())
