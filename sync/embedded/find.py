"""Queries: what is asked for, and a page of it. Pure. Source: CouchDB's `_find` reference."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.embedded.indexes import DESIGN, ordering
from sync.embedded.selectors import ABSENT, check, check_value, matches, names_of, value_at
from sync.store import BadRequest, Document

LIMIT = 25
MOST = 10_000
"""Documents of one page, and those that one may pass over to get to it."""
NIL = "nil"


@dataclass(frozen=True)
class Query:
    """What is asked for."""

    selector: Mapping[str, Any]
    limit: int = LIMIT
    skip: int = 0
    sort: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    bookmark: tuple[Any, ...] | None = None
    conflicts: bool = False
    statistics: bool = False
    use_index: str | Sequence[str] = ()

    @property
    def descends(self) -> bool:
        return any(direction == "desc" for _, direction in self.sort)


@dataclass
class Found:
    """A page of a query: its documents, where the next one starts, and how many were looked at."""

    docs: list[Document] = field(default_factory=list)
    bookmark: str = NIL
    examined: int = 0


def query_of(body: Mapping[str, Any]) -> Query:
    """The query that a request describes. Raises `BadRequest`."""
    selector = body.get("selector")
    if not isinstance(selector, Mapping):
        raise BadRequest("A query needs a selector.")
    check(selector)
    sort = tuple(ordering(body.get("sort") or []))
    if len({direction for _, direction in sort}) > 1:
        raise BadRequest("All fields are sorted in one direction.")
    return Query(
        selector,
        limit=_number(body, "limit", LIMIT),
        skip=_number(body, "skip", 0),
        sort=sort,
        fields=_fields(body.get("fields")),
        bookmark=_bookmark(body.get("bookmark")),
        conflicts=_flag(body, "conflicts"),
        statistics=_flag(body, "execution_stats"),
        use_index=_named(body.get("use_index")),
    )


def _number(body: Mapping[str, Any], name: str, default: int) -> int:
    found = body.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise BadRequest(f"{name} must be a whole number from 0.")
    return min(found, MOST)


def _flag(body: Mapping[str, Any], name: str) -> bool:
    found = body.get(name, False)
    if not isinstance(found, bool):
        raise BadRequest(f"{name} must be true or false.")
    return found


def _fields(given: Any) -> tuple[str, ...]:
    if given in (None, "all_fields"):
        return ()
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise BadRequest("fields must be a list of names.")
    return tuple(given)


def _named(given: Any) -> str | Sequence[str]:
    names = given if isinstance(given, list) else [given or ""]
    if not 1 <= len(names) <= 2 or not all(isinstance(name, str) for name in names):
        raise BadRequest("use_index must be a design document, or a list of that and an index's name.")
    return tuple(names) if isinstance(given, list) else names[0]


def _bookmark(given: Any) -> tuple[Any, ...] | None:
    if given in (None, NIL, ""):
        return None
    try:
        place = orjson.loads(base64.urlsafe_b64decode(given))
    except (TypeError, ValueError, binascii.Error):
        place = None
    if not isinstance(place, list) or not place or not isinstance(place[-1], str):
        raise BadRequest("The bookmark is none of this query's.")
    check_value(place)
    return tuple(place)


def run(query: Query, docs: Iterator[Document], keys: Sequence[str]) -> Found:
    """A page of the query, of documents that come in its order: by the fields `keys`, then by id."""
    found = Found()
    most = query.skip + query.limit
    page = [doc for _, doc in zip(range(most), _matching(query, docs, found), strict=False)][query.skip :]
    if page:
        place = orjson.dumps([keys, *(value_at(page[-1], name) for name in keys), page[-1]["_id"]])
        found.bookmark = base64.urlsafe_b64encode(place).decode()
    found.docs = page
    return found


def _matching(query: Query, docs: Iterator[Document], found: Found) -> Iterator[Document]:
    """Design documents are not looked at."""
    for doc in docs:
        if not doc["_id"].startswith(DESIGN):
            found.examined += 1
            if matches(query.selector, doc):
                yield doc


def projected(doc: Document, fields: Sequence[str]) -> Document:
    """Only those fields of a document; one such as `address.city` within its object."""
    if not fields:
        return doc
    shown: Document = {}
    for path in fields:
        value = value_at(doc, path, ABSENT)
        if value is not ABSENT:
            *outer, last = names_of(path)
            place = shown
            for name in outer:
                inner = place.setdefault(name, {})
                place = inner if isinstance(inner, dict) else {}
            place[last] = value
    return shown
