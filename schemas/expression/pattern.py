"""Regular expressions that take time in proportion to the text, whatever their author wrote.

The twin is `core/pattern.js`.
A pattern is read to a small program, and a text is followed through all its branches at once, so that nothing is ever
tried again: `(a|a)*b` costs no more than `a*b`. Source: Thompson, "Regular Expression Search Algorithm", 1968.

Written like those of Java, Python and JavaScript; without look-around, back-references and named groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

MAX_PATTERN = 200
MAX_PROGRAM = 1_000
MAX_TEXT = 10_000
MAX_WORK = 2_000_000
"""Steps of the program times characters of the text: what is longer does not match."""
MAX_KNOWN = 500

Ranges = tuple[tuple[int, int], ...]
Kernel = frozenset[int]

_LAST = 0x10FFFF
_DIGITS: Ranges = ((48, 57),)
_WORDS: Ranges = ((48, 57), (65, 90), (95, 95), (97, 122))
_BLANKS: Ranges = ((9, 13), (32, 32))
_QUANTIFIER = re.compile(r"(?:([*+?])|\{([0-9]{1,4})(,([0-9]{0,4}))?\})(\??)")
_CODE = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})")


class PatternError(ValueError):
    """Text that is no pattern, or one that would cost too much."""


@lru_cache(maxsize=128)
def pattern(text: str) -> Pattern:
    """The pattern that a text means. Raises `PatternError`."""
    return Pattern(_Reader(text).program())


def _without(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """Every character that is in none of these ranges."""
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, _LAST)) if start <= _LAST else tuple(found)


_CLASSES = {"d": _DIGITS, "w": _WORDS, "s": _BLANKS}
_CLASSES |= {name.upper(): _without(ranges) for name, ranges in _CLASSES.items()}
_CONTROLS = {"n": 10, "t": 9}
_LITERALS = frozenset(".\\+*?()[]{}|/^$-")


class _Step:
    """One step of a program: takes a character of `ranges`, or goes on to all of `ways` at once where `at` allows."""

    __slots__ = ("at", "ranges", "ways")

    def __init__(self, ranges: Ranges | None = None, ways: tuple[int, ...] = (), at: str = "") -> None:
        self.ranges = ranges
        self.ways = ways
        self.at = at


class _State:
    """Where the branches of a program stand after some text; `after` is what each further character leads to."""

    __slots__ = ("accepts", "after", "takers")

    def __init__(self, takers: tuple[int, ...], *, accepts: bool) -> None:
        self.takers = takers
        self.accepts = accepts
        self.after: dict[str, _State] = {}


class Pattern:
    """A pattern that was read. What it has learnt of its states is kept, up to a limit."""

    def __init__(self, program: list[_Step]) -> None:
        self._program = program
        self._known: dict[Kernel, _State] = {}
        self._start = self._state(frozenset([0]), first=True)

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        if len(text) > MAX_TEXT or len(text) * len(self._program) > MAX_WORK:
            return False
        state = self._start
        for character in text:
            state = state.after.get(character) or self._follow(state, character)
            if not state.takers and not state.accepts:
                return False
        return state.accepts

    def _follow(self, state: _State, character: str) -> _State:
        code, program = ord(character), self._program
        taken = frozenset(
            step + 1 for step in state.takers if any(low <= code <= high for low, high in program[step].ranges or ())
        )
        found = self._known.get(taken)
        if found is None:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            found = self._known[taken] = self._state(taken, first=False)
        if len(state.after) >= MAX_KNOWN:
            state.after.clear()
        state.after[character] = found
        return found

    def _state(self, kernel: Kernel, *, first: bool) -> _State:
        inside = self._reached(kernel, {"^"} if first else set())
        ending = self._reached(kernel, {"^", "$"} if first else {"$"})
        takers = tuple(step for step in sorted(inside) if self._program[step].ranges is not None)
        return _State(takers, accepts=len(self._program) - 1 in ending)

    def _reached(self, kernel: Kernel, marks: set[str]) -> set[int]:
        """The steps that can be come to without taking a character."""
        found: set[int] = set()
        todo = list(kernel)
        while todo:
            number = todo.pop()
            if number in found:
                continue
            found.add(number)
            step = self._program[number]
            if step.ranges is None and (not step.at or step.at in marks):
                todo += step.ways
        return found


class _Reader:
    """Reads a pattern to its program, whose last step is where a text has matched."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_PATTERN:
            raise PatternError
        self._text = text
        self._place = 0

    def program(self) -> list[_Step]:
        steps = self._choice()
        if self._place < len(self._text):
            raise PatternError
        return [*steps, _Step()]

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _take(self) -> str:
        found = self._peek()
        if not found:
            raise PatternError
        self._place += 1
        return found

    def _choice(self) -> list[_Step]:
        steps = self._sequence()
        while self._peek() == "|":
            self._take()
            other = self._sequence()
            middle, end = len(steps) + 2, len(steps) + len(other) + 2
            steps = [_Step(ways=(1, middle)), *_moved(steps, 1), _Step(ways=(end,)), *_moved(other, middle)]
            _bound(steps)
        return steps

    def _sequence(self) -> list[_Step]:
        steps: list[_Step] = []
        while self._peek() not in ("", "|", ")"):
            steps += _moved(self._repeated(), len(steps))
            _bound(steps)
        return steps

    def _repeated(self) -> list[_Step]:
        steps = self._atom()
        found = _QUANTIFIER.match(self._text, self._place)
        if found is None:
            return steps
        if len(steps) == 1 and steps[0].at:
            raise PatternError
        self._place = found.end()
        if self._peek() in ("*", "+", "?", "{"):
            raise PatternError
        least, most = _times(found)
        return _copies(steps, least, most)

    def _atom(self) -> list[_Step]:
        taken = self._take()
        if taken == "(":
            return self._group()
        if taken == "[":
            return [_Step(self._class())]
        if taken == "\\":
            return [_Step(self._escape())]
        if taken == ".":
            return [_Step(_without([(10, 10)]))]
        if taken in "^$":
            return [_Step(ways=(1,), at=taken)]
        if taken in "*+?{}]":
            raise PatternError
        return [_Step(((ord(taken), ord(taken)),))]

    def _group(self) -> list[_Step]:
        if self._peek() == "?":
            self._take()
            if self._take() != ":":
                raise PatternError
        steps = self._choice()
        if self._peek() != ")":
            raise PatternError
        self._take()
        return steps

    def _escape(self) -> Ranges:
        found = _CODE.match(self._text, self._place)
        if found:
            self._place = found.end()
            code = int(found[1] or found[2], 16)
            return ((code, code),)
        name = self._take()
        if name in _CLASSES:
            return _CLASSES[name]
        if name not in _CONTROLS and name not in _LITERALS:
            raise PatternError
        code = _CONTROLS.get(name, ord(name))
        return ((code, code),)

    def _class(self) -> Ranges:
        inverted = self._peek() == "^"
        if inverted:
            self._take()
        found: list[tuple[int, int]] = []
        while self._peek() != "]" or not found:
            found += self._span()
        self._take()
        return _without(found) if inverted else tuple(found)

    def _span(self) -> Ranges:
        """One character, one class of them, or all from one to another."""
        if self._text[self._place : self._place + 2] in ("--", "&&", "~~", "||"):
            raise PatternError  # sets of characters are computed with, in one engine or another
        low = self._member()
        if self._peek() != "-" or self._text[self._place + 1 : self._place + 2] in ("]", ""):
            return low
        self._take()
        high = self._member()
        if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
            raise PatternError
        if low[0][0] > high[0][0]:
            raise PatternError
        return ((low[0][0], high[0][0]),)

    def _member(self) -> Ranges:
        taken = self._take()
        if taken == "\\":
            return self._escape()
        if taken in "[]":
            raise PatternError
        return ((ord(taken), ord(taken)),)


