"""Drafts of forms: kept by the office as their authors wrote them, mistakes included, until they are published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.faults import Examined, examine
from service.errors import not_found
from sync.store import Database, NotFound

PREFIX = "draft:"


@dataclass(frozen=True)
class Draft:
    """One draft: `form` is the id that it is kept under, `text` the JSON file, `rev` changes with every change."""

    form: str
    text: str
    by: str
    at: str
    rev: str

    @staticmethod
    def of(doc: Mapping[str, Any]) -> Draft:
        return Draft(doc["form"], doc["text"], doc["by"], doc["at"], doc["_rev"])

    def examined(self) -> Examined:
        """What it amounts to as it stands."""
        return examine(self.text)


class Drafts:
    """The drafts in the office's database, where no tablet reads them by replication."""

    def __init__(self, office: Database) -> None:
        self._office = office

    def all(self) -> list[Draft]:
        """Every draft, by form."""
        rows = self._office.all(start=PREFIX, end=f"{PREFIX}\ufff0", include_docs=True)
        return [Draft.of(row.doc) for row in rows if row.doc is not None]

    def one(self, form: str) -> Draft:
        """A form's draft. Raises `RoundsError` `draft_unknown`."""
        try:
            return Draft.of(self._office.get(PREFIX + form))
        except NotFound:
            not_found("draft_unknown")

    def keep(self, form: str, text: str, by: str, now: datetime, rev: str | None = None) -> Draft:
        """Keep a text as the form's draft, in place of the one of revision `rev`; without it, of whatever is there.

        Raises `sync.store.Conflict` where somebody else has changed it since `rev`.
        """
        at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        doc = {"_id": PREFIX + form, "type": "draft", "form": form, "text": text, "by": by, "at": at}
        seen = rev or self._rev(form)
        return Draft(form, text, by, at, self._office.put(doc | ({"_rev": seen} if seen else {})))

    def drop(self, form: str) -> None:
        """Throw a draft away. Raises `RoundsError` `draft_unknown`."""
        rev = self.one(form).rev
        self._office.put({"_id": PREFIX + form, "_rev": rev, "_deleted": True})

    def _rev(self, form: str) -> str | None:
        try:
            return str(self._office.get(PREFIX + form)["_rev"])
        except NotFound:
            return None


def told(examined: Examined, language: str) -> dict[str, Any]:
    """The definition and the mistakes of a form's text, for those who try it."""
    faults = [
        {
            "line": fault.position.line,
            "column": fault.position.column,
            "path": fault.path,
            "code": fault.code,
            "sentence": fault.sentence[language],
        }
        for fault in examined.faults
    ]
    return {"definition": examined.compiled, "faults": faults}
