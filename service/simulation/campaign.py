"""The campaign, day by day: people fill and change, tablets and hubs meet whom they can, the office decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from schemas.form import Form
from service.auth.access import TEAM
from service.campaign import mailbox_of
from service.simulation import answers
from service.simulation.journal import Journal
from service.simulation.meeting import meet, send_again
from service.simulation.office import Hub, Office, open_office
from service.simulation.plan import BEGIN, PARTITION_DAYS, TEAMS_WITH_HUB, Chances, Plan
from service.simulation.tablet import Tablet
from sync.checkpoints import Endpoint, endpoint
from sync.embedded import EmbeddedStore
from sync.replicate import Replication
from sync.store import UserContext

YEAR = timedelta(days=365)
ENTERPRISES = 2_000
RECENT = 2
"""What people still change: the last so many records of their own and of their colleagues, and the team's first."""
CHANGES = 4
RELAY = UserContext("hub", frozenset({"hub"}))
OWN = {"type": "record"}
"""What tablets push; the rest is written by hubs and the office (law 26)."""
TELL = Callable[[str], None]


@dataclass
class Events:
    """What happened on the way."""

    meetings: int = 0
    cut: int = 0
    repeated: int = 0
    by_hub: int = 0
    relays: int = 0
    partitions: int = 0
    refused: int = 0
    wrong_clocks: int = 0
    withdrawn: int = 0
    same_thing_twice: int = 0


@dataclass
class Campaign:
    """Everybody and everything in it."""

    plan: Plan
    office: Office
    tablets: list[Tablet]
    hubs: dict[str, Hub]
    journal: Journal
    chance: Random
    chances: Chances
    replicas: EmbeddedStore
    today: datetime = BEGIN
    events: Events = field(default_factory=Events)

    @property
    def teams(self) -> list[str]:
        """The teams, by name."""
        return sorted({tablet.team for tablet in self.tablets})


@contextmanager
def begun(plan: Plan, folder: Path, chances: Chances) -> Iterator[Campaign]:
    """A campaign on the eve of its first day, with everything it keeps in `folder`."""
    teams = [f"team-{number + 1:03d}" for number in range(plan.teams)]
    with open_office(folder, teams) as office:
        journal, chance = Journal(), Random(plan.seed)  # noqa: S311 - a simulation, to be repeated
        replicas = EmbeddedStore(folder / "tablets")
        campaign = Campaign(plan, office, [], {}, journal, chance, chances, replicas)
        form = _form(office, 1)
        for number in range(plan.tablets):
            campaign.tablets.append(_tablet(campaign, number, teams[number % len(teams)], form))
        campaign.events.wrong_clocks = sum(abs(each.clock_error) > timedelta(hours=1) for each in campaign.tablets)
        for number in range(0, len(teams), TEAMS_WITH_HUB):
            campaign.hubs[teams[number]] = _hub(campaign, folder, teams[number])
        yield campaign


def _form(office: Office, version: int) -> Form:
    office.intake.refresh()
    form = office.parts.library.form(answers.FORM, version)
    assert form is not None
    return form


def _tablet(campaign: Campaign, number: int, team: str, form: Form) -> Tablet:
    name = f"tablet-{number + 1:04d}"
    chance = Random(f"{campaign.plan.seed}/{name}")  # noqa: S311 - as above
    tablet = Tablet(name, team, campaign.replicas.create(name), form, campaign.journal, chance)
    wrong = chance.random() < campaign.chances.wrong_clock
    tablet.clock_error = chance.uniform(-1, 1) * (YEAR if wrong else timedelta(minutes=2))
    campaign.office.enter(tablet)
    return tablet


def _hub(campaign: Campaign, folder: Path, team: str) -> Hub:
    store = campaign.office.store
    security = {team: store.database(mailbox_of(team)).security()}
    return Hub(f"hub-{team}", folder / team, security, store.database("reference").security())


def live_through(campaign: Campaign, tell: TELL) -> None:
    """Every day of it; midway, a new version of the form comes into force."""
    for day in range(campaign.plan.days):
        campaign.today = BEGIN + timedelta(days=day)
        if day == campaign.plan.days // 2:
            campaign.office.publish(2)
        _work(campaign, day)
        _meet(campaign)
        _relay(campaign)
        campaign.office.intake.drain()
        campaign.office.decide(campaign.chance, campaign.chances.decided, campaign.journal)
        tell(f"day {day + 1} of {campaign.plan.days}: {len(campaign.journal)} records, {campaign.journal.edits} edits")


def _work(campaign: Campaign, day: int) -> None:
    """Everybody fills what falls to them today, and changes some of what is there."""
    plan, each = campaign.plan, campaign.plan.tablets * campaign.plan.days
    for number, tablet in enumerate(campaign.tablets):
        tablet.begin(campaign.today.replace(hour=1, tzinfo=UTC))
        place = day * plan.tablets + number
        visits = plan.records * (place + 1) // each - plan.records * place // each
        for _ in range(visits):
            _visit(campaign, tablet)
        _mend(campaign, tablet)


