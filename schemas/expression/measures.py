"""Roots, logarithms, angles, and counts of what holds. The twin is `core/measures.js`.

All but the root differ in their last digit from machine to machine, so they are given to 12 digits. Source: ODK's and
JavaRosa's references of form operators.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from schemas.expression.values import Value, items, to_number, to_text, to_truth


def twelve(number: float) -> float:
    """A number to as many digits as every machine agrees on."""
    return float(f"{number:.11e}") if math.isfinite(number) else number


def measure(run: Callable[..., float]) -> Callable[..., float]:
    """A function of numbers; NaN where it has no value."""

    def measured(*values: Value) -> float:
        try:
            return twelve(run(*map(to_number, values)))
        except (ValueError, OverflowError):
            return math.nan

    return measured


def root(value: Value) -> float:
    number = to_number(value)
    return math.sqrt(number) if number >= 0 else math.nan


def power_of(base: float) -> Callable[[Value], float]:
    """The base to a power; infinite where it is too large."""

    def raised(value: Value) -> float:
        number = to_number(value)
        if math.isnan(number):
            return number
        try:
            return twelve(math.pow(base, number))
        except OverflowError:
            return math.inf

    return raised


def logarithm(run: Callable[[float], float]) -> Callable[[Value], float]:
    def found(value: Value) -> float:
        number = to_number(value)
        return -math.inf if number == 0 else math.nan if not number > 0 else twelve(run(number))

    return found


def written_truth(value: Value) -> bool:
    """`boolean-from-string`: whether a text says `true` or `1`."""
    return to_text(value) in ("true", "1")


def checklist(least: Value, most: Value, *values: Value) -> bool:
    """Whether at least and at most so many hold; -1 for no limit."""
    flat = [item for value in values for item in items(value)]
    return _within(float(sum(map(to_truth, flat))), least, most)


def weighted_checklist(least: Value, most: Value, *values: Value) -> bool:
    """The same for the weights of what holds: values and weights take turns."""
    total = 0.0
    for value, weight in zip(values[::2], values[1::2], strict=False):
        if to_truth(value):
            total += to_number(weight)
    return _within(total, least, most)


def _within(total: float, least: Value, most: Value) -> bool:
    low, high = to_number(least), to_number(most)
    return (low == -1 or total >= low) and (high == -1 or total <= high)
