"""Which index answers a query, and where in it to look. Pure. Source: CouchDB's `_find` reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sync.embedded.find import NO_BOOKMARK, Place, Query
from sync.embedded.indexes import ALL_DOCS, DESIGN, Index
from sync.embedded.lookup import Range, key_of
from sync.embedded.selectors import Span, span
from sync.store import BadRequest, StoreError


class NoIndex(StoreError):
    """A sorting that no index was made for."""

    code, status = "no_usable_index", 400


@dataclass(frozen=True)
class Plan:
    """An index, and what the selector says of the fields that it orders by."""

    index: Index
    spans: Sequence[Span]

    @property
    def is_all(self) -> bool:
        """Whether documents are read by their ids."""
        return self.index is ALL_DOCS

    @property
    def depth(self) -> int:
        """How many of its fields, from the first on, leave less to look at."""
        fixed = len(list(takewhile(lambda each: each.is_one, self.spans)))
        more = self.spans[fixed : fixed + 1]
        return fixed + any(each.least or each.most for each in more)

    def ends(self) -> tuple[list[Any], list[Any]]:
        """The values between which to look, those of the first fields."""
        least: list[Any] = []
        most: list[Any] = []
        for each in self.spans[: self.depth]:
            least += each.least
            most += each.most
        return least, most

    def range(self, query: Query) -> Range:
        """Where to look, behind the query's bookmark. Raises `BadRequest` where that is none of this index."""
        least, most = self.ends()
        return Range(key_of(least), key_of(most), self.after(query), query.descends)

    def after(self, query: Query) -> Place | None:
        """The place of a bookmark."""
        if query.bookmark is None:
            return None
        if query.bookmark.names != self.names:
            raise BadRequest(NO_BOOKMARK)  # or another index has come that is nearer
        return query.bookmark.place

    @property
    def names(self) -> list[str]:
        """The fields that a bookmark names, for it is of use to whoever orders by the same ones alone."""
        return [] if self.is_all else self.index.names


def plan(query: Query, indexes: Sequence[Index]) -> Plan:
    """The way to the documents: the index that leaves least to look at. Raises `NoIndex`."""
    usable = [found for index in indexes if (found := _plan(query, index)) is not None]
    named = [found for found in usable if _is_named(query.use_index, found.index)]
    if named:
        return named[0]
    sound = [found for found in usable if not found.index.partial and (query.sort or found.is_all or found.depth)]
    if not sound:
        raise NoIndex("No index exists for this sort, try indexing by the sort fields.")
    return min(sound, key=lambda found: (-found.depth, not found.is_all, len(found.index.fields), found.index.name))


def _plan(query: Query, index: Index) -> Plan | None:
    """How an index would answer; None where it lacks documents that the query wants, or does not have its sorting."""
    spans = [span(query.selector, name) for name in index.names]
    wanted = [name for name, _ in query.sort]
    if index is ALL_DOCS:
        return Plan(index, spans) if wanted in ([], ["_id"]) else None
    if not all(each.is_present or name in (*wanted, "_id") for name, each in zip(index.names, spans, strict=True)):
        return None
    fixed = len(list(takewhile(lambda each: each.is_one, spans)))
    sorts = any(index.names[start : start + len(wanted)] == wanted for start in range(fixed + 1))
    return Plan(index, spans) if sorts else None


def _is_named(name: Any, index: Index) -> bool:
    """Whether `use_index` means an index: by its design document, or by that and its name."""
    if index.design is None or not name:
        return False
    given = [name] if isinstance(name, str) else list(name)
    return given in ([index.design.removeprefix(DESIGN)], [index.design]) or given in (
        [index.design.removeprefix(DESIGN), index.name],
        [index.design, index.name],
    )


def explained(found: Plan) -> Mapping[str, Any]:
    """Where it looks, as `_explain` tells it."""
    least, most = found.ends()
    return {"start_key": least, "end_key": most}
