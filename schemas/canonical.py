"""Canonical JSON (RFC 8785) of the values that may travel: no floats, no lone surrogates, no huge integers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import orjson

SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 64

_SORTED_SAFE = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_LATE_KEY = re.compile("[\ue000-\U0010ffff]")
_LATE_BYTES = bytes(range(0xEE, 0x100))
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(set(range(0x100)).difference(b"[]{}"))


class CanonicalError(ValueError):
    """A value that has no canonical form. `path` is where (a JSON pointer), `code` why.

    Codes: `not_json`, `not_integer` (floats travel as strings), `integer_range`, `lone_surrogate`, `too_deep`.
    """

    def __init__(self, path: str, code: str) -> None:
        super().__init__(f"{code} at {path or '/'}")
        self.path = path
        self.code = code


def dumps(value: Any) -> bytes:
    """The bytes that are signed and hashed. Raises `CanonicalError`.

    Source: RFC 8785, for strings, integers, booleans, null, arrays and objects.
    """
    late = _check(value, "", 0)
    return orjson.dumps(_sorted(value)) if late else orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def dumps_read(value: Any, otherwise: Callable[[Any], bytes] = dumps) -> bytes:
    """`dumps` of what was read from JSON, which can hold nothing but JSON.

    Most of it is canonical as orjson writes it; what is not goes to `otherwise`, which by default raises
    `CanonicalError` for what has no canonical form.
    """
    try:
        written = orjson.dumps(value, option=_SORTED_SAFE)
    except (TypeError, orjson.JSONEncodeError):
        return otherwise(value)
    return written if is_canonical(written) else otherwise(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, lower-case hex."""
    return hashlib.sha256(dumps(value)).hexdigest()


def is_canonical(written: bytes) -> bool:
    """Whether JSON is canonical as it stands, of which it is known that orjson wrote it with sorted names.

    It is not where a float is in it, a name that sorts differently in UTF-16, or more levels than are allowed. Looking
    at the text takes a third of the time of looking at the value; it cannot tell what orjson takes for JSON and
    `dumps` does not, such as NaN, which is written as null, or a UUID.
    """
    unescaped = written.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in written else written
    pieces = unescaped.split(b'"')
    bare = b"".join(pieces[::2])
    whole = b"." not in bare and bare.count(b"e") == bare.count(b"true") + bare.count(b"false")
    return whole and _is_shallow(bare) and not (_has_late(written) and _has_late_key(pieces))


def _is_shallow(bare: bytes) -> bool:
    if bare.count(b"[") + bare.count(b"{") <= MAX_DEPTH:
        return True
    brackets = bare.translate(_BRACKETS, _OTHERS)
    for _ in range(MAX_DEPTH):
        brackets = brackets.replace(b"[]", b"")  # the innermost level
    return not brackets


def _has_late(written: bytes) -> bool:
    return len(written.translate(None, _LATE_BYTES)) < len(written)


def _has_late_key(pieces: Sequence[bytes]) -> bool:
    """Of what stood between quotation marks, what a colon follows is a name."""
    return _has_late(
        b"".join([text for text, after in zip(pieces[1::2], pieces[2::2], strict=True) if after[:1] == b":"])
    )


def _check(value: Any, path: str, depth: int) -> bool:
    """Raise for what has no canonical form; true where a key sorts differently in UTF-16 than in UTF-8."""
    kind = type(value)
    if kind is dict:
        return _check_object(value, path, depth)
    if kind is list or kind is tuple:
        return _check_array(value, path, depth)
    _check_scalar(value, path)
    return False


def _check_scalar(value: Any, path: str) -> None:
    kind = type(value)
    if kind is str:
        _check_text(value, path)
    elif kind is int:
        if not -SAFE_INTEGER <= value <= SAFE_INTEGER:
            raise CanonicalError(path, "integer_range")
    elif kind is float:
        raise CanonicalError(path, "not_integer")
    elif value is not None and kind is not bool:
        raise CanonicalError(path, "not_json")


def _check_text(text: str, path: str) -> None:
    if not _is_text(text):
        raise CanonicalError(path, "lone_surrogate")


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_array(value: Sequence[Any], path: str, depth: int) -> bool:
    if depth >= MAX_DEPTH:
        raise CanonicalError(path, "too_deep")
    late = False
    for index, item in enumerate(value):
        if type(item) is not str or not _is_text(item):  # most are, and need no further look
            late |= _check(item, f"{path}/{index}", depth + 1)
    return late


def _check_object(value: dict[Any, Any], path: str, depth: int) -> bool:
    if depth >= MAX_DEPTH:
        raise CanonicalError(path, "too_deep")
    late = False
    for key, item in value.items():
        if type(key) is not str:
            raise CanonicalError(path, "not_json")
        if not key.isascii():
            _check_text(key, path)
            late |= _LATE_KEY.search(key) is not None
        if type(item) is not str or not _is_text(item):  # most are, and need no further look
            late |= _check(item, f"{path}/{key}", depth + 1)
    return late


def _sorted(value: Any) -> Any:
    """The value with keys in the order of their UTF-16 code units, which UTF-8 order is not beyond U+DFFF."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
