"""The revisions of one record as a database keeps them, in memory: what merging is tried on."""

from __future__ import annotations

from typing import Any

import orjson

from schemas.form import Form, parse
from sync import gate
from sync.edits import edit_digest, edit_id
from sync.merge import union
from sync.record import derive, merged_body
from sync.revisions import plan_merge
from sync.store import Document, UserContext
from tests.sync.logs import RECORD
from tests.vectors import form

FORM = parse(form("policies"))
MAILBOX = {"rounds": {"kind": "mailbox", "team": "north"}}
TABLET = UserContext("li.wei", frozenset({"inspector"}))


def keys(log: list[Any]) -> set[tuple[str, str]]:
    """What tells the edits of a log apart."""
    return {(edit_id(edit), edit_digest(edit)) for edit in log}


def revision(parent: Document | None, edits: list[Any], name: int) -> Document:
    """A leaf as a tablet's store writes it."""
    number = 1 + (int(parent["_rev"].partition("-")[0]) if parent else 0)
    digest = f"{name:032x}"
    body = build({"_id": RECORD, "type": "record", "form": "policies", "team": "north"}, edits)
    ancestors = parent["_revisions"]["ids"] if parent else []
    return {**body, "_rev": f"{number}-{digest}", "_revisions": {"start": number, "ids": [digest, *ancestors]}}


def build(winner: Document, edits: list[Any], by: Form = FORM) -> Document:
    """The merged body."""
    return merged_body(winner, edits, derive(edits, by))


class Store:
    """The revisions of one document, and the edits that its intake has seen, which judges by `form`."""

    def __init__(self, form: Form = FORM) -> None:
        self._form = form
        self.revisions: dict[str, Document] = {}
        self.known: list[Any] = []

    def take(self, docs: list[Document]) -> None:
        """What replication brings: each passes the gate, and nobody has written two under one name."""
        for doc in docs:
            assert gate_accepts(doc)
            known = self.revisions.setdefault(doc["_rev"], doc)
            assert content(known) == content(doc), "one revision, one content"
            self.known = union(self.known, doc["edits"])

    def leaves(self) -> list[Document]:
        """Revisions that none follows."""
        inner = {
            f"{doc['_revisions']['start'] - depth}-{digest}"
            for doc in self.revisions.values()
            for depth, digest in enumerate(doc["_revisions"]["ids"])
            if depth
        }
        return [doc for rev, doc in self.revisions.items() if rev not in inner]

    def live(self) -> list[Document]:
        """Leaves that are not deleted, the winner first."""
        found = [leaf for leaf in self.leaves() if not leaf.get("_deleted")]
        return sorted(found, key=lambda leaf: (leaf["_revisions"]["start"], leaf["_rev"]), reverse=True)

    def merge(self) -> int:
        """What its intake does; how many revisions it wrote."""
        planned = plan_merge(self.leaves(), lambda winner, edits: build(winner, edits, self._form), known=self.known)
        self.take(planned)
        return len(planned)


def content(doc: Document) -> bytes:
    """What a revision holds, without its history."""
    return orjson.dumps(
        {name: value for name, value in doc.items() if name != "_revisions"}, option=orjson.OPT_SORT_KEYS
    )


def gate_accepts(doc: Document) -> bool:
    """Whether a tablet may send it; raises where it may not."""
    gate.check(doc, None, TABLET, MAILBOX)
    return True
