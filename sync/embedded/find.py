"""Queries: documents by selector, sorted, page by page. Source: CouchDB's `_find` reference."""

from __future__ import annotations

import base64
import binascii
import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.embedded import collation
from sync.embedded.indexes import ALL_DOCS, Index, ordering
from sync.embedded.selectors import bounds, check, matches, names_of, value_at
from sync.store import BadRequest, Document, Row, StoreError

LIMIT = 25
MOST = 10_000
"""Documents of one page, and those that one may pass over to get to it."""
NIL = "nil"

Read = Callable[[str | None, str | None], Iterator[Row]]
"""Live documents by id from one to another, both inclusive, with their bodies."""


class NoIndex(StoreError):
    """A sorting that no index was made for."""

    code, status = "no_usable_index", 400


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

    def order(self, doc: Mapping[str, Any]) -> list[Any]:
        """What a document is sorted by; its id last, so that no two are equal."""
        return [value_at(doc, name) for name, _ in self.sort] + [doc["_id"]]

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
        bookmark=_bookmark(body.get("bookmark"), len(sort) + 1),
        conflicts=_flag(body, "conflicts"),
        statistics=_flag(body, "execution_stats"),
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


def _bookmark(given: Any, length: int) -> tuple[Any, ...] | None:
    if given in (None, NIL, ""):
        return None
    try:
        place = orjson.loads(base64.urlsafe_b64decode(given))
    except (TypeError, ValueError, binascii.Error):
        place = None
    if not isinstance(place, list) or len(place) != length or not isinstance(place[-1], str):
        raise BadRequest("The bookmark is none of this query's.")
    return tuple(place)


def usable_index(query: Query, indexes: Sequence[Index]) -> Index:
    """The index that has the query's sorting; without one, all documents. Raises `NoIndex`."""
    names = [name for name, _ in query.sort]
    for index in indexes:
        if [name for name, _ in index.fields][: len(names)] == names and (index.design or names in ([], ["_id"])):
            return index if names else ALL_DOCS
    raise NoIndex("No index exists for this sort, try indexing by the sort fields.")


def run(query: Query, read: Read) -> Found:
    """A page of the query. Design documents are not looked at."""
    found = Found()
    kept = _matching(query, read, found)
    if query.sort:
        kept = _sorted(query, kept)
    most = query.skip + query.limit
    page = [doc for _, doc in zip(range(most), kept, strict=False)][query.skip :]
    if page:
        place = orjson.dumps(query.order(page[-1]))
        found.bookmark = base64.urlsafe_b64encode(place).decode()
    found.docs = page
    return found


def _matching(query: Query, read: Read, found: Found) -> Iterator[Document]:
    least, most = bounds(query.selector, "_id")
    if query.bookmark and not query.sort:
        least = max(least or "", query.bookmark[-1] + "\0")
    for row in read(least, most):
        if row.id.startswith("_design/"):
            continue
        found.examined += 1
        assert row.doc is not None
        if matches(query.selector, row.doc):
            yield row.doc


def _sorted(query: Query, docs: Iterator[Document]) -> Iterator[Document]:
    """The first of them by the sorting, behind the bookmark: no more are kept than the page needs."""

    def key(doc: Document) -> tuple[Any, ...]:
        return tuple(map(collation.key, query.order(doc)))

    complete = (doc for doc in docs if all(value_at(doc, name, _NONE) is not _NONE for name, _ in query.sort))
    most, place = query.skip + query.limit, query.bookmark and tuple(map(collation.key, query.bookmark))
    if query.descends:
        return iter(heapq.nlargest(most, (doc for doc in complete if place is None or key(doc) < place), key=key))
    return iter(heapq.nsmallest(most, (doc for doc in complete if place is None or key(doc) > place), key=key))


_NONE: Any = object()


def projected(doc: Document, fields: Sequence[str]) -> Document:
    """Only those fields of a document; one such as `address.city` within its object."""
    if not fields:
        return doc
    shown: Document = {}
    for path in fields:
        value = value_at(doc, path, _NONE)
        if value is not _NONE:
            *outer, last = names_of(path)
            place = shown
            for name in outer:
                inner = place.setdefault(name, {})
                place = inner if isinstance(inner, dict) else {}
            place[last] = value
    return shown
