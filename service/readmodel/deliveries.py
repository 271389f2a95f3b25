"""What has come from each device, what its records still miss, and what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, case, func, select

from service.readmodel.lists import bounded
from service.readmodel.paging import Row
from service.readmodel.tables import edits, media, named_media, records, reports

Key = tuple[str, str]
"""A device in a team: `(team, device)`."""


@dataclass(frozen=True)
class Came:
    """What has come: edits, those of them that wait for their verdict (`held`), the time of the last by the device's
    clock, files that its records name (`files`), and those of them that have not come (`missing`)."""

    edits: int = 0
    held: int = 0
    last_edit: str = ""
    files: int = 0
    missing: int = 0


class Deliveries:
    """Reads of the read model, each bounded by the teams that the reader may see; None is every team."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def came(self, teams: frozenset[str] | None) -> dict[Key, Came]:
        """By team and device, for each device that anything has come from."""
        made = self._grouped(
            bounded(select(edits.c.team, edits.c.device, func.count(), func.max(edits.c.at)), edits, teams).group_by(
                edits.c.team, edits.c.device
            )
        )
        waiting = select(edits.c.team, edits.c.device, func.count()).join(
            records, (records.c.team == edits.c.team) & (records.c.id == edits.c.record)
        )
        held = self._grouped(
            bounded(waiting.where(records.c.verdict == "held"), edits, teams).group_by(edits.c.team, edits.c.device)
        )
        absent = func.sum(case((named_media.c.arrived.is_(False), 1), else_=0))
        files = self._grouped(
            bounded(
                select(named_media.c.team, named_media.c.device, func.count(), absent), named_media, teams
            ).group_by(named_media.c.team, named_media.c.device)
        )
        return {key: _came(made.get(key), held.get(key), files.get(key)) for key in {*made, *files}}

    def reports(self, teams: frozenset[str] | None) -> dict[Key, Mapping[str, Any]]:
        """The last report of each device, as it was written: nothing of it has been checked."""
        query = bounded(select(reports.c.team, reports.c.device, reports.c.report), reports, teams)
        with self._engine.connect() as connection:
            return {(row[0], row[1]): row[2] for row in connection.execute(query)}

    def incomplete(self, team: str, device: str, limit: int) -> list[Row]:
        """Records with files that this device named and that have not come, the latest changed first.

        `missing` counts them, `altered` those of them of which other bytes have come.
        """
        shown = [records.c[name] for name in ("team", "id", "form", "version", "label", "updated", "updated_by")]
        mine = (named_media.c.team == team) & (named_media.c.device == device) & named_media.c.arrived.is_(False)
        altered = func.sum(case((media.c.sound.is_(False), 1), else_=0))
        query = (
            select(*shown, func.count().label("missing"), altered.label("altered"))
            .select_from(named_media)
            .join(records, (records.c.team == named_media.c.team) & (records.c.id == named_media.c.record))
            .outerjoin(media, (media.c.team == named_media.c.team) & (media.c.digest == named_media.c.digest))
            .where(mine)
            .group_by(records.c.team, records.c.id)
            .order_by(records.c.updated.desc(), records.c.id)
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _grouped(self, query: Any) -> dict[Key, tuple[Any, ...]]:
        with self._engine.connect() as connection:
            return {(row[0], row[1]): tuple(row[2:]) for row in connection.execute(query)}


def _came(made: tuple[Any, ...] | None, held: tuple[Any, ...] | None, files: tuple[Any, ...] | None) -> Came:
    count, last = made or (0, "")
    named, missing = files or (0, 0)
    return Came(count, held[0] if held else 0, last or "", named, int(missing or 0))