def _visit(campaign: Campaign, tablet: Tablet) -> None:
    chances, chance = campaign.chances, tablet.chance
    about = answers.enterprise(chance.randrange(ENTERPRISES))
    record = tablet.fill(about)
    if chance.random() < chances.own_again:
        tablet.change(record)
    if chance.random() < chances.twice:
        colleagues = [each for each in campaign.tablets if each.team == tablet.team and each is not tablet]
        if colleagues:
            chance.choice(colleagues).fill(about)
            campaign.events.same_thing_twice += 1


def _mend(campaign: Campaign, tablet: Tablet) -> None:
    """Change records that colleagues are likely to change as well, and withdraw one now and then."""
    chances, chance = campaign.chances, tablet.chance
    recent = [*tablet.known[:RECENT], *tablet.known[-RECENT:], *tablet.own[-RECENT:]]
    for _ in range(CHANGES if recent else 0):
        if chance.random() < chances.changed:
            tablet.change(chance.choice(recent))
    if tablet.own and chance.random() < chances.withdrawn:
        tablet.withdraw(chance.choice(tablet.own))
        campaign.events.withdrawn += 1


def _meet(campaign: Campaign) -> None:
    """Whoever has a way to somebody takes it, in no particular order."""
    order = list(campaign.tablets)
    campaign.chance.shuffle(order)
    for tablet in order:
        place = _reachable(campaign, tablet)
        if place is not None:
            _meeting(campaign, tablet, place)


def _reachable(campaign: Campaign, tablet: Tablet) -> Office | Hub | None:
    chances, chance = campaign.chances, tablet.chance
    if tablet.partition.days:
        tablet.partition.days -= 1
        return None
    if chance.random() < chances.partition:
        tablet.partition.days = chance.randint(*PARTITION_DAYS)
        campaign.events.partitions += 1
        return None
    if chance.random() < chances.network:
        return campaign.office
    hub = campaign.hubs.get(tablet.team)
    return hub if hub is not None and chance.random() < chances.hub else None


def _meeting(campaign: Campaign, tablet: Tablet, place: Office | Hub, *, smoothly: bool = False) -> None:
    events, chances, chance = campaign.events, campaign.chances, tablet.chance
    here = Endpoint(tablet.local, tablet.name)
    there = endpoint(place.store, mailbox_of(tablet.team))
    user = UserContext(tablet.person, frozenset({"inspector", TEAM + tablet.team}))
    cut = not smoothly and chance.random() < chances.cut
    events.refused += meet(here, there, user, sent=OWN, cut_after=chance.randint(0, 1) if cut else None)
    if not smoothly and not cut and chance.random() < chances.repeated:
        events.refused += send_again(here, there, user, sent=OWN)
        events.repeated += 1
    events.meetings += 1
    events.cut += cut
    events.by_hub += isinstance(place, Hub)
    if not cut:
        _catch_up(campaign, tablet, place)


def _catch_up(campaign: Campaign, tablet: Tablet, place: Office | Hub) -> None:
    tablet.look()
    newest = 2 if place.store.database("reference").all(keys=[f"form:{answers.FORM}:2"]) else 1
    tablet.learn(_form(campaign.office, newest))


def _relay(campaign: Campaign) -> None:
    """Hubs judge what they have gathered; some reach the office."""
    for hub in campaign.hubs.values():
        hub.intake.drain()
        if campaign.chance.random() < campaign.chances.hub_relays:
            relay(campaign, hub)


def relay(campaign: Campaign, hub: Hub) -> None:
    """A hub meets the office: reference comes, mailboxes go both ways."""
    office = campaign.office.store
    Replication(endpoint(office, "reference"), endpoint(hub.store, "reference"), designs=False).run()
    for team in hub.teams:
        name = mailbox_of(team)
        campaign.events.refused += meet(endpoint(hub.store, name), endpoint(office, name), RELAY)
    campaign.events.relays += 1


def settle(campaign: Campaign, rounds: int) -> int:
    """Everybody meets everybody until nothing is written any more; how many rounds it took, at most `rounds`."""
    for number in range(rounds):
        before = _positions(campaign)
        for hub in campaign.hubs.values():
            hub.intake.drain()
            relay(campaign, hub)
        campaign.office.intake.drain()
        for hub in campaign.hubs.values():
            relay(campaign, hub)
            hub.intake.drain()
        for tablet in campaign.tablets:
            _meeting(campaign, tablet, campaign.office, smoothly=True)
        if _positions(campaign) == before:
            return number
    return rounds


def _positions(campaign: Campaign) -> list[object]:
    places = [campaign.office.store.database(mailbox_of(team)) for team in campaign.teams]
    places += [hub.store.database(mailbox_of(team)) for hub in campaign.hubs.values() for team in hub.teams]
    return [place.info().update_seq for place in [*places, *(tablet.local for tablet in campaign.tablets)]]
