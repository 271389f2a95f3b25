"""Mango over HTTP: queries, what would answer them, and indexes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import Response, g, request

from sync.embedded import find as mango
from sync.embedded import indexes as kept
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.indexes import Index
from sync.embedded.protocol import answer
from sync.embedded.selectors import bounds
from sync.store import NotFound, Row

BATCH = 500
NOT_INDEXED = "No matching index found, create an index to optimize query time."


def find(database: str) -> Response:
    """`_find`."""
    query, index = _query()
    began = time.monotonic()
    found = mango.run(query, lambda least, most: _read(g.database, least, most))
    docs = [g.database.get(doc["_id"], conflicts=True) for doc in found.docs] if query.conflicts else found.docs
    told: dict[str, Any] = {"docs": [mango.projected(doc, query.fields) for doc in docs], "bookmark": found.bookmark}
    if query.statistics:
        spent = round((time.monotonic() - began) * 1000, 3)
        told["execution_stats"] = {
            "total_keys_examined": 0,
            "total_docs_examined": found.examined,
            "total_quorum_docs_examined": 0,
            "results_returned": len(docs),
            "execution_time_ms": spent,
        }
    if index.design is None and set(query.selector) - {"_id"}:
        told["warning"] = NOT_INDEXED
    return answer.json(told)


def _query() -> tuple[mango.Query, Index]:
    answer.needs_json()
    query = mango.query_of(answer.body_object())
    return query, mango.usable_index(query, _indexes())


def _read(database: EmbeddedDatabase, least: str | None, most: str | None) -> Iterator[Row]:
    """In batches, so that no database is whole in memory."""
    while True:
        rows = database.all(start=least, end=most, limit=BATCH, include_docs=True)
        yield from rows
        if len(rows) < BATCH:
            return
        least = rows[-1].id + "\0"


def explain(database: str) -> Response:
    """`_explain`: which index a query has its order from."""
    query, index = _query()
    least, most = bounds(query.selector, "_id")
    return answer.json(
        {
            "dbname": database,
            "index": index.shown(),
            "partitioned": False,
            "selector": query.selector,
            "opts": {"limit": query.limit, "skip": query.skip, "conflicts": query.conflicts},
            "limit": query.limit,
            "skip": query.skip,
            "fields": query.fields or "all_fields",
            "range": {"start_key": [least], "end_key": [most]},
        }
    )


def _indexes() -> list[Index]:
    designs = g.database.all(start="_design/", end="_design/\U0010ffff", include_docs=True)
    return kept.found_in(row.doc for row in designs if row.doc)


def indexes(database: str) -> Response:
    """`_index`: the indexes that there are, or one more."""
    if request.method != "POST":
        found = _indexes()
        return answer.json({"total_rows": len(found), "indexes": [index.shown() for index in found]})
    answer.needs_json()
    index = kept.wanted(answer.body_object())
    assert index.design is not None
    doc = kept.kept(index, _standing(index.design))
    if doc is not None:
        g.database.put(doc, user=g.user)
    return answer.json({"result": "created" if doc else "exists", "id": index.design, "name": index.name})


def _standing(design: str) -> dict[str, Any] | None:
    try:
        doc: dict[str, Any] = g.database.get(design)
    except NotFound:
        return None
    return doc


def index(database: str, design: str, name: str) -> Response:
    """Takes an index away."""
    standing = _standing(kept.DESIGN + design.removeprefix(kept.DESIGN))
    doc = kept.without(standing, name) if standing else None
    if doc is None:
        raise NotFound("missing")
    g.database.put(doc, user=g.user)
    return answer.json({"ok": True})
