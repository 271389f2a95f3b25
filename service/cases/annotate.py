"""Comments, owners, due days, putting off, waving through: what people say of a case without changing a record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from service.cases import entries, notes
from service.cases.kinds import KINDS
from service.errors import RoundsError
from service.parts import Parts
from service.readmodel.paging import Row

WORDS: Mapping[str, tuple[str, str]] = {
    "comment": (notes.COMMENT, "text"),
    "owner": (notes.OWNER, "owner"),
    "due": (notes.DUE, "due"),
    "snooze": (notes.SNOOZE, "until"),
    "dismiss": (notes.DISMISS, "text"),
    "reopen": (notes.REOPEN, "text"),
}
"""What is asked for: the entry that says it, and the member that holds it."""


def annotate(parts: Parts, person: str, case: Row, said: Mapping[str, Any]) -> None:
    """Add what one request says: one of `WORDS`, and an `id` where the caller gave one.

    Raises `RoundsError`: `person_unknown`, `not_dismissible`, `case_closed`, `case_full`, `busy`.
    """
    word = next(each for each in WORDS if each in said)
    kind, member = WORDS[word]
    value = said[word]
    more: dict[str, Any] = {member: value.isoformat() if isinstance(value, date) else value}
    if kind == notes.OWNER and value is not None and parts.directory.user(value) is None:
        raise RoundsError("person_unknown", name=value)
    if kind == notes.DISMISS:
        more |= _waved(case)
    entries.add(parts, case, entries.entry(person, kind, entry_id=said.get("id"), **more))


def _waved(case: Row) -> dict[str, str]:
    """What it is that somebody waves through: other facts than these open the case anew."""
    if not KINDS[case["kind"]].dismissible:
        raise RoundsError("not_dismissible")
    if case["status"] != "open":
        raise RoundsError("case_closed")
    return {"fingerprint": case["fingerprint"]}
