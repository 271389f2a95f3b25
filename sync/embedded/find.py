"""Queries: what is asked for, and a page of it. Pure. Source: CouchDB's `_find` reference."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from sync.embedded.indexes import DESIGN, ordering
from sync.embedded.selectors import ABSENT, check, matches, names_of, value_at
from sync.store import BadRequest, Document

LIMIT = 25
MOST = 10_000
"""Documents of one page, and those that one may pass over to get to it."""
NIL = "nil"
NO_BOOKMARK = "The bookmark is none of this query's."


Place = tuple[bytes, str]
"""Where an index has a document: the key of its entry, and the document's id. Where ids alone order, keys are empty."""


@dataclass(frozen=True)
class Bookmark:
    """Where a page ended: the fields of the index that it was read by, and the place there of its last document."""

    names: Sequence[str]
    place: Place

    def text(self) -> str:
        """As a client gets it, and gives it back."""
        key, doc_id = self.place
        content = orjson.dumps({"fields": self.names, "key": key.hex(), "id": doc_id})
        return base64.urlsafe_b64encode(content).decode()


@dataclass(frozen=True)
class Query:
    """What is asked for."""

    selector: Mapping[str, Any]
    limit: int = LIMIT
    skip: int = 0
    sort: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    bookmark: Bookmark | None = None
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


def _bookmark(given: Any) -> Bookmark | None:
    if given in (None, NIL, ""):
        return None
    try:
        told = orjson.loads(base64.urlsafe_b64decode(given))
        names, key, doc_id = (told[name] for name in ("fields", "key", "id"))
        place = bytes.fromhex(key), doc_id
    except (TypeError, ValueError, LookupError, binascii.Error):
        raise BadRequest(NO_BOOKMARK) from None
    if not isinstance(names, list) or not all(isinstance(text, str) for text in (*names, doc_id)):
        raise BadRequest(NO_BOOKMARK)
    return Bookmark(names, place)


def run(query: Query, docs: Iterator[tuple[Place, Document]], names: Sequence[str]) -> Found:
    """A page of the query, of documents in its order, each with its place in the index whose fields are `names`.

    The next page starts behind the place that the index had for the last of them, not behind the values that it has:
    these may be others since the index was read.
    """
    found = Found()
    most = query.skip + query.limit
    page = [each for _, each in zip(range(most), _matching(query, docs, found), strict=False)][query.skip :]
    if page:
        found.bookmark = Bookmark(names, page[-1][0]).text()
    found.docs = [doc for _, doc in page]
    return found


def _matching(query: Query, docs: Iterator[tuple[Place, Document]], found: Found) -> Iterator[tuple[Place, Document]]:
    """Design documents are not looked at."""
    for place, doc in docs:
        if not doc["_id"].startswith(DESIGN):
            found.examined += 1
            if matches(query.selector, doc):
                yield place, doc


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
