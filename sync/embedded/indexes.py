"""Mango indexes as they are kept: design documents, as CouchDB keeps them, that replicate like any other. Pure.

Their entries are made in `lookup.py`; which of them answers a query is said in `plan.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from sync.embedded.selectors import check
from sync.store import BadRequest, Document

MOST_FIELDS = 20
DESIGN = "_design/"


@dataclass(frozen=True)
class Index:
    """One index: where it stands, and the fields that it orders by."""

    design: str | None
    name: str
    fields: tuple[tuple[str, str], ...]
    partial: Mapping[str, Any] | None = None

    @property
    def names(self) -> list[str]:
        """The fields, without their directions."""
        return [name for name, _ in self.fields]

    @property
    def digest(self) -> str:
        """What tells indexes apart that order otherwise, or by which other documents are found."""
        content = orjson.dumps([self.fields, self.partial], option=orjson.OPT_SORT_KEYS)
        return hashlib.sha1(content, usedforsecurity=False).hexdigest()

    def shown(self) -> dict[str, Any]:
        """As `_index` and `_explain` show it."""
        definition: dict[str, Any] = {"fields": [{name: direction} for name, direction in self.fields]}
        if self.partial:
            definition["partial_filter_selector"] = self.partial
        kind = "json" if self.design else "special"
        return {"ddoc": self.design, "name": self.name, "type": kind, "partitioned": False, "def": definition}


ALL_DOCS = Index(None, "_all_docs", (("_id", "asc"),))


def wanted(body: Mapping[str, Any]) -> Index:
    """The index that a request describes. Raises `BadRequest`."""
    if body.get("type", "json") != "json":
        raise BadRequest("Indexes are of the type json here.")
    given = body.get("index")
    if not isinstance(given, Mapping) or not isinstance(given.get("fields"), list):
        raise BadRequest("index must be an object with fields, a list.")
    fields = tuple(ordering(given["fields"]))
    partial = given.get("partial_filter_selector")
    if partial is not None:
        if not isinstance(partial, Mapping):
            raise BadRequest("partial_filter_selector must be a selector.")
        check(partial)
    digest = Index(None, "", fields, partial).digest
    design, name = (_text(body, each, digest) for each in ("ddoc", "name"))
    return Index(DESIGN + design.removeprefix(DESIGN), name, fields, partial)


def _text(body: Mapping[str, Any], name: str, default: str) -> str:
    found = body.get(name, default)
    if not isinstance(found, str) or not found:
        raise BadRequest(f"{name} must be text.")
    return found


def ordering(given: Any) -> Iterable[tuple[str, str]]:
    """Fields with their directions, as `fields` and `sort` give them. Raises `BadRequest`."""
    if not isinstance(given, list) or len(given) > MOST_FIELDS:
        raise BadRequest(f"Fields to order by must be a list of at most {MOST_FIELDS}.")
    for each in given:
        pair = {each: "asc"} if isinstance(each, str) else each
        if not isinstance(pair, Mapping) or len(pair) != 1 or next(iter(pair.values())) not in ("asc", "desc"):
            raise BadRequest('A field to order by is its name, or {name: "asc"} or {name: "desc"}.')
        yield next(iter(pair.items()))


def kept(index: Index, standing: Document | None) -> Document | None:
    """The design document with the index in it; None where it is there already."""
    assert index.design is not None
    doc = dict(standing or {"_id": index.design, "language": "query"})
    views = dict(doc.get("views") or {})
    view = {
        "map": {"fields": dict(index.fields), "partial_filter_selector": dict(index.partial or {})},
        "reduce": "_count",
        "options": {"def": {"fields": [{name: direction} for name, direction in index.fields]}},
    }
    if views.get(index.name) == view:
        return None
    return {**doc, "views": {**views, index.name: view}}


def without(standing: Document, name: str) -> Document | None:
    """The design document without that index, deleted where it was the last; None where it does not have it."""
    views = dict(standing.get("views") or {})
    if views.pop(name, None) is None:
        return None
    return {**standing, "views": views} if views else {**standing, "_deleted": True}


def found_in(designs: Iterable[Document]) -> list[Index]:
    """The indexes of these design documents; what is none is passed over."""
    indexes = [ALL_DOCS]
    for doc in designs:
        views = doc.get("views")
        if doc.get("language") == "query" and isinstance(views, Mapping):
            indexes.extend(_index(doc["_id"], name, view) for name, view in views.items() if _is_index(view))
    return indexes


def _is_index(view: Any) -> bool:
    given = view.get("map") if isinstance(view, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(given.get("fields"), Mapping):
        return False
    partial = given.get("partial_filter_selector") or {}
    try:
        check(partial)
    except BadRequest:
        return False
    return isinstance(partial, Mapping) and 1 <= len(given["fields"]) <= MOST_FIELDS


def _index(design: str, name: str, view: Mapping[str, Any]) -> Index:
    fields = tuple((str(field), str(direction)) for field, direction in view["map"]["fields"].items())
    return Index(design, name, fields, view["map"].get("partial_filter_selector") or None)
