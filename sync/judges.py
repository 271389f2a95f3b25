"""The verdicts on many records: one judge gives them, or two who share a long page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from sync.edits import edits_digest
from sync.forms import FormLibrary
from sync.second import MANY, NOTHING, Asked, SecondJudge, is_second
from sync.store import Document, Seq, StoreError
from sync.verdict import HELD, Judge, Judged

log = structlog.get_logger(__name__)

Record = tuple[Document, Sequence[Any]]
"""The winning leaf of a record, and all its edits."""


@dataclass(frozen=True)
class Verdict:
    """A verdict on these edits, and how far the reference database was read for it."""

    judged: Judged
    reference: Seq
    edits: Sequence[Any]

    def is_on(self, winner: Document, edits: Sequence[Any]) -> bool:
        """Whether it is about this revision and these edits."""
        if self.judged.rev != winner["_rev"]:
            return False
        return self.edits is edits or self.judged.receipt["digest"] == edits_digest(edits)


class Judges:
    """Judges under one name (`office`, or a hub's), with a second judge where there is one."""

    def __init__(self, library: FormLibrary, name: str, second: SecondJudge | None = None) -> None:
        self._library = library
        self._judge = Judge(library, name)
        self._second = second

    def verdicts(self, mailbox: str, records: Sequence[Record], before: Mapping[str, Verdict]) -> dict[str, Verdict]:
        """The verdict on each of these records, by id. One that was given `before`, on the same edits, stands."""
        asked = self._ask(mailbox, [each for each in records if each[0]["_id"] not in before])
        mine = [each for each in records if each[0]["_id"] not in asked]
        found = {
            winner["_id"]: self._given(mailbox, winner, edits, before.get(winner["_id"])) for winner, edits in mine
        }
        reference, theirs = self._second.answer() if self._second and asked else NOTHING
        for name, (winner, edits) in asked.items():
            judged = theirs.get(name)
            told = Verdict(judged, reference, edits) if judged is not None else None
            found[name] = self._given(mailbox, winner, edits, told)
        return found

    def set_aside(self, mailbox: str, winner: Document, edits: Sequence[Any]) -> Verdict:
        """To be called where this program trips over a record: it must not keep all others from their receipts."""
        log.exception("record set aside", mailbox=mailbox, record=winner["_id"])
        return Verdict(self._judge.set_aside(mailbox, winner, edits), self._library.position, edits)

    def _ask(self, mailbox: str, records: Sequence[Record]) -> dict[str, Record]:
        """Those of these records that the second judge is at work on, by id."""
        theirs = {each[0]["_id"]: each for each in records if is_second(each[0]["_id"])}
        if self._second is None or len(theirs) < MANY:
            return {}
        asked = Asked(mailbox, self._library.position, list(theirs.values()))
        return theirs if self._second.ask(asked) else {}

    def _given(self, mailbox: str, winner: Document, edits: Sequence[Any], before: Verdict | None) -> Verdict:
        if (
            before is not None
            and before.reference == self._library.position
            and before.judged.verdict != HELD  # what it was held for may have come
            and before.is_on(winner, edits)
        ):
            return before
        try:
            return Verdict(self._judge.judge(mailbox, winner, edits), self._library.position, edits)
        except Exception as error:
            if isinstance(error, StoreError) and error.retry:
                raise  # nothing is wrong with the record: it is read again
            return self.set_aside(mailbox, winner, edits)
