"""What a replication could not hand over, kept where nobody loses sight of it: which document, which revisions, why."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sync.store import Database, Document, NotFound, StoreError

PREFIX = "refusal"
REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Refusal:
    """Revisions of one document that the target would not take (or the source not give), and in whose words.

    `at` is an RFC 3339 time.
    """

    document: str
    revs: tuple[str, ...]
    code: str
    reason: str
    at: str

    @classmethod
    def of(cls, document: str, revs: Sequence[str], error: StoreError, at: str) -> Refusal:
        return cls(document, tuple(revs), error.code, error.reason[:REASON_CHARACTERS], at)


class Refusals:
    """The refusals of one replication, as documents of a database where only Rounds' own programs write."""

    def __init__(self, database: Database, replication: str, *, source: str, target: str) -> None:
        self._database = database
        self._prefix = f"{PREFIX}:{replication}:"
        self._about = {"type": PREFIX, "replication": replication, "source": source, "target": target}

    def keep(self, refusals: Iterable[Refusal]) -> None:
        """Remember these; one of the same document is replaced, with the revisions of both."""
        known = {each.document: each for each in self.all()}
        for each in refusals:
            before = known.get(each.document)
            revs = sorted({*each.revs, *(before.revs if before else ())})
            self._put({**self._about, "_id": self._id(each.document), **_members(each), "revs": revs})

    def all(self) -> list[Refusal]:
        """All that are kept, by document."""
        rows = self._database.all(start=self._prefix, end=f"{self._prefix}\ufff0", include_docs=True)
        return sorted((_refusal(row.doc) for row in rows if row.doc), key=lambda each: each.document)

    def drop(self, document: str) -> None:
        """It has arrived."""
        try:
            doc = self._database.get(self._id(document))
        except NotFound:
            return
        self._database.put({"_id": doc["_id"], "_rev": doc["_rev"], "_deleted": True})

    def _id(self, document: str) -> str:
        return self._prefix + hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _put(self, doc: Document) -> None:
        with suppress(NotFound):
            doc = {**doc, "_rev": self._database.get(doc["_id"])["_rev"]}
        self._database.put(doc)


def kept_in(database: Database) -> list[Document]:
    """The refusals of every replication that a database keeps: `{document, revs, code, reason, at, source, target}`."""
    rows = database.all(start=f"{PREFIX}:", end=f"{PREFIX}:\ufff0", include_docs=True)
    return [{name: value for name, value in (row.doc or {}).items() if not name.startswith("_")} for row in rows]


def _members(refusal: Refusal) -> Document:
    return {"document": refusal.document, "code": refusal.code, "reason": refusal.reason, "at": refusal.at}


def _refusal(doc: Document) -> Refusal:
    return Refusal(doc["document"], tuple(doc["revs"]), doc["code"], doc["reason"], doc["at"])
