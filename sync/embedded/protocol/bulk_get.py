"""Many revisions in one answer: bodies as the bytes they are kept as, attachments piece by piece."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any
from urllib.parse import quote

import orjson
from flask import Response, g

from sync.embedded.database import EmbeddedDatabase, revisions_of
from sync.embedded.kept import Stored
from sync.embedded.protocol import answer, parts
from sync.embedded.protocol.bulk import list_of
from sync.embedded.protocol.documents import latest_leaf
from sync.embedded.protocol.inline import streamed
from sync.embedded.protocol.reading import takes_parts
from sync.embedded.tree import Tree, checked
from sync.store import BadRequest

Group = tuple[str, list[str], str | None]
"""A document, those of its revisions that are to come, and the one that was asked for."""


def bulk_get(database: str) -> Response:
    """Named revisions of many documents, with their ancestry where asked for."""
    asked_for = [_wanted(each) for each in list_of(answer.body_object().get("docs"), "docs")]
    latest = answer.flag("latest")
    trees = g.database.trees({doc_id for doc_id, _ in asked_for})
    groups = [(doc_id, _chosen(trees.get(doc_id), rev, latest), rev) for doc_id, rev in dict.fromkeys(asked_for)]
    bodies = g.database.revisions(((doc_id, rev) for doc_id, chosen, _ in groups for rev in chosen), trees)
    found = _Found(g.database, trees, bodies, answer.flag("revs"), answer.flag("attachments"))
    if takes_parts("mixed", "related"):
        return parts.answered("mixed" if takes_parts("mixed") else "related", found.parts(groups))
    pieces = chain([b'{"results":['], found.rows(groups), [b"]}\n"])
    return Response(pieces, content_type=answer.JSON) if found.is_large else answer.spliced(pieces)


def _wanted(entry: Any) -> tuple[str, str | None]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("id"), str):
        raise BadRequest("Each of docs must have an id.")
    rev = entry.get("rev")
    return entry["id"], None if rev is None else checked(rev)


def _chosen(tree: Tree | None, rev: str | None, latest: bool) -> list[str]:
    if rev is None:
        return tree.ranked() if tree else []
    if latest and tree and rev in tree.parents:
        return [latest_leaf(tree, rev)]
    return [rev]


@dataclass(frozen=True)
class _Found:
    """What is here of what was asked for."""

    database: EmbeddedDatabase
    trees: Mapping[str, Tree]
    bodies: Mapping[tuple[str, str], Stored]
    revs: bool
    attached: bool

    @property
    def is_large(self) -> bool:
        """Whether attachments come too, which may be any size together."""
        return self.attached and any(stored.attachments for stored in self.bodies.values())

    def rows(self, groups: Iterable[Group]) -> Iterator[bytes]:
        """The members of `results`, in pieces."""
        separator = b""
        for doc_id, chosen, asked in groups:
            yield separator + b'{"id":' + orjson.dumps(doc_id) + b',"docs":['
            separator = b","
            if not chosen:
                yield orjson.dumps({"error": _missing(doc_id, asked or "undefined")})
            for number, rev in enumerate(chosen):
                yield b"," if number else b""
                yield from self._revision(doc_id, rev)
            yield b"]}"

    def _revision(self, doc_id: str, rev: str) -> Iterable[bytes]:
        stored = self.bodies.get((doc_id, rev))
        if stored is None:
            return [orjson.dumps({"error": _missing(doc_id, rev)})]
        more = self._ancestry(doc_id, rev)
        if self.attached and stored.attachments:
            doc = {**stored.document(), **more}
            return chain([b'{"ok":'], streamed(self.database, doc, doc["_attachments"]), [b"}"])
        return [b'{"ok":' + document_bytes(stored, more) + b"}"]

    def _ancestry(self, doc_id: str, rev: str) -> dict[str, Any]:
        return {"_revisions": revisions_of(self.trees[doc_id], rev)} if self.revs else {}

    def parts(self, groups: Iterable[Group]) -> Iterator[parts.Part]:
        """Each revision a part, with its attachments in it."""
        for doc_id, chosen, asked in groups:
            for rev in chosen or [asked or "undefined"]:
                names = {"X-Doc-ID": quote(doc_id), "X-Rev-ID": rev}
                stored = self.bodies.get((doc_id, rev))
                if stored is None:
                    yield parts.error_part(_missing(doc_id, rev), names)
                else:
                    doc = {**stored.document(), **self._ancestry(doc_id, rev)}
                    yield parts.document_part(self.database, doc, doc.get("_attachments", ()), names)


def _missing(doc_id: str, rev: str) -> dict[str, str]:
    return {"id": doc_id, "rev": rev, "error": "not_found", "reason": "missing"}


def document_bytes(stored: Stored, more: Mapping[str, Any]) -> bytes:
    """A document as JSON, its body unparsed."""
    head: dict[str, Any] = {"_id": stored.id, "_rev": stored.rev, **more}
    if stored.deleted:
        head["_deleted"] = True
    start = orjson.dumps(head)[:-1]
    if stored.attachments:
        stubs = {name: {**entry, "stub": True} for name, entry in orjson.loads(stored.attachments).items()}
        start += b',"_attachments":' + orjson.dumps(stubs)
    return start + b"}" if stored.body == b"{}" else start + b"," + stored.body[1:]
