"""What a request may ask to see of a document beside its body."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from flask import g, request

from sync.embedded.database import EmbeddedDatabase, revisions_of
from sync.embedded.kept import Stored
from sync.embedded.protocol import answer
from sync.embedded.tree import Tree, generation
from sync.store import BadRequest, Document


@dataclass(frozen=True)
class Reading:
    """The options of a read, as the request gives them. Source: CouchDB's `GET /{db}/{docid}`."""

    revs: bool
    revs_info: bool
    conflicts: bool
    deleted_conflicts: bool
    attachments: bool
    local_seq: bool
    atts_since: tuple[str, ...] | None

    @classmethod
    def asked(cls) -> Reading:
        """Raises `BadRequest`. `att_encoding_info` is looked at and changes nothing: nothing is kept encoded."""
        meta = answer.flag("meta")
        answer.flag("att_encoding_info")
        return cls(
            revs=answer.flag("revs"),
            revs_info=answer.flag("revs_info") or meta,
            conflicts=answer.flag("conflicts") or meta,
            deleted_conflicts=answer.flag("deleted_conflicts") or meta,
            attachments=answer.flag("attachments"),
            local_seq=answer.flag("local_seq"),
            atts_since=_atts_since(),
        )

    @property
    def is_plain(self) -> bool:
        """Whether the answer is the body alone, so that the revision says all about it."""
        return self == PLAIN

    def shown(self, stored: Stored, tree: Tree | None = None) -> Document:
        """A document with what was asked for, save its attachments' bytes."""
        doc = stored.document()
        if self.revs or self.revs_info or self.conflicts or self.deleted_conflicts:
            self._annotate(doc, tree or g.database.tree(stored.id))
        if self.local_seq:
            doc["_local_seq"] = g.database.sequence_of(stored.id)
        return doc

    def _annotate(self, doc: Document, tree: Tree) -> None:
        rev = doc["_rev"]
        if self.revs:
            doc["_revisions"] = revisions_of(tree, rev)
        if self.revs_info:
            kept = g.database.revisions(((doc["_id"], each) for each in tree.ancestry(rev)), {doc["_id"]: tree})
            status = {each: "deleted" if found.deleted else "available" for (_, each), found in kept.items()}
            doc["_revs_info"] = [{"rev": each, "status": status.get(each, "missing")} for each in tree.ancestry(rev)]
        for name, wanted, deleted in (
            ("_conflicts", self.conflicts, False),
            ("_deleted_conflicts", self.deleted_conflicts, True),
        ):
            found = [leaf for leaf in tree.ranked() if leaf != rev and tree.leaves[leaf] is deleted]
            if wanted and found:
                doc[name] = found

    def wanted_attachments(self, doc: Document, *, always: bool = False) -> list[str]:
        """Those attachments whose bytes are to come, by name: all, or the ones newer than what the asker has."""
        entries = doc.get("_attachments", {})
        if self.atts_since is None:
            return list(entries) if self.attachments or always else []
        since = _known_until(doc, self.atts_since) if entries else 0
        return [name for name, entry in entries.items() if entry["revpos"] > since]


PLAIN = Reading(False, False, False, False, False, False, None)


def _atts_since() -> tuple[str, ...] | None:
    revs = answer.parameter("atts_since")
    if revs is None:
        return None
    if not isinstance(revs, list) or not all(isinstance(rev, str) for rev in revs):
        raise BadRequest("atts_since must be a list of revisions.")
    return tuple(revs)


def _known_until(doc: Document, revs: Iterable[str]) -> int:
    """The newest generation of this document's history that the asker has; 0 for none."""
    ancestry = set(g.database.tree(doc["_id"]).ancestry(doc["_rev"]))
    return max((generation(rev) for rev in revs if rev in ancestry), default=0)


def inline(doc: Document, names: Iterable[str] | None = None, *, database: EmbeddedDatabase | None = None) -> None:
    """Put attachments' bytes into a document: all, or those that are named. `database`: the request's."""
    entries = doc.get("_attachments", {})
    source = database or g.database
    for name in entries if names is None else names:
        data = b"".join(source.attachment(doc["_id"], name, doc["_rev"]).chunks)
        del entries[name]["stub"]
        entries[name]["data"] = base64.b64encode(data).decode()


def takes_parts(*kinds: str) -> bool:
    """Whether the asker wants an answer in parts: it names one of these multipart types, or says nothing at all."""
    accepted = request.headers.get("Accept", "")
    return any(f"multipart/{kind}" in accepted for kind in kinds)
