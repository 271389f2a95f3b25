"""What the office pages and the API ask about cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, case, func, or_, select, tuple_

from service.cases.kinds import LATE
from service.readmodel.lists import bounded, page_of
from service.readmodel.paging import Page, Row, decode
from service.readmodel.tables import case_notes, case_records, cases, identities, records, reports, supervisors

NOBODY = "-"
SORTS: Mapping[str, str] = {"opened": "opened", "due": "due"}
"""What a list may be ordered by, each the least first: what has waited longest, or is due first, is on top."""


@dataclass(frozen=True)
class CaseFilter:
    """Which cases to list; empty means any. `teams` bounds what the reader may see at all; None is every team.

    `owner` is a person, or `-` for nobody's. `due` lists what is due on this day or before it, `opened` what was
    opened on it or before; `awake` leaves out what is put off beyond this day. All three are dates (ISO).
    """

    teams: frozenset[str] | None = None
    status: str = ""
    kind: str = ""
    team: str = ""
    form: str = ""
    record: str = ""
    path: str = ""
    owner: str = ""
    due: str = ""
    opened: str = ""
    awake: str = ""


class CaseLists:
    """Reads of cases, each bounded by the teams that the reader may see."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def page(self, wanted: CaseFilter, *, limit: int, cursor: str = "", sort: str = "opened") -> Page:
        """Cases, what has waited longest first, or what is due first."""
        query = _filtered(_WITH_RECORD, wanted)
        key = (cases.c[SORTS[sort]], cases.c.id)
        if cursor:
            query = query.where(tuple_(*key) > tuple_(*decode(cursor, 2)))
        return page_of(self._rows(query.order_by(*key).limit(limit + 1)), limit, (SORTS[sort], "id"))

    def one(self, case_id: str, teams: frozenset[str] | None) -> Row | None:
        """One case with the entries that people made; None where there is none for this reader."""
        query = bounded(_WITH_RECORD.add_columns(case_notes.c.entries), cases, teams).where(cases.c.id == case_id)
        query = query.join(case_notes, case_notes.c.id == cases.c.id, isouter=True)
        rows = self._rows(query.limit(1))
        return rows[0] | {"entries": rows[0]["entries"] or []} if rows else None

    def of_record(self, record_id: str, team: str) -> list[Row]:
        """Every case that one record is part of, the open ones first."""
        shared = select(case_records.c.case).where(
            case_records.c.record_team == team, case_records.c.record == record_id
        )
        # A case about many of one identity, which has that for its id, does not name each of them.
        alike = select(identities.c.key).where(identities.c.team == team, identities.c.record == record_id)
        own = and_(cases.c.record_team == team, cases.c.record == record_id)
        query = _WITH_RECORD.where(or_(own, cases.c.id.in_(shared), cases.c.id.in_(alike)))
        return self._rows(query.order_by(cases.c.status.desc(), cases.c.opened, cases.c.id))

    def counts(self, wanted: CaseFilter) -> dict[str, int]:
        """How many there are of each kind."""
        query = _filtered(select(cases.c.kind, func.count().label("count")), wanted).group_by(cases.c.kind)
        return {row["kind"]: row["count"] for row in self._rows(query.order_by(cases.c.kind))}

    def tallies(self, teams: frozenset[str] | None, person: str, today: date) -> list[Row]:
        """The open cases that are not put off beyond today, as `{kind, count, overdue, mine}` for each kind."""
        awake = CaseFilter(teams=teams, status="open", awake=today.isoformat())
        shown = select(
            cases.c.kind,
            func.count().label("count"),
            _counted(cases.c.due < today.isoformat()).label("overdue"),
            _counted(_owned(person)).label("mine"),
        )
        return self._rows(_filtered(shown, awake).group_by(cases.c.kind).order_by(cases.c.kind))

    def some(self, ids: Sequence[str], teams: frozenset[str] | None) -> list[Row]:
        """Those of these cases that the reader may see, in the order of their ids."""
        query = bounded(_WITH_RECORD, cases, teams).where(cases.c.id.in_(ids))
        return self._rows(query.order_by(cases.c.id))

    def reports(self, team: str, devices: Iterable[str]) -> dict[str, Row]:
        """What these devices of a team have said of themselves last."""
        query = select(reports.c.device, reports.c.report).where(reports.c.team == team)
        return {row["device"]: row["report"] for row in self._rows(query.where(reports.c.device.in_(sorted(devices))))}

    def supervisors(self, team: str) -> frozenset[str]:
        """Who supervises a team."""
        query = select(supervisors.c.person).where(supervisors.c.team == team)
        return frozenset(row["person"] for row in self._rows(query))

    def open_cases(self, teams: frozenset[str] | None) -> int:
        """How many wait for a decision."""
        return sum(self.counts(CaseFilter(teams=teams, status="open")).values())

    def _rows(self, query: Select[Any]) -> list[Row]:
        with self._engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


_OF_TEAM: ColumnElement[bool] = cases.c.kind != LATE
"""What a team's supervisor may settle; whether edits count after all is the office's word."""
_BY_RULE = (
    select(func.min(supervisors.c.person))
    .where(supervisors.c.team == cases.c.team, _OF_TEAM)
    .correlate(cases)
    .scalar_subquery()
)
"""Whose a case is where nobody was named: its team's first supervisor by name, or nobody's of the office."""
_WITH_RECORD = select(
    cases,
    func.coalesce(cases.c.assigned, _BY_RULE).label("owner"),
    records.c.label,
    records.c.version,
    records.c.verdict,
    records.c.answers,
).join(records, and_(records.c.team == cases.c.record_team, records.c.id == cases.c.record), isouter=True)


def _counted(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((holds, 1), else_=0))


def _filtered(query: Select[Any], wanted: CaseFilter) -> Select[Any]:
    query = bounded(query, cases, wanted.teams)
    for name in ("status", "kind", "team", "form", "record", "path"):
        if value := getattr(wanted, name):
            query = query.where(cases.c[name] == value)
    if wanted.owner:
        query = query.where(_owned(wanted.owner))
    if wanted.due:
        query = query.where(cases.c.due <= wanted.due)
    if wanted.opened:
        query = query.where(cases.c.opened < wanted.opened + "~")  # which sorts behind every time of that day
    if wanted.awake:
        query = query.where(or_(cases.c.snoozed.is_(None), cases.c.snoozed <= wanted.awake))
    return query


def _owned(person: str) -> ColumnElement[bool]:
    """Cases of one person: named for it, or by the rule."""
    if person == NOBODY:
        return and_(cases.c.assigned.is_(None), or_(~_OF_TEAM, cases.c.team.not_in(select(supervisors.c.team))))
    first = select(supervisors.c.team).group_by(supervisors.c.team).having(func.min(supervisors.c.person) == person)
    return or_(cases.c.assigned == person, and_(cases.c.assigned.is_(None), _OF_TEAM, cases.c.team.in_(first)))
