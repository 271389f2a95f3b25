"""Proof that what was replicated has arrived: that the other end has the edits, not merely revisions of those names.

Whoever may write a database names the revisions that they write. Where somebody has put another body under the name of
one of ours, the other end says that it has it, and replication carries nothing (docs/decisions/015). So records whose
receipts of the two ends do not agree are read at both, and what only one of them has is stored once more under a name
that nobody can have foreseen; replication carries that.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog

from sync.edits import without
from sync.revisions import apart
from sync.store import START, Database, Document, Seq

log = structlog.get_logger(__name__)

RECEIPT: Final = "receipt:"
PAGE: Final = 1_000
BATCH: Final = 100
"""Records that one step reads at both ends."""
TRIES: Final = 5
"""How often one record is stored anew: whoever stands in the way must not keep us busy."""


class Proof:
    """Looks after the records of one database that is replicated both ways.

    :param judges: who writes receipts here, and who over there
    :param patience: seconds that the other judge may take before it is asked what it has
    :param monotonic: seconds
    """

    def __init__(
        self,
        here: Database,
        there: Database,
        *,
        judges: tuple[str, str],
        patience: float,
        monotonic: Callable[[], float],
        name: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self._here, self._there = here, there
        self._judges, self._patience = judges, patience
        self._monotonic, self._name = monotonic, name
        self._since: Seq = START
        self._doubted: dict[str, float] = {}
        self._tries: dict[str, int] = {}

    def step(self) -> bool:
        """Look at what has waited long enough; True where something has to travel, or more is left to look at.

        To be called while nothing else is known to travel: what is on its way is missing over there rightly. Raises
        `StoreError`.
        """
        self._read_news()
        now = self._monotonic()
        due = [record for record, since in self._doubted.items() if now - since >= self._patience]
        for start in range(0, len(due), PAGE):
            self._agree(due[start : start + PAGE])
        left = [record for record in due if record in self._doubted]
        stored = [self._settle(record) for record in left[:BATCH]]
        return any(stored) or len(left) > BATCH

    def _read_news(self) -> None:
        """Doubt each record that a receipt has come of: each end speaks of one whenever its edits are others."""
        while (page := self._here.changes(self._since, limit=PAGE)).results:
            for change in page.results:
                record, _, judge = change.id.removeprefix(RECEIPT).rpartition(":")
                if change.id.startswith(RECEIPT) and judge in self._judges:
                    self._doubted[record] = self._monotonic()
            self._since = page.last_seq

    def _agree(self, records: Sequence[str]) -> None:
        """Those of which both judges say the same are in doubt no more."""
        keys = [f"{RECEIPT}{record}:{judge}" for record in records for judge in self._judges]
        rows = self._here.all(keys=keys, include_docs=True)
        digests = {row.id: row.doc.get("digest") for row in rows if row.doc}
        for record in records:
            if self._says_the_same(record, digests):
                del self._doubted[record]
                self._tries.pop(record, None)

    def _says_the_same(self, record: str, digests: dict[str, Any]) -> bool:
        ours, theirs = (digests.get(f"{RECEIPT}{record}:{judge}") for judge in self._judges)
        return ours is not None and ours == theirs

    def _settle(self, record: str) -> bool:
        """Read a record at both ends, and store here what one of them lacks."""
        here, there = self._here.leaves(record), self._there.leaves(record)
        anew = [*_lacked(here, there), *_lacked(there, here)]
        del self._doubted[record]
        if not anew:
            return False
        self._tries[record] = self._tries.get(record, 0) + 1
        if self._tries[record] > TRIES:
            log.error("a record does not arrive", database=self._here.name, record=record)
            return False
        self._doubted[record] = self._monotonic()
        log.warning("another body has taken a revision", database=self._here.name, record=record)
        return not self._here.put_revisions([apart(leaf, self._name()) for leaf in anew])


def _lacked(leaves: Sequence[Document], others: Sequence[Document]) -> list[Document]:
    """As few leaves as hold every edit that none of the others holds."""
    held = [edit for leaf in others for edit in leaf.get("edits", ())]
    chosen = []
    for leaf in sorted(leaves, key=lambda each: len(each.get("edits", ())), reverse=True):
        if without(leaf.get("edits", ()), held):
            chosen.append(leaf)
            held += leaf["edits"]
    return chosen
