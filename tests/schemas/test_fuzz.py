"""Whatever a definition and its answers are: no crash, no hang, always a verdict, and the same on the tablet."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import schemas.form
from schemas.answers import Judgement, judge
from schemas.canonical import SAFE_INTEGER
from schemas.changes import compare
from schemas.definition import FormError
from schemas.form import Form, compile_form, parse
from schemas.positions import JsonError, read
from schemas.problems import locate
from tests.schemas.fuzz import answers, definition
from tests.schemas.test_twins import Tablet

CASES = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 2_000
NOW = datetime(2026, 11, 23, 6, 10, 42, tzinfo=UTC)

pytestmark = pytest.mark.timeout(3 * 3600)


@pytest.fixture(scope="module")
def tablet() -> Iterator[Tablet]:
    with closing(Tablet("judge_lines.mjs")) as opened:
        yield opened


@pytest.fixture(scope="module")
def tally(request: pytest.FixtureRequest) -> Iterator[Counter[str]]:
    """What came of the cases, told at the end."""
    found: Counter[str] = Counter()
    yield found
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(found.items()))
    with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        print(f"\nfuzz: {found.total():,} cases: {told}")
    assert found.total() >= CASES


@pytest.fixture(autouse=True, scope="module")
def nothing_is_doubted() -> Iterator[None]:
    """Comparisons that no author would make are looked for, but do not keep a definition from being a form."""
    looked_for = schemas.form._doubts

    def dropped(form: Form) -> list[Any]:
        list(looked_for(form))
        return []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("schemas.form._doubts", dropped)
        yield


@settings(max_examples=CASES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**64))
def test_there_is_always_a_verdict(tablet: Tablet, tally: Counter[str], seed: int) -> None:
    chance = Random(seed)
    written = definition(chance)
    try:
        form = parse(written)
    except FormError as error:
        refused(written, error)
        tally["refused"] += 1
        return
    published = compile_form(written)
    assert compile_form(published) == published
    assert compare(form, parse(published)) == ()
    values = answers(written["fields"], chance)
    state = chance.choice(["draft", "submitted"])
    found = verdict(form, values, state)
    if is_exact(values) and is_exact(published):
        theirs = tablet.judge(definition=published, values=values, state=state, now=NOW.isoformat())
        assert plain(found) == theirs
        tally["judged alike by both"] += 1
    else:
        tally["judged here alone, as JavaScript has no such numbers"] += 1


def refused(written: Any, error: FormError) -> None:
    """Everything that is wrong has a sentence, and a place in the file where the definition can be one."""
    assert error.problems
    assert all(str(problem) for problem in error.problems)
    try:
        source = read(json.dumps(written))
    except (JsonError, RecursionError):
        return
    assert all(locate(source, problem).line == 1 for problem in error.problems)


def verdict(form: Form, values: Any, state: str) -> Judgement:
    found = judge(form, values, state=state, now=NOW)
    assert all(problem.code and problem.message for problem in found.problems)
    json.dumps(found.answers)
    return found


def plain(found: Judgement) -> Any:
    problems = [[problem.path, problem.code, dict(problem.params)] for problem in found.problems]
    return json.loads(json.dumps({"answers": found.answers, "problems": problems}))


def is_exact(value: Any) -> bool:
    """Whether JavaScript reads the same numbers of it."""
    if isinstance(value, dict):
        return all(map(is_exact, value.values()))
    if isinstance(value, list):
        return all(map(is_exact, value))
    return not isinstance(value, float) and (not isinstance(value, int) or abs(value) <= SAFE_INTEGER)
