"""The places where tablets meet: the office, and hubs; each with the program's own store, intake and read model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from service.campaign import Campaign, mailbox_of
from service.cases import decisions
from service.cases.decisions import Choice
from service.cases.kinds import CONFLICT, DUPLICATE
from service.config import Config, load
from service.errors import RoundsError
from service.installation import prepare
from service.parts import Parts, open_parts
from service.readmodel import tables
from service.readmodel.case_lists import CaseFilter, CaseLists
from service.readmodel.duplicates import SAME
from service.readmodel.paging import Row
from service.readmodel.projection import SqlProjection
from service.simulation.answers import definitions
from service.simulation.journal import Journal
from service.sql import open_engine, sqlite_url
from sync import gate
from sync.embedded import EmbeddedStore
from sync.forms import FormLibrary
from sync.intake import MAILBOX, Intake
from sync.store import Document, Seq, Store

DECIDER = "office"
PAGE = 500
MOVED_ON = frozenset({"case_changed", "case_closed"})
"""What a decision hears that was made on an older sight of its case."""
TEAM_NAMES = {"zh-Hans": "走访组", "zh-Hant": "走訪組", "en": "Team"}


class Office:
    """The office: an installation like any other, on the embedded store."""

    name = "office"

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store: Store = parts.store
        self.campaign = Campaign(parts.store)
        self.decided = 0

    def publish(self, version: int) -> None:
        """Put a version of the form into force."""
        self.campaign.publish(definitions()[version - 1])

    def desk(self, teams: Sequence[str]) -> Desk:
        """Whoever judges and decides what these teams send."""
        return Desk(self, teams)

    def positions(self) -> list[Seq]:
        """How much was ever written in each mailbox."""
        names = [name for name in self.store.names() if name.startswith(MAILBOX)]
        return [self.store.database(name).info().update_seq for name in names]

    def same_things(self) -> Iterator[list[tuple[str, str]]]:
        """The records, by team and id, of each case that says they are of one thing."""
        for case in self._open_cases(CaseFilter(status="open", kind=DUPLICATE)):
            if case["detail"]["match"] == SAME:
                yield [(each["team"], each["record"]) for each in case["detail"]["documents"]]

    def open_conflicts(self, teams: Sequence[str] | None = None) -> Iterator[Row]:
        """The conflicts that wait for a decision; of these teams, or of all."""
        bound = None if teams is None else frozenset(teams)
        return self._open_cases(CaseFilter(teams=bound, status="open", kind=CONFLICT))

    def _open_cases(self, wanted: CaseFilter) -> Iterator[Row]:
        cursor: str | None = ""
        while cursor is not None:
            page = CaseLists(self.parts.readmodel).page(wanted, limit=PAGE, cursor=cursor)
            yield from page.items
            cursor = page.next


class Desk:
    """The office's intake and decisions for some of the teams."""

    def __init__(self, office: Office, teams: Sequence[str]) -> None:
        self._office = office
        self._teams = teams
        library = FormLibrary(office.store.database("reference"))
        self._intake = Intake(_Some(office.store, teams), library, SqlProjection(office.parts.readmodel))

    def judge(self) -> None:
        """Judge what has arrived."""
        self._intake.drain()

    def decide(self, chance: Random, likely: float, journal: Journal) -> None:
        """Settle some of the open conflicts, each for one of its values, and judge what comes of it."""
        for case in list(self._office.open_conflicts(self._teams)):
            if chance.random() < likely:
                self.decide_one(case, chance.choice(edits_of(case)), journal)
        self.judge()

    def decide_one(self, case: Row, edit: str, journal: Journal) -> None:
        """Settle a conflict for the value of this edit, unless the record has moved on since the case was read."""
        office = self._office
        try:
            decided = decisions.decide(office.parts, DECIDER, case, Choice(edit=edit, heads=edits_of(case)))
        except RoundsError as error:
            if error.code not in MOVED_ON:
                raise
            return  # a decision about something in this row came before; the case is seen again as it is then
        record = office.store.database(mailbox_of(case["team"])).get(case["record"], decided.rev)
        made = next(each for each in record["edits"] if each["id"] == decided.edit_id)
        journal.note(case["team"], case["record"], made)
        office.decided += 1


def edits_of(case: Row) -> list[str]:
    """The edits that stand against each other in a conflict, oldest first."""
    return [head["edit"] for head in case["heads"]]


class _Some:
    """A store of which only some teams' databases are listed."""

    def __init__(self, store: Store, teams: Sequence[str]) -> None:
        self._store = store
        self._names = sorted(mailbox_of(team) for team in teams)

    def names(self) -> list[str]:
        """Their mailboxes."""
        return self._names

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class Hub:
    """A supervisor's laptop: a store, and intake under a judge's name of its own."""

    def __init__(self, name: str, folder: Path, teams: Mapping[str, Document], reference: Document) -> None:
        self.name = name
        self.teams = tuple(teams)
        self.store: Store = EmbeddedStore(folder / "db", gate=gate.check)
        for database, security in {"reference": reference, **{mailbox_of(team): teams[team] for team in teams}}.items():
            self.store.create(database).set_security(security)
        engine = open_engine(sqlite_url(folder / "readmodel.sqlite"))
        tables.prepare(engine)
        library = FormLibrary(self.store.database("reference"))
        self.intake = Intake(self.store, library, SqlProjection(engine), judge=name)


def office_config(folder: Path) -> Config:
    """The office's settings."""
    return load({"data": str(folder / "office"), "log_level": "warning"}, environ={})


@contextmanager
def open_office(folder: Path, teams: list[str]) -> Iterator[Office]:
    """A fresh office with these teams and the first version of the form."""
    config = office_config(folder)
    prepare(config)
    parts = open_parts(config)
    try:
        office = Office(parts)
        for team in teams:
            office.campaign.add_team(team, TEAM_NAMES)
        office.publish(1)
        yield office
    finally:
        parts.close()
