"""How far intake has read each mailbox."""

from __future__ import annotations

from sqlalchemy import Engine, select

from service.readmodel.tables import checkpoints
from sync.store import NotFound, Seq, Store


def checkpoint(engine: Engine, mailbox: str) -> Seq | None:
    """The sequence up to which a mailbox was projected; None where it never was."""
    with engine.connect() as connection:
        query = select(checkpoints.c.seq).where(checkpoints.c.mailbox == mailbox)
        seq: Seq | None = connection.execute(query).scalar()
    return seq


def behind(store: Store, engine: Engine) -> dict[str, bool]:
    """For each mailbox whether it has changes that were not projected yet."""
    late = {}
    for name in store.names():
        if not name.startswith("mailbox-"):
            continue
        since = checkpoint(engine, name)
        try:
            late[name] = bool(store.database(name).changes(0 if since is None else since, limit=1).results)
        except NotFound:
            continue
    return late
