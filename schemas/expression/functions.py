"""The functions and operators of expressions, as one table. Each has its twin in `core/expression.js`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from schemas.expression.measures import (
    checklist,
    logarithm,
    measure,
    power_of,
    root,
    weighted_checklist,
    written_truth,
)
from schemas.expression.pattern import pattern
from schemas.expression.places import area, distance, geofence
from schemas.expression.times import as_date, as_date_time, decimal_date_time, decimal_time, format_date
from schemas.expression.values import Scalar, Value, equal, items, to_number, to_text, to_truth, unequal

MANY = 50
VOLATILE = frozenset({"uuid", "random", "property"})
"""They run once, when a record begins on the tablet, and so only in a default."""
KNOWN_PROPERTIES = frozenset({"username", "deviceid"})
"""What a tablet can say of who fills a record and of itself."""
PATTERN_ARGUMENT = 1


@dataclass(frozen=True)
class Function:
    """How many arguments it takes, and what it makes of their values; `run` is None where evaluation itself does it."""

    least: int
    most: int
    run: Callable[..., Value] | None


def _compare(holds: Callable[[float, float], bool]) -> Callable[[Value, Value], bool]:
    def run(left: Value, right: Value) -> bool:
        if not isinstance(left, list) and not isinstance(right, list):
            return holds(to_number(left), to_number(right))
        return any(holds(to_number(a), to_number(b)) for a in items(left) for b in items(right))

    return run


def _arithmetic(combine: Callable[[float, float], float]) -> Callable[[Value, Value], float]:
    return lambda left, right: combine(to_number(left), to_number(right))


def _divide(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _remainder(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) or math.isnan(a) or math.isnan(b) else math.fmod(a, b)


def _power(base: Value, exponent: Value) -> float:
    a, b = to_number(base), to_number(exponent)
    if b.is_integer():
        return _multiplied(a, b)
    if math.isnan(b) or (abs(a) == 1 and math.isinf(b)):
        return math.nan  # as ECMAScript has it; C has 1
    if b == 0.5 and a >= 0:
        return math.sqrt(a)
    try:
        found = math.pow(a, b)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.inf if a == 0 else math.nan
    return float(f"{found:.11e}")


def _multiplied(base: float, exponent: float) -> float:
    """A power by multiplying alone, whose last digit, unlike that of `pow`, is everywhere the same."""
    found, square, left = 1.0, base, int(abs(exponent))
    while left:
        if left % 2:
            found *= square
        square, left = square * square, left // 2
    return found if exponent >= 0 else _divide(1.0, found)


def _rounded(value: Value, places: Value = 0.0) -> float:
    number, digits = to_number(value), to_number(places)
    if math.isnan(digits) or abs(digits) > 15 or math.isnan(number) or math.isinf(number):
        return number
    factor = 10.0 ** abs(int(digits))
    scaled = number * factor if digits >= 0 else number / factor
    if abs(scaled) >= 2**53:
        return number
    whole = halves_up(scaled)
    return whole / factor if digits >= 0 else whole * factor


def halves_up(number: float) -> float:
    """The nearest whole number; halves go up. Adding a half first would itself be rounded."""
    whole = float(math.floor(number))
    return whole + 1 if number - whole >= 0.5 else whole


def _truncated(value: Value) -> float:
    number = to_number(value)
    return number if math.isnan(number) or math.isinf(number) else float(math.trunc(number))


def _filled(values: tuple[Value, ...]) -> list[Scalar]:
    return [item for value in values for item in items(value) if item != ""]


def _sum(*values: Value) -> float:
    total = 0.0
    for item in _filled(values):
        total += to_number(item)
    return total


def _extreme(choose: Callable[[list[float]], float]) -> Callable[..., Value]:
    def run(*values: Value) -> Value:
        numbers = [to_number(item) for item in _filled(values)]
        if not numbers:
            return ""
        return math.nan if any(math.isnan(number) for number in numbers) else choose(numbers)

    return run


_SPACES = re.compile(r"\s+", re.ASCII)


def _choices(value: Value) -> list[str]:
    return [choice for choice in _SPACES.split(to_text(value)) if choice]


def _selected_at(value: Value, index: Value) -> str:
    choices, at = _choices(value), to_number(index)
    return choices[int(at)] if not math.isnan(at) and 0 <= at < len(choices) else ""


def _substr(value: Value, start: Value, end: Value | None = None) -> str:
    text = to_text(value)
    return text[_place(start, len(text)) : len(text) if end is None else _place(end, len(text))]


def _place(value: Value, length: int) -> int:
    number = to_number(value)
    if math.isnan(number):
        return 0
    whole = math.trunc(max(-1e9, min(1e9, number)))
    return max(0, whole + length) if whole < 0 else whole


def _matches(value: Value, text: Value) -> bool:
    return pattern(to_text(text)).matches(to_text(value))


def _coalesce(*values: Value) -> Value:
    return next((value for value in values if to_text(value) != ""), "")


def _before(value: Value, part: Value) -> str:
    before, found, _ = to_text(value).partition(to_text(part) or "\0")
    return before if found and to_text(part) else ""


def _after(value: Value, part: Value) -> str:
    return to_text(value).partition(to_text(part))[2] if to_text(part) else to_text(value)


def _mapped(value: Value, wanted: Value, given: Value) -> str:
    """XPath's translate(): each character by the one at the same place; without one, it goes."""
    to = to_text(given)
    table: dict[str, str] = {}
    for place, character in enumerate(to_text(wanted)):
        table.setdefault(character, to[place : place + 1])
    return "".join(table.get(character, character) for character in to_text(value))


