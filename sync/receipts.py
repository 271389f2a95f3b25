"""Receipts: what they say of files, and how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import structlog

from sync.store import Database, Document

log = structlog.get_logger(__name__)

TRIES = 5


def with_media(receipt: Document, named: Sequence[str], arrived: Iterable[str]) -> Document:
    """The receipt, saying which of the files that the answers name have arrived; as it was where they name none."""
    if not named:
        return receipt
    here = set(arrived)
    return receipt | {
        "media": {
            "arrived": [digest for digest in sorted(named) if digest in here],
            "missing": [digest for digest in sorted(named) if digest not in here],
        }
    }


def write_receipts(database: Database, receipts: Iterable[Document]) -> None:
    """Write the receipts that say something new (law 20); after somebody else's write, read and try again."""
    wanted = {receipt["_id"]: receipt for receipt in receipts}
    for _ in range(TRIES):
        standing = {row.id: row.doc or {} for row in database.all(keys=list(wanted), include_docs=True)}
        fresh = [
            {**receipt, **_rev(standing.get(doc_id))}
            for doc_id, receipt in wanted.items()
            if _body(standing.get(doc_id)) != receipt
        ]
        failed = {each.id for each in database.put_many(fresh) if each.error} if fresh else set()
        wanted = {doc_id: receipt for doc_id, receipt in wanted.items() if doc_id in failed}
        if not wanted:
            return
    log.error("receipts could not be written", database=database.name, receipts=sorted(wanted))


def _body(doc: Mapping[str, object] | None) -> Document | None:
    return None if doc is None else {name: value for name, value in doc.items() if name != "_rev"}


def _rev(doc: Document | None) -> Document:
    return {"_rev": doc["_rev"]} if doc else {}
