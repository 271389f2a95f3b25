"""How far intake has read each database."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, delete, insert, select

from service.readmodel.tables import checkpoints
from sync.store import START, Database, NotFound, Place, Store


def checkpoint(engine: Engine, mailbox: str) -> Place | None:
    """The place up to which a mailbox was projected; None where it never was."""
    with engine.connect() as connection:
        query = select(checkpoints.c.seq, checkpoints.c.instance).where(checkpoints.c.mailbox == mailbox)
        row = connection.execute(query).one_or_none()
    return None if row is None else Place(row.seq, row.instance)


def move(connection: Connection, name: str, place: Place) -> None:
    """Set how far a database was projected."""
    connection.execute(delete(checkpoints).where(checkpoints.c.mailbox == name))
    connection.execute(insert(checkpoints).values(mailbox=name, seq=place.seq, instance=place.instance))


def since(engine: Engine, database: Database) -> Place:
    """From where on a database is to be projected: from its beginning where another one of its name was."""
    found, instance = checkpoint(engine, database.name), database.info().instance
    return found if found is not None and found.instance == instance else Place(START, instance)


def behind(store: Store, engine: Engine) -> dict[str, bool]:
    """For each mailbox whether it has changes that were not projected yet."""
    late = {}
    for name in store.names():
        if not name.startswith("mailbox-"):
            continue
        try:
            database = store.database(name)
            late[name] = bool(database.changes(since(engine, database).seq, limit=1).results)
        except NotFound:
            continue
    return late
