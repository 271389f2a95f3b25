"""JSON read together with the line and column of everything in it, so that a mistake can be pointed at."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any, NamedTuple

Path = tuple[str | int, ...]
"""The way to a value: names of members, indexes of items."""

MAX_LENGTH = 5_000_000
MAX_DEPTH = 128

_BLANK = re.compile(r"[ \t\n\r]*")
_BREAK = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TEXT = re.compile(r'"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"')
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
_WORD = re.compile(r"true|false|null")
_WORDS = {"true": True, "false": False, "null": None}
_MAX_DIGITS = 400


class Position(NamedTuple):
    """A place in a text; both count from 1, columns in characters."""

    line: int
    column: int


class JsonError(ValueError):
    """Text that is not JSON; `position` is where, `reason` a sentence."""

    def __init__(self, position: Position, reason: str) -> None:
        super().__init__(f"line {position.line}, column {position.column}: {reason}")
        self.position = position
        self.reason = reason


class Source:
    """What was read (`value`), and where each part of it stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(found.end() for found in _BREAK.finditer(text))]
        self.values: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}
        self.value: Any = None

    def at(self, path: Path) -> Position:
        """Where a value starts; for one that is not there, the nearest thing around it."""
        return self.position(self.values[self._nearest(path)])

    def key(self, path: Path) -> Position:
        """Where the name of a member stands; for anything else as `at`."""
        return self.position(self.keys[path]) if path in self.keys else self.at(path)

    def inside(self, path: Path, column: int) -> Position:
        """Where the character number `column` (from 1) of a text stands in the file, whatever is escaped before it."""
        start = self.values.get(path)
        if start is None or self._text[start] != '"':
            return self.at(path)
        offset = start + 1
        for _ in range(column - 1):
            found = _CHARACTER.match(self._text, offset)
            if found is None or found[0] == '"':
                break
            offset = found.end()
        return self.position(offset)

    def position(self, offset: int) -> Position:
        """Line and column of a place in the text."""
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)

    def _nearest(self, path: Path) -> Path:
        while path not in self.values:
            path = path[:-1]
        return path


def read(text: str) -> Source:
    """Read JSON. Raises `JsonError`, also for a name that stands twice in one object: readers differ on it."""
    source = Source(text)
    if len(text) > MAX_LENGTH:
        raise JsonError(Position(1, 1), f"there are more than {MAX_LENGTH} characters")
    reader = _Reader(text, source)
    source.value = reader.whole()
    return source


class _Reader:
    def __init__(self, text: str, source: Source) -> None:
        self._text = text
        self._source = source
        self._offset = 1 if text.startswith("\ufeff") else 0

    def whole(self) -> Any:
        value = self._value(())
        if self._peek():
            raise self._error("nothing may follow the end of the outermost value")
        return value

    def _value(self, path: Path) -> Any:
        first = self._peek()
        self._source.values[path] = self._offset
        if len(path) > MAX_DEPTH:
            raise self._error(f"objects and lists stand more than {MAX_DEPTH} deep in each other")
        if first == "{":
            return self._object(path)
        if first == "[":
            return self._list(path)
        if first == '"':
            return self._string()
        return self._plain()

    def _object(self, path: Path) -> dict[str, Any]:
        members: dict[str, Any] = {}
        self._offset += 1
        if self._took("}"):
            return members
        while True:
            if self._peek() != '"':
                raise self._error("a name in double quotes is expected here")
            offset = self._offset
            name = self._string()
            if name in members:
                raise self._error(f"the name {name!r} stands twice in one object", offset)
            self._source.keys[*path, name] = offset
            if not self._took(":"):
                raise self._error(f"a colon is expected after the name {name!r}")
            members[name] = self._value((*path, name))
            if self._took("}"):
                return members
            if not self._took(","):
                raise self._error("a comma or a closing brace is expected here")

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        self._offset += 1
        if self._took("]"):
            return items
        while True:
            items.append(self._value((*path, len(items))))
            if self._took("]"):
                return items
            if not self._took(","):
                raise self._error("a comma or a closing bracket is expected here")

    def _string(self) -> str:
        found = _TEXT.match(self._text, self._offset)
        if found is None:
            raise self._error("this text has no closing quote, a line break, or an escape that does not exist")
        text: str = json.loads(found[0])
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self._error("this text holds half of a character") from None
        self._offset = found.end()
        return text

    def _plain(self) -> Any:
        if found := _WORD.match(self._text, self._offset):
            self._offset = found.end()
            return _WORDS[found[0]]
        found = _NUMBER.match(self._text, self._offset)
        if found is None:
            raise self._error(
                "a value is expected here" if self._offset < len(self._text) else "the text ends too early"
            )
        if len(found[0]) > _MAX_DIGITS:
            raise self._error("this number is too long")
        self._offset = found.end()
        return float(found[0]) if found[1] or found[2] else int(found[0])

    def _peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        found = _BLANK.match(self._text, self._offset)
        self._offset = found.end() if found else self._offset
        return self._text[self._offset : self._offset + 1]

    def _took(self, character: str) -> bool:
        if self._peek() != character:
            return False
        self._offset += 1
        return True

    def _error(self, reason: str, offset: int | None = None) -> JsonError:
        return JsonError(self._source.position(self._offset if offset is None else offset), reason)
