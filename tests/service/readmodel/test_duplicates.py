"""The cases about records that may be the same thing, on both databases: in any order, and few statements for many."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from service.readmodel import duplicates, tables
from service.readmodel.projection import SqlProjection
from sync.intake import Judged
from sync.store import Place

TEAMS = ("north", "south")


def judged(number: int, identity: Sequence[Any], state: str = "submitted", joined: Any = None) -> Judged:
    """A verdict on a record of this identity; nothing else of it matters here."""
    record, team = f"record:visit:{number:026d}", TEAMS[number % 2]
    receipt = {"_id": f"receipt:{record}:office", "digest": "0" * 64}
    return Judged(
        record_id=record,
        mailbox=f"mailbox-{team}",
        team=team,
        form="visit",
        version=1,
        rev="1-" + "a" * 32,
        state=state,
        answers={},
        verdict="accepted",
        reason=None,
        problems=(),
        collisions=(),
        edits=(),
        read=(),
        invalid_edits={},
        receipt=receipt,
        task=None,
        label={},
        at="2026-03-02T01:00:00.000Z-0000-x",
        identity=tuple(identity),
        joined=joined,
    )


def visit(name: str, day: int) -> list[Any]:
    """The identity of a visit: whom, and on which day of March."""
    return [("/name", "text", name), ("/visited_on", "date", f"2026-03-{day:02d}")]


def apply(engine: Engine, some: Sequence[Judged]) -> None:
    projection = SqlProjection(engine)
    for team in TEAMS:
        mine = [each for each in some if each.team == team]
        if mine:
            projection.apply(f"mailbox-{team}", mine, Place(1, "0"))


def rows_of(engine: Engine) -> list[list[str]]:
    """Every row that hangs on identities, in an order of its own."""
    with engine.connect() as connection:
        return [
            sorted(map(repr, connection.execute(select(table)).all()))
            for table in (tables.cases, tables.case_records, tables.identities)
        ]


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize("seed", range(3))
def test_the_same_cases_follow_however_records_are_parted_into_batches(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Keys become common and rare again, records change, are withdrawn and joined, one by one and many at once."""
    monkeypatch.setattr(duplicates, "COMMON", 4)
    monkeypatch.setattr(duplicates, "COMPARED", 3)
    monkeypatch.setattr(duplicates, "SHOWN", 5)
    chance = random.Random(seed)
    last: dict[int, Judged] = {}
    for _ in range(25):
        batch = [_any_visit(chance, number) for number in chance.sample(range(30), chance.choice([1, 2, 9, 20]))]
        apply(engine, batch)
        last |= {int(each.record_id.rpartition(":")[2]): each for each in batch}
    before = rows_of(engine)
    assert len(before[0]) > 5, f"seed {seed}"
    for part in (1, len(last)):
        tables.clear(engine)
        some = chance.sample(list(last.values()), len(last))
        for start in range(0, len(some), part):
            apply(engine, some[start : start + part])
        assert rows_of(engine) == before, f"seed {seed}, {part} at once"


def _any_visit(chance: random.Random, number: int) -> Judged:
    state = chance.choices(["submitted", "withdrawn"], [9, 1])[0]
    name = chance.choice(
        ["永利纺织厂", "永利纺织", "永丽纺织厂", "Harbour Foods", "Harbor Foods", "宏达三号", "宏达四号"]
    )
    return judged(number, visit(name, chance.randint(1, 4)), state)


def test_many_that_are_alike_take_no_more_statements_than_few(engine: Engine) -> None:
    taken = []
    for start, many in ((0, 20), (1000, 200)):
        batch = [
            judged(start + 2 * number, visit("永利纺织厂" + "甲乙"[number % 2], number % 9 + 1))
            for number in range(many)
        ]
        with statements(engine) as sent:
            apply(engine, batch)
        taken.append(len(sent))
    assert taken[1] <= taken[0] + 5, taken
    with engine.connect() as connection:
        assert len(connection.execute(select(tables.cases.c.id)).all()) > 9
