"""How a hub stands: what is on it alone, what the office would not take, when it last spoke with the office."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.campaign import mailbox_of, media_of
from sync.refusals import kept_in
from sync.store import START, Database, Document, NotFound, Seq, Store

STATUS = "hub-status"
LOOKED_AT = 20_000
"""Documents that are counted; above that it is 'more than'."""


def write_status(keeper: Database, status: Mapping[str, Any]) -> None:
    """What the relay has to say after a round: `{last_contact, last_attempt, error, positions}`."""
    keeper.put_local(STATUS, dict(status))


def read_status(keeper: Database) -> Document:
    """The same; empty before the first round."""
    try:
        return keeper.get_local(STATUS)
    except NotFound:
        return {}


def standing(store: Store, keeper: Database, teams: list[str]) -> dict[str, Any]:
    """Everything that people see of it, as JSON.

    `alone` counts, for each team, what the office has not confirmed: `records`, `receipts`, `pictures` and their
    `bytes`; `refused` names what it would not take.
    """
    status = read_status(keeper)
    positions = status.get("positions", {})
    return {
        "last_contact": status.get("last_contact"),
        "last_attempt": status.get("last_attempt"),
        "error": status.get("error"),
        "alone": [{"team": team, **_alone(store, team, positions)} for team in teams],
        "refused": kept_in(keeper),
    }


def _alone(store: Store, team: str, positions: Mapping[str, Seq]) -> dict[str, Any]:
    texts = _since(store, mailbox_of(team), positions)
    pictures = _since(store, media_of(team), positions, bodies=True)
    return {
        "records": sum(each.id.startswith("record:") and not each.deleted for each in texts),
        "receipts": sum(each.id.startswith("receipt:") for each in texts),
        "pictures": len(pictures),
        "bytes": sum(_bytes_of(each.doc) for each in pictures),
        "more": max(len(texts), len(pictures)) >= LOOKED_AT,
    }


def _since(store: Store, name: str, positions: Mapping[str, Seq], *, bodies: bool = False) -> list[Any]:
    try:
        page = store.database(name).changes(positions.get(name, START), limit=LOOKED_AT, include_docs=bodies)
    except NotFound:
        return []
    return list(page.results)


def _bytes_of(doc: Document | None) -> int:
    files = (doc or {}).get("_attachments", {})
    return sum(int(entry.get("length", 0)) for entry in files.values())
