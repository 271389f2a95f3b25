"""Writes which files have arrived, and brings the receipts of the records that name them up to date."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, delete, select, update

from service.readmodel.tables import media, named_media, records
from service.sql import put_rows
from sync.arrivals import File
from sync.receipts import with_media
from sync.store import Document

CHUNK = 400


def sound_of(connection: Connection, team: str, digests: Iterable[str]) -> set[str]:
    """Those of these files whose very bytes have arrived."""
    wanted, found = sorted(set(digests)), set[str]()
    for start in range(0, len(wanted), CHUNK):
        some = media.c.digest.in_(wanted[start : start + CHUNK])
        query = select(media.c.digest).where(media.c.team == team, some, media.c.sound.is_(True))
        found.update(connection.execute(query).scalars())
    return found


def put_files(connection: Connection, team: str, files: Sequence[File]) -> None:
    """Keep what became of these files, a few at a time, and let the records that name them know."""
    latest = {each.digest: each.sound for each in files}
    connection.execute(delete(media).where(media.c.team == team, media.c.digest.in_(sorted(latest))))
    rows = [{"team": team, "digest": digest, "sound": sound} for digest, sound in latest.items() if sound is not None]
    put_rows(connection, media, rows)
    for sound in (True, False):
        names = sorted(digest for digest, each in latest.items() if bool(each) is sound)
        mine = (named_media.c.team == team) & named_media.c.digest.in_(names)
        connection.execute(update(named_media).where(mine).values(arrived=sound))


def receipts_naming(connection: Connection, team: str, digests: Sequence[str]) -> list[Document]:
    """The receipts of the records that name any of these files, saying which of theirs have arrived."""
    mine = (named_media.c.team == team) & named_media.c.digest.in_(digests)
    names = connection.execute(select(named_media.c.record).where(mine).distinct()).scalars().all()
    told = [receipt for start in range(0, len(names), CHUNK) for receipt in _told(connection, team, names, start)]
    if told:
        change = update(records).where(records.c.team == team, records.c.id == bindparam("record_id"))
        rows = [{"record_id": receipt["record"], "receipt": receipt} for receipt in told]
        connection.execute(change, rows)
    return told


def _told(connection: Connection, team: str, names: Sequence[str], start: int) -> list[Document]:
    some = names[start : start + CHUNK]
    files: dict[str, dict[str, bool]] = {}
    query = select(named_media.c.record, named_media.c.digest, named_media.c.arrived)
    for record, digest, arrived in connection.execute(
        query.where(named_media.c.team == team, named_media.c.record.in_(some))
    ):
        files.setdefault(record, {})[digest] = arrived
    standing = select(records.c.id, records.c.receipt).where(records.c.team == team, records.c.id.in_(some))
    return [
        with_media(receipt, list(files[record]), [digest for digest, arrived in files[record].items() if arrived])
        for record, receipt in connection.execute(standing.order_by(records.c.id))
    ]
