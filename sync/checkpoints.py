"""Checkpoints: how far a replication has come, kept at both of its ends in CouchDB's format.

Source: https://docs.couchdb.org/en/stable/replication/protocol.html#retrieve-replication-logs-from-source-and-target.
Members of a database can write its local documents, so a replication may have a *keeper* besides: a log where nobody
else writes, whose word counts where the ends say something else (law 22).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import canonical
from sync.store import START, Database, Document, NotFound, Seq, Store

FORMAT = 4
"""`replication_id_version` of CouchDB 3."""
HISTORY = 50
"""Sessions that a log remembers, as in CouchDB."""


@dataclass(frozen=True)
class Endpoint:
    """A database, and a name for it that stays the same by whatever address it is reached."""

    database: Database
    identity: str


def endpoint(store: Store, name: str) -> Endpoint:
    """That database of a store. Raises `NotFound`."""
    return Endpoint(store.database(name), f"{store.uuid}/{name}")


def replication_id(source: Endpoint, target: Endpoint, selector: Mapping[str, Any] | None, *, designs: bool) -> str:
    """The name of a replication: another filter is another replication."""
    parts = {"source": source.identity, "target": target.identity, "selector": selector, "designs": designs}
    return hashlib.sha256(canonical.dumps(parts)).hexdigest()[:32]


class Checkpoints:
    """The logs of one replication: the first of `logs` counts where they differ."""

    def __init__(self, name: str, session: str, logs: Sequence[Database]) -> None:
        self._name = name
        self._session = session
        self._logs = logs
        self._histories = [_history(log) for log in (_read(database, name) for database in logs)]

    def start(self) -> Seq:
        """The last place that all logs know of; the beginning where there is none."""
        first, *others = self._histories
        for entry in first:
            places = [_recorded(history, entry["session_id"]) for history in others]
            if None not in places:
                found = (_recorded(first, entry["session_id"]), *places)
                return min((place for place in found if place is not None), key=_number)
        return START

    def write(self, entry: Mapping[str, Any]) -> None:
        """Write `entry` (CouchDB's history entry without `session_id`) to all logs, this session's in one place."""
        whole = {"session_id": self._session, **entry}
        for number, database in enumerate(self._logs):
            earlier = [each for each in self._histories[number] if each["session_id"] != self._session]
            self._histories[number] = [whole, *earlier][:HISTORY]
            database.put_local(self._name, self._log(entry["end_last_seq"], self._histories[number]))

    def _log(self, seq: Seq, history: list[dict[str, Any]]) -> Document:
        return {
            "session_id": self._session,
            "source_last_seq": seq,
            "replication_id_version": FORMAT,
            "history": history,
        }


def _read(database: Database, name: str) -> Document:
    try:
        return database.get_local(name)
    except NotFound:
        database.info()  # no log yet; a database that is gone raises
        return {}


def _history(log: Document) -> list[dict[str, Any]]:
    """The sessions of a log, newest first; what somebody else has written there and is none is passed over."""
    listed = log.get("history")
    sessions = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [each for each in sessions if isinstance(each.get("session_id"), str) and _is_seq(each.get("recorded_seq"))]


def _recorded(history: Sequence[Mapping[str, Any]], session: str) -> Seq | None:
    return next((each["recorded_seq"] for each in history if each["session_id"] == session), None)


def _is_seq(value: object) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool) and str(value).partition("-")[0].isdecimal()


def _number(seq: Seq) -> int:
    """How many changes a sequence counts. An end that was restored from a backup knows of fewer, and is believed."""
    return int(str(seq).partition("-")[0])
