"""Edits: the entries of a record's append-only log, as they are told apart, joined and ordered.

An edit is `{id, at, by, device, app, version, set, unset, seen, note, sig}`; an erased one leaves the stub
`{id, at, erased}`. Whatever else stands in a log is kept, since nothing is ever dropped, and never in force.
The twin for the tablet is `core/edits.js`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import rfc8785

from schemas import canonical
from sync import clock

Edit = dict[str, Any]

SAFE_INTEGER = canonical.SAFE_INTEGER
VERSION_MOST = 2**31 - 1
VALUE_DEPTH = 16
"""How deep a value may nest: a geoshape takes two levels."""
STABLE_DEPTH = 128
REMEMBERED = 16_384
REMEMBERED_BYTES = 2_048

NAME_MOST = 200
_SORTED_SAFE = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER
_TEXT = frozenset({str})
_LONE = re.compile("[\ud800-\udfff]")


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
    try:
        written = orjson.dumps(edit, option=_SORTED_SAFE)
    except (TypeError, orjson.JSONEncodeError):
        return hashlib.sha256(_lenient(edit)).hexdigest()
    if len(written) > REMEMBERED_BYTES:
        return _digest.__wrapped__(written)
    return _digest(bytes(memoryview(written)))  # orjson's own bytes hold on to some 8 kB, whatever their length


@lru_cache(maxsize=REMEMBERED)
def _digest(written: bytes) -> str:
    """Every edit is asked for several times while its record is judged."""
    stands = canonical.is_canonical(written)
    return hashlib.sha256(written if stands else _lenient(orjson.loads(written))).hexdigest()


def stable(value: Any) -> bytes:
    """Canonical JSON of what was read from JSON, or what comes near it where a value has none: equal on every machine,
    and never an error."""
    return canonical.dumps_read(value, otherwise=_lenient)


def _lenient(value: Any) -> bytes:
    """What JavaScript makes of a value by `JSON.stringify` with sorted names; null for what is nested too deep."""
    return _written(value, STABLE_DEPTH).encode()


def _written(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _LONE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, list | tuple) and depth:
        return f"[{','.join(_written(item, depth - 1) for item in value)}]"
    if isinstance(value, dict) and depth:
        members = {str(name): item for name, item in value.items()}
        names = sorted(members, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return f"{{{','.join(f'{_written(name, 0)}:{_written(members[name], depth - 1)}' for name in names)}}}"
    return json.dumps(value) if isinstance(value, bool) else "null"


def _number(value: float) -> str:
    """A number as JavaScript has it: one of 64 bits."""
    if isinstance(value, int) and abs(value) <= SAFE_INTEGER:
        return str(value)
    try:
        return rfc8785.dumps(float(value)).decode()
    except (OverflowError, rfc8785.FloatDomainError):
        return "null"


def edit_id(edit: Any) -> str:
    """The edit's id; empty where it has none."""
    return _name(edit, "id")


def order(edit: Any) -> tuple[str, str]:
    """What edits are sorted by: time, then id."""
    return (_name(edit, "at"), _name(edit, "id"))


def _name(edit: Any, member: str) -> str:
    """A short ASCII text: Python and JavaScript order others differently."""
    found = edit.get(member) if isinstance(edit, dict) else None
    if not isinstance(found, str) or len(found) > NAME_MOST:
        return ""
    return found if found.isascii() and found.isprintable() else ""


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
            if not alike or alike[-1] is not edit:
                alike.append(edit)
    kept: list[Any] = []
    for alike in by_id.values():
        kept += alike if len(alike) == 1 else _different(_once(alike))
    return sorted(kept, key=order)  # stable, so that what shares time and id stays ordered by digest


def _once(alike: Iterable[Any]) -> list[Any]:
    """Each content once."""
    return list({content(edit): edit for edit in alike}.values())


def _different(alike: list[Any]) -> list[Any]:
    return alike if len(alike) == 1 else _distinct(_without_erased(alike))


def _distinct(alike: Iterable[Any]) -> list[Any]:
    """One edit for each digest, by digest: 1.0 written for 1 makes no other edit."""
    found: dict[str, Any] = {}
    for edit in sorted(alike, key=content):
        found.setdefault(edit_digest(edit), edit)
    return [found[digest] for digest in sorted(found)]


def _without_erased(alike: Sequence[Any]) -> list[Any]:
    erased = {edit["erased"] for edit in alike if is_erased(edit)}
    return [edit for edit in alike if is_erased(edit) or edit_digest(edit) not in erased] if erased else list(alike)


def edits_digest(edits: Iterable[Any]) -> str:
    """What a receipt is bound to: SHA-256 of the sorted list of `[id, digest]`."""
    return canonical.digest(sorted([edit_id(edit), edit_digest(edit)] for edit in edits))


def without(edits: Iterable[Any], log: Iterable[Any]) -> list[Any]:
    """Those edits that a log does not hold, neither whole nor erased."""
    held = {_named(edit) for edit in log}
    return [edit for edit in edits if _named(edit) not in held]


def _named(edit: Any) -> tuple[str, str]:
    return edit_id(edit), edit["erased"] if is_erased(edit) else edit_digest(edit)


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
    counted = [*filter(is_erased, alike), *well_formed(alike, excluded)]
    return len({content(_unsigned(edit)) for edit in counted}) > 1


def _unsigned(edit: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in edit.items() if name != "sig"}


def in_force(edits: Iterable[Any], excluded: Collection[str] = ()) -> list[Edit]:
    """The edits that count: well-formed, not erased, not among `excluded` (ids or digests), their id not contested."""
    counted = list(well_formed(edits, excluded))
    by_id = {edit["id"]: edit for edit in counted}
    if len(by_id) == len(counted) and not any(map(is_erased, edits)):
        return counted
    doubtful = contested(edits, excluded)
    for edit in counted:
        by_id[edit["id"]] = min(by_id[edit["id"]], edit, key=edit_digest)
    return [edit for name, edit in by_id.items() if name not in doubtful]


def well_formed(edits: Iterable[Any], excluded: Collection[str] = ()) -> Iterator[Edit]:
    """What has the shape of an edit and is not among `excluded`; several may share an id."""
    for edit in edits:
        sound = is_edit(edit)
        read = edit if sound else _integral(edit, 2 * VALUE_DEPTH)
        if (sound or is_edit(read)) and not is_excluded(edit, excluded):
            yield read


def _integral(value: Any, depth: int) -> Any:
    """The value with 1 where it has 1.0, which JavaScript cannot tell from it."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= SAFE_INTEGER:
        return int(value)
    if isinstance(value, dict) and depth:
        return {name: _integral(item, depth - 1) for name, item in value.items()}
    if isinstance(value, list) and depth:
        return [_integral(item, depth - 1) for item in value]
    return value


def is_edit(edit: Any) -> bool:
    """Whether something has the shape of an edit that can be in force. Wider than the gate, and never raises."""
    return (
        isinstance(edit, dict)
        and not is_erased(edit)
        and _name(edit, "id") != ""
        and clock.is_time(edit.get("at"))
        and type(edit.get("version")) is int
        and 1 <= edit["version"] <= VERSION_MOST
        and isinstance(edit.get("set"), dict)
        and _are_texts(edit.get("unset"))
        and isinstance(edit.get("seen"), dict)
        and all(map(_are_texts, edit["seen"].values()))
        and all(is_plain(value) for value in edit["set"].values() if type(value) is not str)
    )


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and _TEXT.issuperset(map(type, value))


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
