"""What sign-in must remember and no document holds: failed attempts, and challenges that were given out.

Kept apart from the read model: a rebuild does not touch it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    text,
)

from service.errors import RoundsError
from service.sql import writing

metadata = MetaData()

attempts = Table(
    "operational_sign_in_attempts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(64), nullable=False),
    Column("address", String(64), nullable=False),
    Column("at", Float, nullable=False),
    Index("operational_attempts_name", "name", "at"),
    Index("operational_attempts_address", "address", "at"),
)
challenges = Table(
    "operational_challenges",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("device", String(64), nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
)

WINDOW = 15 * 60
"""Seconds for which a failed attempt counts."""
PER_NAME_AND_ADDRESS, PER_NAME, PER_ADDRESS = 5, 50, 100
"""Failures in a window. A name is hard to lock from elsewhere, and many tablets may share one address."""
CHALLENGE_SECONDS = 60
OPEN_CHALLENGES = 200
"""Challenges that one device may have open: what a flood can store is bounded."""


@dataclass(frozen=True)
class Challenge:
    """Text for a device to sign; `expires_at` in Unix seconds."""

    text: str
    expires_at: float


class Attempts:
    """Counts failed sign-ins by name and by address. An attempt counts from before it is checked."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, name: str, address: str, now: float) -> int:
        """Count an attempt. Raises `RoundsError` `too_many_attempts` where too many failed lately."""
        key, since = _digest(name), now - WINDOW
        with writing(self._engine) as connection:
            connection.execute(delete(attempts).where(attempts.c.at <= since))
            by_name, by_address, by_both = connection.execute(
                select(
                    func.count().filter(attempts.c.name == key),
                    func.count().filter(attempts.c.address == address),
                    func.count().filter(and_(attempts.c.name == key, attempts.c.address == address)),
                ).where(or_(attempts.c.name == key, attempts.c.address == address))
            ).one()
            if by_both >= PER_NAME_AND_ADDRESS or by_name >= PER_NAME or by_address >= PER_ADDRESS:
                raise RoundsError("too_many_attempts", retry_after=WINDOW, minutes=WINDOW // 60)
            row = insert(attempts).values(name=key, address=address, at=now).returning(attempts.c.id)
            return int(connection.execute(row).scalar_one())

    def succeeded(self, attempt: int, name: str, address: str) -> None:
        """Forget the attempt, and the failures of this name from this address."""
        mine = and_(attempts.c.name == _digest(name), attempts.c.address == address)
        with writing(self._engine) as connection:
            connection.execute(delete(attempts).where(or_(attempts.c.id == attempt, mine)))


class Challenges:
    """Gives out texts to sign; each can be used once, for a minute."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def issue(self, device: str, now: float) -> Challenge:
        """A new challenge for a device, which need not exist: the answer does not tell.

        Only so many are kept for one device, the latest: a stranger who asks for more in a device's name, which is no
        secret, does not keep it from signing in.
        """
        challenge = Challenge(secrets.token_urlsafe(32), now + CHALLENGE_SECONDS)
        with writing(self._engine) as connection:
            connection.execute(delete(challenges).where(challenges.c.expires_at <= now))
            mine = select(challenges.c.digest).where(challenges.c.device == device)
            oldest = mine.order_by(challenges.c.expires_at.desc(), challenges.c.digest).offset(OPEN_CHALLENGES - 1)
            surplus = connection.execute(oldest).scalars().all()
            connection.execute(delete(challenges).where(challenges.c.digest.in_(surplus)))
            row = {"digest": _digest(challenge.text), "device": device, "expires_at": challenge.expires_at}
            connection.execute(insert(challenges).values(row))
        return challenge

    def use(self, text: str, device: str, now: float) -> bool:
        """Use up a challenge; False where it was not given to this device, was used, or is too old."""
        this = (challenges.c.digest == _digest(text)) & (challenges.c.device == device)
        with writing(self._engine) as connection:
            done = connection.execute(delete(challenges).where(this, challenges.c.expires_at > now))
            return done.rowcount == 1


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def prepare(engine: Engine) -> None:
    """Make the tables that are not there yet."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(7238603)"))
        metadata.create_all(connection)
