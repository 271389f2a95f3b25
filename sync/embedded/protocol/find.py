"""Mango over HTTP: queries, what would answer them, and indexes."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

from flask import Response, g, request

from sync.embedded import find as mango
from sync.embedded import indexes as kept
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.find import Place
from sync.embedded.indexes import Index
from sync.embedded.lookup import Lookup
from sync.embedded.plan import Plan, explained
from sync.embedded.plan import plan as planned
from sync.embedded.protocol import answer
from sync.embedded.tree import Tree
from sync.store import Document, NotFound

BATCH = 500
NOT_INDEXED = "No matching index found, create an index to optimize query time."


def find(database: str) -> Response:
    """`_find`."""
    query, indexes = _query(), _indexes()
    plan = planned(query, indexes)
    began = time.monotonic()
    with closing(_read(g.database, query, plan, indexes)) as docs:
        found = mango.run(query, docs, plan.names)
    shown = _with_conflicts(g.database, found.docs) if query.conflicts else found.docs
    told: dict[str, Any] = {"docs": [mango.projected(doc, query.fields) for doc in shown], "bookmark": found.bookmark}
    if query.statistics:
        spent = round((time.monotonic() - began) * 1000, 3)
        told["execution_stats"] = {
            "total_keys_examined": 0,
            "total_docs_examined": found.examined,
            "total_quorum_docs_examined": 0,
            "results_returned": len(shown),
            "execution_time_ms": spent,
        }
    if plan.is_all and set(query.selector) - {"_id"}:
        told["warning"] = NOT_INDEXED
    return answer.json(told)


def _query() -> mango.Query:
    answer.needs_json()
    return mango.query_of(answer.body_object())


def _read(
    database: EmbeddedDatabase, query: mango.Query, plan: Plan, indexes: Sequence[Index]
) -> Generator[tuple[Place, Document]]:
    """The documents in the plan's order with their places, in batches, so that no database is whole in memory."""
    span = plan.range(query)
    if plan.is_all:
        yield from _by_id(database, query, plan)
        return
    places = Lookup(database.file.lookup, database).places(plan.index, indexes, span)
    with closing(places):
        while some := {doc_id: (key, doc_id) for key, doc_id in islice(places, BATCH)}:
            rows = database.all(keys=list(some), include_docs=True)
            yield from ((some[row.id], row.doc) for row in rows if row.doc)


def _with_conflicts(database: EmbeddedDatabase, docs: Sequence[Document]) -> list[Document]:
    """These documents, each with the leaves that lost to it. They are as they were read, whatever has come since."""
    trees = database.trees(doc["_id"] for doc in docs)
    return [{**doc, "_conflicts": lost} if (lost := _lost(trees.get(doc["_id"]), doc)) else doc for doc in docs]


def _lost(tree: Tree | None, doc: Document) -> list[str]:
    if tree is None:  # purged since
        return []
    shown = doc["_rev"] if doc["_rev"] in tree.leaves else tree.winner()  # which has taken its place
    return [leaf for leaf, deleted in tree.leaves.items() if not deleted and leaf != shown]


def _by_id(database: EmbeddedDatabase, query: mango.Query, plan: Plan) -> Generator[tuple[Place, Document]]:
    least, most = (each[0] if each and isinstance(each[0], str) else None for each in plan.ends())
    last = query.bookmark.place[1] if query.bookmark else None
    while True:
        if last is not None and not query.descends:
            least = max(least or "", last + "\0")
        elif last is not None:
            most = min(most or last, last)
        rows = database.all(start=least, end=most, limit=BATCH, include_docs=True, descending=query.descends)
        yield from (((b"", row.id), row.doc) for row in rows if row.doc and row.id != last)
        if len(rows) < BATCH:
            return
        last = rows[-1].id


def explain(database: str) -> Response:
    """`_explain`: which index a query is answered by."""
    query = _query()
    plan = planned(query, _indexes())
    return answer.json(
        {
            "dbname": database,
            "index": plan.index.shown(),
            "partitioned": False,
            "selector": query.selector,
            "opts": {"limit": query.limit, "skip": query.skip, "conflicts": query.conflicts},
            "limit": query.limit,
            "skip": query.skip,
            "fields": query.fields or "all_fields",
            "range": explained(plan),
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
