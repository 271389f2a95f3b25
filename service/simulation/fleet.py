"""One part of a campaign: some teams with their tablets and hubs, their days, and what went wrong on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, timedelta
from pathlib import Path
from random import Random

from schemas.form import Form
from service.auth.access import TEAM
from service.auth.devices import Devices
from service.auth.directory import Directory, User
from service.campaign import mailbox_of
from service.parts import Parts
from service.simulation import answers
from service.simulation.check import check_replica
from service.simulation.journal import Journal
from service.simulation.meeting import carry, meet, send_again
from service.simulation.office import Hub
from service.simulation.plan import BEGIN, PARTITION_DAYS, TEAMS_WITH_HUB, Chances, Plan
from service.simulation.tablet import Tablet
from sync.checkpoints import Endpoint, endpoint
from sync.embedded import EmbeddedStore
from sync.forms import FormLibrary
from sync.replicate import Replication
from sync.signature import public_jwk
from sync.store import Database, Seq, Store, UserContext

YEAR = timedelta(days=365)
ENTERPRISES = 2
"""For each record of the plan: most are visited once, some twice."""
RECENT = 2
"""What people still change: the last so many records of their own and of their colleagues, and the team's first."""
CHANGES = 4
OWN = {"type": "record"}
"""What tablets push; the rest is written by hubs and the office (law 26)."""


