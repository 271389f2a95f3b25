"""Documents by id: a range or a list of keys. What is asked for stands in the address or, with POST, in the body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.protocol.bulk import list_of
from sync.store import BadRequest, Row

Given = Callable[[str], Any]


def all_docs(database: str) -> Response:
    """`_all_docs`."""
    given = _reader(answer.body_object() if request.method == "POST" else {})
    keys, skip, limit = given("keys"), _count(given, "skip") or 0, _count(given, "limit")
    end = None if limit is None else skip + limit
    rows = _ranged(given, end) if keys is None else list(_keyed(list_of(keys, "keys"), given))
    info = g.database.info()
    listing: dict[str, Any] = {"total_rows": info.doc_count, "offset": 0, "rows": rows[skip:end]}
    if _flag(given, "update_seq"):
        listing["update_seq"] = info.update_seq
    return answer.json(listing)


def _reader(body: dict[str, Any]) -> Given:
    return lambda name: body[name] if name in body else answer.parameter(name)


def _flag(given: Given, name: str, default: bool = False) -> bool:
    value = given(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false.", details={"parameter": name})
    return default if value is None else value


def _count(given: Given, name: str) -> int | None:
    value = given(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**15):
        raise BadRequest(f"{name} must be a whole number from 0.", details={"parameter": name})
    return value


def _bound(given: Given, *names: str) -> str | None:
    bound = next((value for value in map(given, names) if value is not None), None)
    if bound is not None and not isinstance(bound, str):
        raise BadRequest("Keys must be text.")
    return bound


def _ranged(given: Given, most: int | None) -> list[dict[str, Any]]:
    start, end = _bound(given, "key", "startkey", "start_key"), _bound(given, "key", "endkey", "end_key")
    include_docs = _flag(given, "include_docs")
    if _flag(given, "descending"):
        rows = list(reversed(g.database.all(start=end, end=start, include_docs=include_docs)))
    else:
        rows = g.database.all(start=start, end=end, limit=most, include_docs=include_docs)
    if not _flag(given, "inclusive_end", default=True):
        rows = [row for row in rows if row.id != end]
    return [_row(row, given) for row in rows]


def _keyed(keys: list[Any], given: Given) -> Iterator[dict[str, Any]]:
    texts = [key for key in keys if isinstance(key, str)]
    found = {row.id: row for row in g.database.all(keys=texts, include_docs=_flag(given, "include_docs"))}
    for key in keys:
        yield _row(found[key], given) if isinstance(key, str) and key in found else {"key": key, "error": "not_found"}


def _row(row: Row, given: Given) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": row.id, "key": row.id, "value": {"rev": row.rev}}
    if row.doc is not None:
        shown["doc"] = g.database.get(row.id, conflicts=True) if _flag(given, "conflicts") else row.doc
    return shown
