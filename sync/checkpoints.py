"""Checkpoints: how far a replication has come, kept at both of its ends in CouchDB's format.

Source: https://docs.couchdb.org/en/stable/replication/protocol.html#retrieve-replication-logs-from-source-and-target.
Members of a database can write its local documents, so a replication may have a *keeper* besides: a log where nobody
else writes, whose word counts where the ends say something else (law 22).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas import canonical
from sync.store import START, Database, Document, NotFound, Seq, Store, TooLarge

FORMAT = 4
"""`replication_id_version` of CouchDB 3."""
HISTORY = 50
"""Sessions that a log remembers, as in CouchDB."""
DIGITS = re.compile(r"[0-9]{1,18}(-|$)")
"""How a sequence begins; more digits count no changes."""


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
        """The last place of the first log that all others have come to as well; the beginning where there is none.

        It is given as the first log has it: what stands in the others somebody may have made up, and no source would
        understand it. An end that was restored from a backup has come less far, and is believed.
        """
        first, *others = self._histories
        for entry in first:
            place: Seq = entry["recorded_seq"]
            name = entry["session_id"]
            if all(_number(_recorded(history, name)) >= _number(place) for history in others):
                return place
        return START

    def write(self, entry: Mapping[str, Any]) -> None:
        """Write `entry` (CouchDB's history entry without `session_id`) to all logs, this session's in one place.

        The log that counts is written last: where the way breaks off in between, it is behind the others, as it should.
        """
        whole = {"session_id": self._session, **entry}
        for number, database in reversed(list(enumerate(self._logs))):
            earlier = [each for each in self._histories[number] if each["session_id"] != self._session]
            self._histories[number] = [whole, *earlier][:HISTORY]
            try:
                database.put_local(self._name, self._log(self._histories[number]))
            except TooLarge:  # of what somebody else has written there
                self._histories[number] = [whole]
                database.put_local(self._name, self._log([whole]))

    def _log(self, history: list[dict[str, Any]]) -> Document:
        return {
            "session_id": self._session,
            "source_last_seq": history[0]["end_last_seq"],
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
    if not isinstance(value, int | str) or isinstance(value, bool):
        return False
    return DIGITS.match(str(value)) is not None


def _number(seq: Seq | None) -> int:
    """How many changes a sequence counts; less than any where there is none."""
    return -1 if seq is None else int(str(seq).partition("-")[0])
