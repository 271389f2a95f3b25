"""The campaign from its first day to the last: fleets in processes of their own, the office between them.

While half of the fleets live through their day, the office judges what the other half has brought. Their mailboxes are
different ones, so the outcome does not depend on who was faster.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from typing import Any

from service.parts import open_parts
from service.simulation.fleet import Events, Fleet, teams_of
from service.simulation.journal import Journal
from service.simulation.office import Office, office_config, open_office
from service.simulation.plan import Chances, Plan
from sync.garbage import look_seldom

FLEETS = 4
Tell = Callable[[str], None]


class FleetFailed(Exception):
    """A fleet's process met an error; the text is its traceback."""


class Away:
    """A fleet in a process of its own. `ask` begins something there, `answer` waits for its outcome."""

    def __init__(self, connection: Connection, teams: list[str]) -> None:
        self._connection = connection
        self.teams = teams

    def ask(self, method: str, *given: Any) -> None:
        """Let the fleet do something."""
        self._connection.send((method, given))

    def answer(self) -> Any:
        """What came of it. Raises `FleetFailed`."""
        failed, outcome = self._connection.recv()
        if failed:
            raise FleetFailed(outcome)
        return outcome

    def do(self, method: str, *given: Any) -> Any:
        """`ask` and `answer`."""
        self.ask(method, *given)
        return self.answer()


@contextmanager
def _away(plan: Plan, share: int, folder: Path) -> Iterator[Away]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, plan, share, folder), daemon=True)
    process.start()
    away = Away(here, list(teams_of(plan)[share::FLEETS]))
    try:
        away.answer()  # it is there
        yield away
    finally:
        here.close()
        process.join(10)
        process.terminate()


def _serve(connection: Connection, plan: Plan, share: int, folder: Path) -> None:
    """What a fleet's process does: carries out what it is asked, until nobody asks any more."""
    parts = open_parts(office_config(folder))
    fleet = None
    try:
        while True:
            try:
                if fleet is None:
                    fleet, outcome = Fleet(plan, (share, FLEETS), parts, folder), None
                    look_seldom()
                else:
                    method, given = connection.recv()
                    outcome = getattr(fleet, method)(*given)
                connection.send((False, outcome))
            except (EOFError, BrokenPipeError):
                return
            except Exception:
                connection.send((True, traceback.format_exc()))
    finally:
        parts.close()


class Campaign:
    """An office and its fleets."""

    def __init__(self, plan: Plan, office: Office, fleets: list[Away]) -> None:
        self.plan, self.office, self.fleets = plan, office, fleets
        self.journal, self.events, self._chances = Journal(), Events(), Chances()
        chances = [Random(f"{plan.seed}/desk {number}") for number in range(len(fleets))]  # noqa: S311 - a simulation
        self._desks = [(fleet, office.desk(fleet.teams), chance) for fleet, chance in zip(fleets, chances, strict=True)]

    def live_through(self, tell: Tell) -> None:
        """Every day of it; midway, a new version of the form comes into force."""
        for day in range(self.plan.days):
            if day == self.plan.days // 2:
                self.office.publish(2)
            here = [each for turn in range(2) for each in self._half_a_day(turn, day)]
            records, edits = (sum(counts) for counts in zip(*here, strict=True))
            tell(f"day {day + 1} of {self.plan.days}: {records} records, {edits} edits")
        self._judge(1)

    def _half_a_day(self, turn: int, day: int) -> list[tuple[int, int]]:
        """Every second fleet is out, the others' work is judged; the records and edits of each that was out."""
        out = self.fleets[turn::2]
        for fleet in out:
            fleet.ask("live_through", day)
        self._judge(1 - turn)
        return [fleet.answer() for fleet in out]

    def _judge(self, turn: int) -> None:
        """The office at work on what these fleets brought when they last met anybody."""
        for _, desk, chance in self._desks[turn::2]:
            desk.judge()
            desk.decide(chance, self._chances.decided, self.journal)

    def settle(self, rounds: int) -> int:
        """Everybody meets everybody until nothing is written any more; how many rounds it took, at most `rounds`."""
        for number in range(rounds):
            before = self._positions()
            for method in ("hubs_meet", "hubs_meet", "everybody_meets"):
                self._together(method)
                for _, desk, _ in self._desks:
                    desk.judge()
            if self._positions() == before:
                return number
        return rounds

    def _together(self, method: str) -> list[Any]:
        for fleet in self.fleets:
            fleet.ask(method)
        return [fleet.answer() for fleet in self.fleets]

    def _positions(self) -> list[Any]:
        return [self.office.positions(), *self._together("positions")]

    def close_books(self) -> list[str]:
        """Bring every fleet's journal home; returns what replicas and office differ in."""
        for journal, events in self._together("account"):
            self.journal.add(journal)
            self.events.add(events)
        return [fault for faults in self._together("differences") for fault in faults]


@contextmanager
def begun(plan: Plan, folder: Path) -> Iterator[Campaign]:
    """A campaign on the eve of its first day, with everything it keeps in `folder`."""
    with ExitStack() as stack:
        office = stack.enter_context(open_office(folder, list(teams_of(plan))))
        shares = range(min(FLEETS, plan.teams))
        fleets = [stack.enter_context(_away(plan, share, folder)) for share in shares]
        yield Campaign(plan, office, fleets)