@dataclass
class Events:
    """What happened on the way."""

    meetings: int = 0
    cut: int = 0
    repeated: int = 0
    by_hub: int = 0
    by_stick: int = 0
    relays: int = 0
    partitions: int = 0
    refused: int = 0
    wrong_clocks: int = 0
    withdrawn: int = 0
    same_thing_twice: int = 0

    def add(self, other: Events) -> None:
        """Count what happened elsewhere too."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


class Fleet:
    """Every `share[1]`-th team from `share[0]` on. `parts` are the office's, as this process has them open."""

    def __init__(self, plan: Plan, share: tuple[int, int], parts: Parts, folder: Path) -> None:
        self.plan, self.chances = plan, Chances()
        self._parts, self.office = parts, parts.store
        self.journal, self.events = Journal(), Events()
        self.chance = Random(f"{plan.seed}/{share[0]}")  # noqa: S311 - a simulation, to be repeated
        self.teams = list(teams_of(plan)[share[0] :: share[1]])
        self._library = FormLibrary(self.office.database("reference"))
        self._replicas = EmbeddedStore(folder / f"tablets-{share[0]}")
        self.tablets = [self._tablet(number, team) for number, team in _posts(plan) if team in self.teams]
        with_hub = set(teams_of(plan)[::TEAMS_WITH_HUB])
        self.hubs = {team: self._hub(folder / team, team) for team in self.teams if team in with_hub}
        self.today = BEGIN

    def _tablet(self, number: int, team: str) -> Tablet:
        chance = Random(f"{self.plan.seed}/tablet {number}")  # noqa: S311 - as above
        local = self._replicas.create(f"tablet-{number + 1:04d}")
        tablet = Tablet(number, team, local, self.form(1), self.journal, chance)
        wrong = chance.random() < self.chances.wrong_clock
        tablet.clock_error = chance.uniform(-1, 1) * (YEAR if wrong else timedelta(minutes=2))
        self.events.wrong_clocks += abs(tablet.clock_error) > timedelta(hours=1)
        self._enter(tablet)
        return tablet

    def _enter(self, tablet: Tablet) -> None:
        """Make the office know a tablet and its owner, who has no password and signs in nowhere."""
        person = User(tablet.person, tablet.person, ("inspector",), (tablet.team,), "", disabled=False)
        doc = {"_id": f"user:{person.name}", "type": "user", "name": person.name, "roles": ["inspector"]}
        Directory(self.office).office.put({**doc, "teams": [tablet.team], "password": "", "disabled": False})
        Devices(Directory(self.office)).register(person, public_jwk(tablet.key), tablet.name, 0.0)

    def _hub(self, folder: Path, team: str) -> Hub:
        security = {team: self.mailbox(team).security()}
        return Hub(f"hub-{team}", folder, security, self.office.database("reference").security())

    def mailbox(self, team: str) -> Database:
        """A team's mailbox at the office."""
        return self.office.database(mailbox_of(team))

    def form(self, version: int) -> Form:
        """A version of the form that the office has published."""
        self._library.refresh()
        form = self._library.form(answers.FORM, version)
        assert form is not None
        return form

    def live_through(self, day: int) -> tuple[int, int]:
        """One day: everybody works, and meets whom they can; how many records and edits there are then."""
        self.today = BEGIN + timedelta(days=day)
        self._work(day)
        self._meet()
        self._relay()
        return len(self.journal), self.journal.edits

    def _work(self, day: int) -> None:
        """Everybody fills what falls to them today, and changes some of what is there."""
        plan, each = self.plan, self.plan.tablets * self.plan.days
        for tablet in self.tablets:
            tablet.begin(self.today.replace(hour=1, tzinfo=UTC))
            place = day * plan.tablets + tablet.number
            for _ in range(plan.records * (place + 1) // each - plan.records * place // each):
                self._visit(tablet)
            self._mend(tablet)

    def _visit(self, tablet: Tablet) -> None:
        chance = tablet.chance
        about = answers.enterprise(chance.randrange(self.plan.records * ENTERPRISES))
        record = tablet.fill(about)
        if chance.random() < self.chances.own_again:
            tablet.change(record)
        if chance.random() < self.chances.twice:
            colleagues = [each for each in self.tablets if each.team == tablet.team and each is not tablet]
            if colleagues:
                chance.choice(colleagues).fill(about)
                self.events.same_thing_twice += 1

    def _mend(self, tablet: Tablet) -> None:
        """Change records that colleagues are likely to change as well, and withdraw one now and then."""
        chance = tablet.chance
        recent = [*tablet.known[:RECENT], *tablet.known[-RECENT:], *tablet.own[-RECENT:]]
        for _ in range(CHANGES if recent else 0):
            if chance.random() < self.chances.changed:
                tablet.change(chance.choice(recent))
        if tablet.own and chance.random() < self.chances.withdrawn:
            tablet.withdraw(chance.choice(tablet.own))
            self.events.withdrawn += 1

    def _meet(self) -> None:
        """Whoever has a way to somebody takes it, in no particular order."""
        for tablet in self.chance.sample(self.tablets, len(self.tablets)):
            place = self._reachable(tablet)
            if place is not None:
                self._meeting(tablet, place)
                self.events.by_hub += place is not self.office

    def _reachable(self, tablet: Tablet) -> Store | None:
        """The office's store, the hub's, or none today."""
        chance = tablet.chance
        if tablet.days_alone:
            tablet.days_alone -= 1
            if tablet.unsent and chance.random() < self.chances.stick:
                self._by_stick(tablet)
            return None
        if chance.random() < self.chances.partition:
            tablet.days_alone = chance.randint(*PARTITION_DAYS)
            self.events.partitions += 1
            return None
        if chance.random() < self.chances.network:
            return self.office
        hub = self.hubs.get(tablet.team)
        return hub.store if hub is not None and chance.random() < self.chances.hub else None

    def _by_stick(self, tablet: Tablet) -> None:
        mailbox = mailbox_of(tablet.team)
        self.events.refused += carry(tablet.local, mailbox, tablet.unsent, tablet.author(), self._parts)
        self.events.by_stick += 1

    def _meeting(self, tablet: Tablet, place: Store, *, smoothly: bool = False) -> None:
        events, chance = self.events, tablet.chance
        here, there = Endpoint(tablet.local, tablet.name), endpoint(place, mailbox_of(tablet.team))
        user = UserContext(tablet.person, frozenset({"inspector", TEAM + tablet.team}))
        events.meetings += 1
        if not smoothly and chance.random() < self.chances.cut:
            events.cut += 1
            events.refused += meet(here, there, user, sent=OWN, cut_after=chance.randint(0, 1))
            return
        events.refused += meet(here, there, user, sent=OWN)
        if not smoothly and chance.random() < self.chances.repeated:
            events.repeated += 1
            events.refused += send_again(here, there, user, sent=OWN)
        tablet.unsent.clear()
        tablet.look()
        newest = 2 if place.database("reference").all(keys=[f"form:{answers.FORM}:2"]) else 1
        tablet.learn(self.form(newest))

    def _relay(self) -> None:
        """Hubs judge what they have gathered; some reach the office."""
        for hub in self.hubs.values():
            hub.intake.drain()
            if self.chance.random() < self.chances.hub_relays:
                self._to_office(hub)

    def _to_office(self, hub: Hub) -> None:
        """A hub meets the office: reference comes, mailboxes go both ways."""
        Replication(endpoint(self.office, "reference"), endpoint(hub.store, "reference"), designs=False).run()
        relay = UserContext(hub.name, frozenset({"hub"}))
        for team in hub.teams:
            name = mailbox_of(team)
            self.events.refused += meet(endpoint(hub.store, name), endpoint(self.office, name), relay)
        self.events.relays += 1

    def hubs_meet(self) -> None:
        """Every hub judges what it has and meets the office, whatever the day is like."""
        for hub in self.hubs.values():
            hub.intake.drain()
            self._to_office(hub)

    def everybody_meets(self) -> None:
        """Every tablet meets the office, and nothing goes wrong."""
        for tablet in self.tablets:
            self._meeting(tablet, self.office, smoothly=True)

    def positions(self) -> list[Seq]:
        """How much was ever written in each replica."""
        replicas = [hub.store.database(mailbox_of(team)) for team, hub in self.hubs.items()]
        return [each.info().update_seq for each in [*replicas, *(tablet.local for tablet in self.tablets)]]

    def differences(self) -> list[str]:
        """What replicas have that the office lacks, or lack."""
        replicas = [(tablet.name, tablet.local, tablet.team) for tablet in self.tablets]
        replicas += [(hub.name, hub.store.database(mailbox_of(team)), team) for team, hub in self.hubs.items()]
        return [fault for name, replica, team in replicas for fault in check_replica(name, replica, self.mailbox(team))]

    def account(self) -> tuple[Journal, Events]:
        """What was done, and what happened."""
        return self.journal, self.events


def teams_of(plan: Plan) -> Sequence[str]:
    """The names of the teams."""
    return [f"team-{number + 1:03d}" for number in range(plan.teams)]


def _posts(plan: Plan) -> list[tuple[int, str]]:
    """Each tablet's number and team."""
    return [(number, teams_of(plan)[number % plan.teams]) for number in range(plan.tablets)]
