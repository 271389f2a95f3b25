"""Deciding a case: an edit by the office's device that has seen every value, and a page in the audit trail."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.form import Form
from service.auth.keys import jwk_of
from service.errors import RoundsError
from service.language import pick
from service.parts import Parts
from service.version import VERSION
from sync.clock import Clock
from sync.intake import sound_edits
from sync.merge import Collision, Folded, fold, union
from sync.record import derive, merged_body, new_edit
from sync.signature import device_id, sign_edit
from sync.store import Conflict, Database, Document, NotFound

TRIES = 8
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """What was decided: the edit whose value stands, or another value (None leaves the field empty); and why."""

    edit: str | None = None
    value: Any = None
    note: str | None = None


@dataclass(frozen=True)
class Decided:
    """The edit that a decision made, and the record's revision that holds it."""

    edit_id: str
    rev: str


@dataclass(frozen=True)
class _Case:
    record: str
    path: str
    mailbox: Database
    team: str
