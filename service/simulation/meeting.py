"""Meetings: a tablet or a hub replicates with a place, both ways, or a stick is carried; and what may go wrong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from tempfile import TemporaryFile
from typing import Any

from service.bundles import Reception
from service.parts import Parts
from sync.bundle.exporting import Author, export
from sync.checkpoints import Endpoint
from sync.replicate import Replication
from sync.store import ADMIN, START, Changes, Database, Document, Seq, Unavailable, UserContext, Written


class _Connection:
    """A database as somebody reaches it from elsewhere: the gate knows who writes, and the way may break.

    `writes` is how many batches get through before that; None for all.
    """

    def __init__(self, database: Database, user: UserContext, writes: int | None) -> None:
        self._database = database
        self._user = user
        self._writes = writes

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def put_revisions(self, docs: Sequence[Document], *, user: UserContext = ADMIN, **more: Any) -> list[Written]:
        """As the database does it, for this person."""
        if self._writes == 0:
            raise Unavailable("the connection broke")
        self._writes = None if self._writes is None else self._writes - 1
        return self._database.put_revisions(docs, user=self._user, **more)


def meet(
    here: Endpoint,
    there: Endpoint,
    user: UserContext,
    *,
    sent: Mapping[str, Any] | None = None,
    cut_after: int | None = None,
) -> int:
    """Replicate both ways, first towards `there`, as `user`; how many revisions were refused.

    `sent` is the selector of what goes there; everything comes back. With `cut_after`, the connection breaks after so
    many batches were written there. What came through stays.
    """
    way: Any = _Connection(there.database, user, cut_after)
    refused = 0
    try:
        office = Endpoint(way, there.identity)
        refused += Replication(here, office, selector=sent, designs=False).run().refused
        refused += Replication(office, here, designs=False).run().refused
    except Unavailable:
        pass
    return refused


def send_again(here: Endpoint, there: Endpoint, user: UserContext, *, sent: Mapping[str, Any]) -> int:
    """Send everything as if no checkpoint were left; how many revisions were refused."""
    way: Any = _Connection(there.database, user, None)
    anew = Endpoint(way, f"{there.identity}?anew")
    return Replication(here, anew, selector=sent, designs=False).run().refused


class _Unsent:
    """What of a tablet's replica has not been sent, under the name that the office has for it."""

    def __init__(self, database: Database, name: str, ids: Collection[str]) -> None:
        self._database = database
        self._ids = ids
        self.name = name

    def changes(self, since: Seq = START, **more: Any) -> Changes:
        """Only of these documents."""
        page = self._database.changes(since, **more)
        return replace(page, results=tuple(change for change in page.results if change.id in self._ids))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


def carry(local: Database, mailbox: str, unsent: Collection[str], author: Author, office: Parts) -> int:
    """Bring what a tablet has not sent to the office, as a bundle; how many documents were not taken."""
    with TemporaryFile() as stick:
        replica: Any = _Unsent(local, mailbox, unsent)
        export(stick, [replica], author)
        stick.seek(0)
        outcomes = list(Reception(office, stick).run())
    return sum(outcome.result not in ("written", "present") for outcome in outcomes)
