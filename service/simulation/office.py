"""The places where tablets meet: the office, and hubs; each with the program's own store, intake and read model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from service.auth.devices import Devices
from service.auth.directory import User
from service.campaign import Campaign, mailbox_of
from service.cases import decisions
from service.cases.decisions import Choice
from service.cases.kinds import CONFLICT
from service.config import load
from service.installation import prepare
from service.parts import Parts, open_parts
from service.readmodel import tables
from service.readmodel.case_lists import CaseFilter, CaseLists
from service.readmodel.intake import intake_of
from service.readmodel.paging import Row
from service.readmodel.projection import SqlProjection
from service.simulation.answers import definitions
from service.simulation.journal import Journal
from service.simulation.tablet import Tablet
from service.sql import open_engine, sqlite_url
from sync import gate
from sync.embedded import EmbeddedStore
from sync.forms import FormLibrary
from sync.intake import Intake
from sync.signature import public_jwk
from sync.store import Document, Store

DECIDER = "office"
PAGE = 500
TEAM_NAMES = {"zh-Hans": "走访组", "zh-Hant": "走訪組", "en": "Team"}


class Office:
    """The office: an installation like any other, on the embedded store."""

    name = "office"

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.store: Store = parts.store
        self.campaign = Campaign(parts.store)
        self.intake = intake_of(parts)
        self.decided = 0

    def publish(self, version: int) -> None:
        """Put a version of the form into force."""
        self.campaign.publish(definitions()[version - 1])

    def enter(self, tablet: Tablet) -> None:
        """Know a tablet's key, as after its first sign-in."""
        person = User(tablet.person, tablet.person, ("inspector",), (tablet.team,), "", disabled=False)
        Devices(self.parts.directory).register(person, public_jwk(tablet.key), tablet.name, 0.0)

    def decide(self, chance: Random, likely: float, journal: Journal) -> None:
        """Settle some of the open conflicts, each for one of its values."""
        for case in list(self.open_conflicts()):
            if chance.random() < likely:
                self._decide(case, chance.choice(case["heads"])["edit"], journal)

    def open_conflicts(self) -> Iterator[Row]:
        """The conflicts that wait for a decision."""
        wanted = CaseFilter(status="open", kind=CONFLICT)
        cursor: str | None = ""
        while cursor is not None:
            page = CaseLists(self.parts.readmodel).page(wanted, limit=PAGE, cursor=cursor)
            yield from page.items
            cursor = page.next

    def _decide(self, case: Row, edit: str, journal: Journal) -> None:
        decided = decisions.decide(self.parts, DECIDER, case, Choice(edit=edit))
        record = self.store.database(mailbox_of(case["team"])).get(case["record"], decided.rev)
        made = next(each for each in record["edits"] if each["id"] == decided.edit_id)
        journal.note(case["team"], case["record"], made)
        self.decided += 1


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


@contextmanager
def open_office(folder: Path, teams: list[str]) -> Iterator[Office]:
    """A fresh office with these teams and the first version of the form."""
    config = load({"data": str(folder / "office"), "log_level": "warning"}, environ={})
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


def security_of(office: Office, database: str) -> dict[str, Any]:
    """What a database at the office says of who may enter it."""
    return office.store.database(database).security()
