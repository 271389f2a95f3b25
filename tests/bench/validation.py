"""How many verdicts a second one core gives, by forms of the sizes that the targets speak of."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from schemas.answers import judge
from schemas.form import Form, parse
from tests.bench import forms
from tests.bench.replication import say

NOW = datetime.fromisoformat("2026-11-23T06:10:42.120+00:00")
DIFFERENT = 200
SECONDS = 1.0


@dataclass(frozen=True)
class Validation:
    """Records a second, on one core."""

    visit: float
    survey: float


def measure(rounds: int) -> Validation:
    """The median of some rounds for each form."""
    visit, survey = parse(forms.visit()), parse(forms.survey())
    return Validation(_rate(visit, forms.visit_answers, rounds), _rate(survey, forms.survey_answers, rounds))


def _rate(form: Form, answers: Callable[[int], forms.Answers], rounds: int) -> float:
    filled = [answers(number) for number in range(DIFFERENT)]
    for each in filled:
        found = judge(form, each, state="submitted", now=NOW)
        assert found.problems == (), found.problems  # that it was real work: everything holds
    return median(_round(form, filled, f"{number + 1} of {rounds}") for number in range(rounds))


def _round(form: Form, filled: list[forms.Answers], text: str) -> float:
    say(f"validation {text}: {form.id}")
    gc.collect()
    start, done = time.process_time(), 0
    while (seconds := time.process_time() - start) < SECONDS:
        for each in filled:
            judge(form, each, state="submitted", now=NOW)
        done += len(filled)
    return done / seconds


if __name__ == "__main__":
    print(measure(3))
