"""Edits: the entries of a record's append-only log, as they are told apart, joined and ordered.

An edit is `{id, at, by, device, app, version, set, unset, seen, note, sig}`; an erased one leaves the stub
`{id, at, erased}`. Whatever else stands in a log is kept, since nothing is ever dropped, and never in force.
The twin for the tablet is `core/edits.js`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import rfc8785

from schemas import canonical
from sync import clock

Edit = dict[str, Any]

SAFE_INTEGER = canonical.SAFE_INTEGER
VALUE_DEPTH = 16
"""How deep a value may nest: a geoshape takes two levels."""
REMEMBERED = 16_384
REMEMBERED_BYTES = 2_048

_NAME = re.compile(r"[ -~]{1,200}")


def content(value: Any) -> bytes:
    """The bytes by which two JSON values are the same or not. Faster than canonical JSON, and for this process only."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except (TypeError, orjson.JSONEncodeError):
        return _lenient(value)


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal. Python's own `==` takes true for 1."""
    kind = type(one)
    if kind is str or kind is int or kind is bool or one is None:
        return kind is type(other) and bool(one == other)
    return content(one) == content(other)


def edit_digest(edit: Any) -> str:
    """SHA-256 of the edit's canonical JSON. Total: what has none (a float met in a foreign log) is brought near it."""
    raw = content(edit)
    return _digest(raw) if len(raw) <= REMEMBERED_BYTES else _digest.__wrapped__(raw)


@lru_cache(maxsize=REMEMBERED)
def _digest(raw: bytes) -> str:
    return hashlib.sha256(stable(orjson.loads(raw))).hexdigest()


def stable(value: Any) -> bytes:
    """Canonical JSON, or what comes near it where a value has none: equal on every machine, and never an error."""
    try:
        return canonical.dumps(value)
    except canonical.CanonicalError:
        return _lenient(value)


def _lenient(value: Any) -> bytes:
    """RFC 8785 with the numbers and texts that Rounds refuses; as JavaScript would read and write them."""
    try:
        return rfc8785.dumps(_readable(value))
    except (RecursionError, rfc8785.CanonicalizationError):
        return b"null"


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_readable(str(key)): _readable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int) and abs(value) > SAFE_INTEGER:
        return float(value)
    return value


def edit_id(edit: Any) -> str:
    """The edit's id; empty where it has none."""
    return _name(edit, "id")


def order(edit: Any) -> tuple[str, str]:
    """What edits are sorted by: time, then id."""
    return (_name(edit, "at"), _name(edit, "id"))


def _name(edit: Any, member: str) -> str:
    """A short ASCII text: Python and JavaScript order others differently."""
    found = edit.get(member) if isinstance(edit, dict) else None
    return found if isinstance(found, str) and _NAME.fullmatch(found) else ""


def is_erased(edit: Any) -> bool:
    """Whether this is the stub that an erasure leaves."""
    return isinstance(edit, dict) and isinstance(edit.get("erased"), str)


def union(*logs: Iterable[Any]) -> list[Any]:
    """Every edit of every log once, sorted by time, id and digest.

    Two edits with one id and different content are both kept (law 6); an erased stub beats the edit that it stands
    for (law 7). Commutative, associative, idempotent.
    """
    by_id: dict[str, list[Any]] = {}
    for log in logs:
        for edit in log:
            alike = by_id.setdefault(edit_id(edit), [])
            if not any(edit is each or same(edit, each) for each in alike):
                alike.append(edit)
    kept: list[Any] = []
    for alike in by_id.values():
        kept += alike if len(alike) == 1 else sorted(_without_erased(alike), key=edit_digest)
    return sorted(kept, key=order)  # stable, so that what shares time and id stays ordered by digest


def _without_erased(alike: Sequence[Any]) -> list[Any]:
    erased = {edit["erased"] for edit in alike if is_erased(edit)}
    return [edit for edit in alike if is_erased(edit) or edit_digest(edit) not in erased] if erased else list(alike)


def edits_digest(edits: Iterable[Any]) -> str:
    """What a receipt is bound to: SHA-256 of the sorted list of `[id, digest]`."""
    return canonical.digest(sorted([edit_id(edit), edit_digest(edit)] for edit in edits))


def is_excluded(edit: Any, excluded: Collection[str]) -> bool:
    """Whether an edit is named, by its id or by its digest, which alone tells it from another of the same id."""
    return bool(excluded) and (edit_id(edit) in excluded or edit_digest(edit) in excluded)


def contested(edits: Iterable[Any], excluded: Collection[str] = ()) -> frozenset[str]:
    """Ids that stand for more than one content; none of those is in force (law 6).

    A copy that does not count cannot take the edit that it imitates out of force, and neither can a copy that differs
    in nothing but its signature: ECDSA lets anybody make a second valid signature out of a first.
    """
    by_id: dict[str, list[Any]] = {}
    for edit in edits:
        by_id.setdefault(edit_id(edit), []).append(edit)
    return frozenset(name for name, alike in by_id.items() if len(alike) > 1 and _differ(alike, excluded))


def _differ(alike: Iterable[Any], excluded: Collection[str]) -> bool:
    counted = [edit for edit in alike if is_erased(edit) or (is_edit(edit) and not is_excluded(edit, excluded))]
    return len({content(_unsigned(edit)) for edit in counted}) > 1


def _unsigned(edit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in edit.items() if name != "sig"}


def in_force(edits: Iterable[Any], excluded: Collection[str] = ()) -> list[Edit]:
    """The edits that count: well-formed, not erased, not among `excluded` (ids or digests), their id not contested."""
    counted = [edit for edit in edits if is_edit(edit) and not is_excluded(edit, excluded)]
    by_id = {edit["id"]: edit for edit in counted}
    if len(by_id) == len(counted) and not any(map(is_erased, edits)):
        return counted
    doubtful = contested(edits, excluded)
    for edit in counted:
        by_id[edit["id"]] = min(by_id[edit["id"]], edit, key=edit_digest)
    return [edit for edit in counted if edit["id"] not in doubtful and edit is by_id[edit["id"]]]


def is_edit(edit: Any) -> bool:
    """Whether something has the shape of an edit that can be in force. Wider than the gate, and never raises."""
    return (
        isinstance(edit, dict)
        and not is_erased(edit)
        and edit_id(edit) != ""
        and clock.is_time(edit.get("at"))
        and type(edit.get("version")) is int
        and edit["version"] in range(1, SAFE_INTEGER + 1)
        and isinstance(edit.get("set"), dict)
        and _are_texts(edit.get("unset"))
        and isinstance(edit.get("seen"), dict)
        and all(_are_texts(ids) for ids in edit["seen"].values())
        and all(is_plain(value) for value in edit["set"].values())
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def is_plain(value: Any, depth: int = VALUE_DEPTH) -> bool:
    """Whether a value may stand in an edit: no float, no integer beyond ±(2⁵³−1), not nested too deep (law 1)."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return bool(-SAFE_INTEGER <= value <= SAFE_INTEGER)
    if depth == 0:
        return False
    if kind is list:
        return all(is_plain(item, depth - 1) for item in value)
    return kind is dict and all(is_plain(item, depth - 1) for item in value.values())
