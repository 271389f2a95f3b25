"""What the office pages and the API ask of the read model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, Select, Table, select, tuple_

from service.readmodel.paging import Page, Row, decode, encode
from service.readmodel.tables import edits, problems, records


@dataclass(frozen=True)
class Filter:
    """Which records to list; empty means any. `teams` bounds what the reader may see at all; None is every team."""

    teams: frozenset[str] | None = None
    team: str = ""
    form: str = ""
    state: str = ""
    verdict: str = ""
    q: str = ""


UNITS_LISTED = 2000
"""In a list to choose from."""
UNIT_RECORDS = 1000
"""Records of one unit and form that are compared."""


class Lists:
    """Reads of the read model, each bounded by the teams that the reader may see."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def records(self, wanted: Filter, *, limit: int, cursor: str = "") -> Page:
        """The latest changed first."""
        query = bounded(select(*_LISTED), records, wanted.teams)
        for name in ("team", "form", "state", "verdict"):
            if value := getattr(wanted, name):
                query = query.where(records.c[name] == value)
        for word in wanted.q.lower().split():
            query = query.where(records.c.search.contains(word, autoescape=True))
        key = (records.c.updated, records.c.id, records.c.team)
        if cursor:
            query = query.where(tuple_(*key) < tuple_(*decode(cursor, 3)))
        rows = self._rows(query.order_by(*(column.desc() for column in key)).limit(limit + 1))
        return page_of(rows, limit, ("updated", "id", "team"))

    def record(self, record_id: str, teams: frozenset[str] | None, team: str = "") -> Row | None:
        """One record; where two teams hold one of that id, that of `team`, or of the first by name."""
        query = bounded(select(records), records, teams).where(records.c.id == record_id)
        if team:
            query = query.where(records.c.team == team)
        return self._first(query.order_by(records.c.team))

    def problems(self, record_id: str, team: str) -> list[Row]:
        """What is wrong with a record, in the order of its form."""
        mine = (problems.c.team == team) & (problems.c.record == record_id)
        return [row["problem"] for row in self._rows(select(problems).where(mine).order_by(problems.c.position))]

    def history(self, record_id: str, team: str) -> list[Row]:
        """A record's edits, the oldest first."""
        mine = (edits.c.team == team) & (edits.c.record == record_id)
        return self._rows(select(edits).where(mine).order_by(edits.c.position))

    def begun(self, record_id: str, team: str) -> Row | None:
        """The edit that a record was begun with."""
        mine = (edits.c.team == team) & (edits.c.record == record_id)
        return self._first(select(edits).where(mine).order_by(edits.c.position))

    def of_unit(self, unit: str, form: str, teams: frozenset[str] | None) -> list[Row]:
        """What was handed in about a unit by a form: `{team, id, answers}`, drafts and withdrawn ones left out."""
        columns = (records.c.team, records.c.id, records.c.answers)
        query = bounded(select(*columns), records, teams).where(records.c.unit == unit, records.c.form == form)
        query = query.where(records.c.state.not_in(["draft", "withdrawn"]))
        return self._rows(query.order_by(records.c.team, records.c.id).limit(UNIT_RECORDS))

    def units(self, forms: Sequence[str], teams: frozenset[str] | None) -> list[str]:
        """The units that records by these forms are about."""
        query = bounded(select(records.c.unit).distinct(), records, teams)
        query = query.where(records.c.form.in_(forms), records.c.unit.is_not(None), records.c.unit != "")
        return [row["unit"] for row in self._rows(query.order_by(records.c.unit).limit(UNITS_LISTED))]

    def forms(self, teams: frozenset[str] | None) -> list[str]:
        """The forms that there are records of."""
        query = bounded(select(records.c.form).distinct(), records, teams).order_by(records.c.form)
        return [row["form"] for row in self._rows(query)]

    def _rows(self, query: Select[Any]) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def _first(self, query: Select[Any]) -> Row | None:
        rows = self._rows(query.limit(1))
        return rows[0] if rows else None


_LISTED = [column for column in records.c if column.name not in {"answers", "receipt", "search"}]


def bounded(query: Select[Any], table: Table, teams: frozenset[str] | None) -> Select[Any]:
    """The query, kept to the rows of these teams; None is every team."""
    return query if teams is None else query.where(table.c.team.in_(sorted(teams)))


def page_of(rows: Sequence[Row], limit: int, key: tuple[str, ...]) -> Page:
    """The page that these rows make, one more of them than `limit` where there is a next one."""
    items = rows[:limit]
    more = len(rows) > limit and items
    return Page(items, encode(*(items[-1][name] for name in key)) if more else None)
