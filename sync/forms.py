"""What intake needs to know from the reference database: form versions, device keys, names of entities."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.form import Form, FormError, parse
from sync.store import START, Database, Document, NotFound, Seq

ENTITY_CACHE = 20_000
ID = re.compile(r"[^_\0][^\0]{0,511}")
"""What may be a document's id. What else a log names is not asked for: an address so long is cut off, which looks as if
CouchDB were away, and one that begins so is something of CouchDB's own."""
ANYBODY = "*"


@dataclass(frozen=True)
class Device:
    """A registered device: its public key, whether it was revoked, and the people who registered it.

    `genuine` are the digests of those edits of a revoked device that count: what the office had seen of it before, and
    what somebody has let in since. None where the office made no such list: all of them count.
    """

    jwk: Mapping[str, Any]
    revoked: bool
    users: frozenset[str]
    genuine: frozenset[str] | None = None

    @property
    def speaks_for_all(self) -> bool:
        """Whether this is the office's own device."""
        return ANYBODY in self.users

    def speaks_for(self, person: object) -> bool:
        """Whether this device may sign for somebody; the office's own signs for all."""
        return person in self.users or self.speaks_for_all

    def may_have_made(self, digest: str) -> bool:
        """Whether an edit that carries this device's signature can be its owner's, and not of whoever has it now."""
        return not self.revoked or self.genuine is None or digest in self.genuine


class FormLibrary:
    """A cache over the reference database."""

    def __init__(self, reference: Database) -> None:
        self._reference = reference
        self._seq: Seq = START
        self._docs: dict[str, Document | None] = {}
        self._forms: dict[str, Form | None] = {}
        self._devices: dict[str, Device] = {}
        self._news: set[str] = set()

    @property
    def position(self) -> Seq:
        """How far the reference database was read."""
        return self._seq

    def refresh(self) -> frozenset[str]:
        """Forget what has changed since the last time; which kinds of documents are among it that change verdicts.

        They are `form` and `device`, and are told until `told` says that everything that waited was judged anew.
        """
        while True:
            page = self._reference.changes(self._seq, limit=1000)
            for change in page.results:
                self._docs.pop(change.id, None)
                self._forms.pop(change.id, None)
                self._devices.pop(change.id, None)
                kind = change.id.partition(":")[0]
                if kind in ("form", "device"):
                    self._news.add(kind)
            self._seq = page.last_seq
            if not page.results:
                return frozenset(self._news)

    def is_at(self, place: Seq) -> bool:
        """Whether somebody who came to this place knows all that was read here, up to a moment ago.

        A cluster of CouchDB spells one place in many ways: that nothing comes behind it is all that can be asked.
        """
        return self._seq == place or not self._reference.changes(place, limit=1).results

    def told(self, kinds: Collection[str]) -> None:
        """What waited for these kinds has been judged anew."""
        self._news -= set(kinds)

    def form(self, form_id: str, version: int) -> Form | None:
        """A published version; None where it has not arrived, or where this program cannot read it."""
        key = f"form:{form_id}:{version}"
        if key not in self._forms or self._forms[key] is None:
            self._forms[key] = _parsed(self._get(key))
        return self._forms[key]

    def device(self, device_id: str) -> Device | None:
        """A device's key; None where it is not known here."""
        key = f"device:{device_id}"
        if key not in self._devices:
            doc = self._get(key)
            if doc is None or not isinstance(doc.get("public_key"), dict):
                return None
            self._devices[key] = _device(doc)
        return self._devices[key]

    def device_key(self, device_id: str) -> Mapping[str, Any] | None:
        """The public key alone, of a revoked device too: what it signed before stays signed."""
        found = self.device(device_id)
        return found.jwk if found else None

    def entity_name(self, entity_id: str, language: str) -> str | None:
        """What an entity is called in a language."""
        doc = self._get(entity_id)
        if doc is None:
            return None
        names = doc.get("names")
        found = names.get(language) if isinstance(names, dict) else None
        return str(found or doc.get("name") or entity_id)

    def _get(self, doc_id: str) -> Document | None:
        if ID.fullmatch(doc_id) is None:
            return None
        if self._docs.get(doc_id) is None:
            if len(self._docs) >= ENTITY_CACHE:
                self._docs.clear()
            try:
                self._docs[doc_id] = self._reference.get(doc_id)
            except NotFound:
                return None
        return self._docs[doc_id]


def _device(doc: Document) -> Device:
    users, genuine = doc.get("users") or [doc.get("user")], doc.get("genuine")
    known = frozenset(map(str, genuine)) if isinstance(genuine, list) else None
    return Device(doc["public_key"], doc.get("revoked") is True, frozenset(map(str, users)), known)


def _parsed(doc: Document | None) -> Form | None:
    if doc is None:
        return None
    try:
        return parse(doc["definition"])
    except (FormError, KeyError):
        return None
