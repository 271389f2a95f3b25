"""The soak's judgement: it lets a steady service pass, and names what grows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.soak.samples import Sample, faults

STEADY = Sample(
    minute=0,
    memory=200,
    processes=(20, 100, 80),
    files=300,
    threads=40,
    log=4,
    receipts=50,
    median=0.2,
    most=0.5,
    longest=1.0,
)


def run(change: Callable[[int, Sample], Sample]) -> list[Sample]:
    return [change(number, replace(STEADY, minute=number)) for number in range(60)]


def test_what_grows_in_the_warm_up_alone_is_no_fault() -> None:
    assert faults(run(lambda number, each: replace(each, memory=100 + 10 * min(number, 14)))) == []


@pytest.mark.parametrize(("name", "step"), [("memory", 3.0), ("files", 3), ("threads", 1)])
def test_what_goes_on_growing_is_named(name: str, step: float) -> None:
    grown = run(lambda number, each: replace(each, **{name: getattr(each, name) + step * number}))
    (fault,) = faults(grown)
    assert fault.startswith(name)


@pytest.mark.parametrize(("name", "much"), [("log", 70.0), ("longest", 31.0)])
def test_one_look_is_enough_for_what_may_never_be(name: str, much: float) -> None:
    (fault,) = faults(run(lambda number, each: replace(each, **{name: much}) if number == 7 else each))
    assert fault.startswith(name)


def test_a_run_of_one_look_says_nothing() -> None:
    assert faults([STEADY]) == ["The run was too short to say anything."]
