"""Documents by id: a range or a list of keys. What is asked for stands in the address or, with POST, in the body."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, g, request

from sync.embedded.protocol import answer
from sync.embedded.protocol.bulk import list_of
from sync.embedded.protocol.reading import inline
from sync.store import BadRequest, Row

MOST_QUERIES = 100

Given = Callable[[str], Any]


def all_docs(database: str) -> Response:
    """`_all_docs`."""
    return answer.json(_listed(_given()))


def design_docs(database: str) -> Response:
    """The same of design documents alone."""
    return answer.json(_listed(_given(), within=("_design/", "_design/\U0010ffff")))


def all_docs_queries(database: str) -> Response:
    """Several listings in one answer."""
    answer.needs_json()
    queries = list_of(answer.body_object().get("queries"), "queries")
    if len(queries) > MOST_QUERIES or not all(isinstance(query, dict) for query in queries):
        raise BadRequest(f"queries must be a list of at most {MOST_QUERIES} objects.")
    return answer.json({"results": [_listed(query.get) for query in queries]})


def _given() -> Given:
    if request.method != "POST":
        return answer.parameter
    answer.needs_json()
    body = answer.body_object()
    return lambda name: body[name] if name in body else answer.parameter(name)


def _listed(given: Given, within: tuple[str, str] | None = None) -> dict[str, Any]:
    keys, skip, limit = given("keys"), _count(given, "skip") or 0, _count(given, "limit")
    end = None if limit is None else skip + limit
    if keys is None:
        rows = _ranged(given, end, within)
    else:
        if not isinstance(keys, list):
            raise BadRequest("`keys` parameter must be an array.")
        wanted = list_of(keys, "keys")
        rows = list(_keyed(wanted[::-1] if _flag(given, "descending") else wanted, given))
    info = g.database.info()
    # How many come before the first row would take reading them all, where they are not the ones passed over.
    offset = skip if keys is None and _bound(given, "key", "startkey", "start_key") is None else None
    listing: dict[str, Any] = {"total_rows": info.doc_count, "offset": offset, "rows": rows[skip:end]}
    if _flag(given, "update_seq"):
        listing["update_seq"] = info.update_seq
    return listing


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


def _ranged(given: Given, most: int | None, within: tuple[str, str] | None) -> list[dict[str, Any]]:
    start, end = _bound(given, "key", "startkey", "start_key"), _bound(given, "key", "endkey", "end_key")
    descending = _flag(given, "descending")
    least, greatest = (end, start) if descending else (start, end)
    if within:
        least, greatest = max(least or "", within[0]), min(greatest or within[1], within[1])
    more = 0 if _flag(given, "inclusive_end", default=True) else 1  # the end itself may be among them
    rows = g.database.all(
        start=least,
        end=greatest,
        limit=None if most is None else most + more,
        include_docs=_flag(given, "include_docs"),
        descending=descending,
    )
    return [_row(row, given) for row in rows if not more or row.id != end]


def _keyed(keys: list[Any], given: Given) -> Iterator[dict[str, Any]]:
    texts = [key for key in keys if isinstance(key, str)]
    found = {row.id: row for row in g.database.all(keys=texts, include_docs=_flag(given, "include_docs"))}
    gone = g.database.trees(key for key in texts if key not in found)
    for key in keys:
        if not isinstance(key, str) or (key not in found and key not in gone):
            yield {"key": key, "error": "not_found"}
        elif key in found:
            yield _row(found[key], given)
        else:
            deleted = {"id": key, "key": key, "value": {"rev": gone[key].winner(), "deleted": True}}
            yield {**deleted, "doc": None} if _flag(given, "include_docs") else deleted


def _row(row: Row, given: Given) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": row.id, "key": row.id, "value": {"rev": row.rev}}
    if row.doc is not None:
        shown["doc"] = g.database.get(row.id, conflicts=True) if _flag(given, "conflicts") else row.doc
        if _flag(given, "attachments"):
            inline(shown["doc"])
    return shown