def _count_if(value: Value, wanted: Value) -> float:
    """How many rows have this value, or this one among their choices."""
    one = items(wanted)[0] if items(wanted) else ""
    text = to_text(wanted)
    return float(sum(1 for item in items(value) if item != "" and (equal(item, one) or text in _choices(item))))


_LAZY = None

FUNCTIONS: dict[str, Function] = {
    "or": Function(2, 2, _LAZY),
    "and": Function(2, 2, _LAZY),
    "if": Function(3, 3, _LAZY),
    "today": Function(0, 0, _LAZY),
    "now": Function(0, 0, _LAZY),
    "position": Function(1, 1, _LAZY),
    "once": Function(1, 1, _LAZY),
    "indexed-repeat": Function(3, 7, _LAZY),
    "uuid": Function(0, 0, _LAZY),
    "random": Function(0, 0, _LAZY),
    "property": Function(1, 1, _LAZY),
    "=": Function(2, 2, equal),
    "!=": Function(2, 2, unequal),
    "<": Function(2, 2, _compare(lambda a, b: a < b)),
    "<=": Function(2, 2, _compare(lambda a, b: a <= b)),
    ">": Function(2, 2, _compare(lambda a, b: a > b)),
    ">=": Function(2, 2, _compare(lambda a, b: a >= b)),
    "+": Function(2, 2, _arithmetic(lambda a, b: a + b)),
    "-": Function(2, 2, _arithmetic(lambda a, b: a - b)),
    "*": Function(2, 2, _arithmetic(lambda a, b: a * b)),
    "div": Function(2, 2, _arithmetic(_divide)),
    "mod": Function(2, 2, _arithmetic(_remainder)),
    "neg": Function(1, 1, lambda value: -to_number(value)),
    "not": Function(1, 1, lambda value: not to_truth(value)),
    "true": Function(0, 0, lambda: True),
    "false": Function(0, 0, lambda: False),
    "boolean": Function(1, 1, to_truth),
    "number": Function(1, 1, to_number),
    "string": Function(1, 1, to_text),
    "int": Function(1, 1, _truncated),
    "round": Function(1, 2, _rounded),
    "abs": Function(1, 1, lambda value: abs(to_number(value))),
    "pow": Function(2, 2, _power),
    "sum": Function(1, MANY, _sum),
    "min": Function(1, MANY, _extreme(min)),
    "max": Function(1, MANY, _extreme(max)),
    "count": Function(1, 1, lambda value: float(len(value)) if isinstance(value, list) else float(value != "")),
    "count-non-empty": Function(1, 1, lambda value: float(len(_filled((value,))))),
    "coalesce": Function(2, MANY, _coalesce),
    "selected": Function(2, 2, lambda value, choice: to_text(choice) in _choices(value)),
    "selected-at": Function(2, 2, _selected_at),
    "count-selected": Function(1, 1, lambda value: float(len(_choices(value)))),
    "string-length": Function(1, 1, lambda value: float(len(to_text(value)))),
    "substr": Function(2, 3, _substr),
    "contains": Function(2, 2, lambda value, part: to_text(part) in to_text(value)),
    "starts-with": Function(2, 2, lambda value, part: to_text(value).startswith(to_text(part))),
    "concat": Function(1, MANY, lambda *values: "".join(to_text(item) for value in values for item in items(value))),
    "join": Function(2, MANY, lambda by, *values: to_text(by).join(to_text(each) for each in _filled(values))),
    "regex": Function(2, 2, _matches),
    "ends-with": Function(2, 2, lambda value, part: to_text(value).endswith(to_text(part))),
    "substring-before": Function(2, 2, _before),
    "substring-after": Function(2, 2, _after),
    "normalize-space": Function(1, 1, lambda value: " ".join(_choices(value))),
    "translate": Function(3, 3, _mapped),
    "count-if": Function(2, 2, _count_if),
    "date": Function(1, 1, as_date),
    "date-time": Function(1, 1, as_date_time),
    "format-date": Function(2, 2, format_date),
    "format-date-time": Function(2, 2, format_date),
    "decimal-date-time": Function(1, 1, decimal_date_time),
    "decimal-time": Function(1, 1, decimal_time),
    "distance": Function(1, MANY, distance),
    "area": Function(1, MANY, area),
    "geofence": Function(2, 2, geofence),
    "sqrt": Function(1, 1, root),
    "exp": Function(1, 1, power_of(math.e)),
    "exp10": Function(1, 1, power_of(10.0)),
    "log": Function(1, 1, logarithm(math.log)),
    "log10": Function(1, 1, logarithm(math.log10)),
    "pi": Function(0, 0, lambda: math.pi),
    "sin": Function(1, 1, measure(math.sin)),
    "cos": Function(1, 1, measure(math.cos)),
    "tan": Function(1, 1, measure(math.tan)),
    "asin": Function(1, 1, measure(math.asin)),
    "acos": Function(1, 1, measure(math.acos)),
    "atan": Function(1, 1, measure(math.atan)),
    "atan2": Function(2, 2, measure(math.atan2)),
    "boolean-from-string": Function(1, 1, written_truth),
    "checklist": Function(3, MANY, checklist),
    "weighted-checklist": Function(4, MANY, weighted_checklist),
}
