"""Failed sign-ins are counted before they are checked; a challenge works once, for a minute."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.auth.operational import (
    CHALLENGE_SECONDS,
    OPEN_CHALLENGES,
    PER_ADDRESS,
    PER_NAME,
    PER_NAME_AND_ADDRESS,
    WINDOW,
    Attempts,
    Challenges,
    prepare,
)
from service.errors import RoundsError
from service.sql import open_engine, sqlite_url

NOW = 1_000_000.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(sqlite_url(tmp_path / "operational.sqlite"))
    prepare(engine)
    yield engine
    engine.dispose()


def fail(attempts: Attempts, times: int, name: str = "li.wei", address: str = "10.0.0.1") -> None:
    for _ in range(times):
        attempts.begin(name, address, NOW)


def test_a_name_is_refused_after_a_few_failures_from_one_address(engine: Engine) -> None:
    attempts = Attempts(engine)
    fail(attempts, PER_NAME_AND_ADDRESS)
    with pytest.raises(RoundsError) as caught:
        attempts.begin("li.wei", "10.0.0.1", NOW)
    assert (caught.value.code, caught.value.status) == ("too_many_attempts", 429)
    assert caught.value.retry_after == WINDOW


def test_the_same_name_from_elsewhere_is_not_locked_out_by_that(engine: Engine) -> None:
    attempts = Attempts(engine)
    fail(attempts, PER_NAME_AND_ADDRESS)
    attempts.begin("li.wei", "10.0.0.2", NOW)
    attempts.begin("zhang.min", "10.0.0.1", NOW)


def test_a_name_is_refused_when_many_addresses_try_it(engine: Engine) -> None:
    attempts = Attempts(engine)
    for number in range(PER_NAME):
        attempts.begin("li.wei", f"10.0.0.{number}", NOW)
    with pytest.raises(RoundsError):
        attempts.begin("li.wei", "10.0.1.1", NOW)


def test_an_address_is_refused_when_it_tries_many_names(engine: Engine) -> None:
    attempts = Attempts(engine)
    for number in range(PER_ADDRESS):
        attempts.begin(f"user{number}", "10.0.0.1", NOW)
    with pytest.raises(RoundsError):
        attempts.begin("another", "10.0.0.1", NOW)


def test_a_success_forgets_the_failures_before_it(engine: Engine) -> None:
    attempts = Attempts(engine)
    fail(attempts, PER_NAME_AND_ADDRESS - 1)
    attempts.succeeded(attempts.begin("li.wei", "10.0.0.1", NOW), "li.wei", "10.0.0.1")
    fail(attempts, PER_NAME_AND_ADDRESS)


def test_failures_are_forgotten_with_time(engine: Engine) -> None:
    attempts = Attempts(engine)
    fail(attempts, PER_NAME_AND_ADDRESS)
    attempts.begin("li.wei", "10.0.0.1", NOW + WINDOW)


def test_a_challenge_works_once(engine: Engine) -> None:
    challenges = Challenges(engine)
    given = challenges.issue("abcdefabcdef", NOW)
    assert challenges.use(given.text, "abcdefabcdef", NOW + 1)
    assert not challenges.use(given.text, "abcdefabcdef", NOW + 1)


def test_a_challenge_works_for_its_device_alone_and_not_for_long(engine: Engine) -> None:
    challenges = Challenges(engine)
    given = challenges.issue("abcdefabcdef", NOW)
    assert not challenges.use(given.text, "000000000000", NOW + 1)
    assert not challenges.use(given.text, "abcdefabcdef", NOW + CHALLENGE_SECONDS)


def test_of_many_challenges_for_one_device_the_latest_are_kept(engine: Engine) -> None:
    """Whoever knows a device's id can ask for more; that fills no table and keeps the device from nothing."""
    challenges = Challenges(engine)
    first = challenges.issue("abcdefabcdef", NOW)
    for second in range(1, OPEN_CHALLENGES):
        challenges.issue("abcdefabcdef", NOW + second / 1000)
    last = challenges.issue("abcdefabcdef", NOW + 1)
    assert not challenges.use(first.text, "abcdefabcdef", NOW + 2)
    assert challenges.use(last.text, "abcdefabcdef", NOW + 2)