def _bound(steps: list[_Step]) -> None:
    if len(steps) >= MAX_PROGRAM:
        raise PatternError


def _moved(steps: list[_Step], by: int) -> list[_Step]:
    return [_Step(step.ranges, tuple(way + by for way in step.ways), step.at) for step in steps] if by else steps


def _times(found: re.Match[str]) -> tuple[int, int | None]:
    """How often at least and at most; None for as often as there is."""
    if found[1]:
        return {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
    least = int(found[2])
    most = least if found[3] is None else int(found[4]) if found[4] else None
    if most is not None and most < least:
        raise PatternError
    return least, most


def _copies(steps: list[_Step], least: int, most: int | None) -> list[_Step]:
    """The steps so many times over; one that need not be taken leads on to the end, so that nothing grows twice."""
    count = max(least, 1 if most is None else most)
    if count * (len(steps) + 2) >= 2 * MAX_PROGRAM:
        raise PatternError
    found: list[_Step] = []
    optional = count - least if most is not None else 0
    end = least * len(steps) + optional * (len(steps) + 1)
    for number in range(count):
        if number >= least and most is not None:
            found.append(_Step(ways=(len(found) + 1, end)))
        if number < least or most is not None:
            found += _moved(steps, len(found))
    if most is not None:
        _bound(found)
        return found
    return _endless(found, steps)


def _endless(before: list[_Step], steps: list[_Step]) -> list[_Step]:
    """What comes before, then the steps as often as there is."""
    here, after = len(before), len(before) + len(steps) + 2
    found = [*before, _Step(ways=(here + 1, after)), *_moved(steps, here + 1), _Step(ways=(here,))]
    _bound(found)
    return found
