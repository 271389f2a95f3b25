"""An office with the demo campaign in a directory of its own, and signed records to judge."""

from __future__ import annotations

import hashlib
import random
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from schemas.form import Form
from service.auth.devices import Devices
from service.campaign import mailbox_of
from service.config import Config, load
from service.demo import entity_id, make_demo
from service.identifiers import ulid
from service.installation import prepare
from service.parts import Parts, open_parts
from sync.clock import Clock
from sync.record import derive, merged_body, new_edit
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import Document

FORM, VERSION, TEAM = "enterprise-visit", 1, "north"
BEGIN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ENTERPRISES = 60
AGAIN_DAYS = 8
"""An enterprise is visited again after so many days: visits of one day or of neighbouring ones would be doubled."""


@contextmanager
def open_office() -> Iterator[Parts]:
    """The parts of a fresh installation on the embedded store and SQLite; removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder:
        parts = open_parts(configured(Path(folder) / "data"))
        try:
            yield parts
        finally:
            parts.close()


def configured(data: Path) -> Config:
    """A fresh installation with the demo campaign in this directory."""
    config = load({"data": str(data), "log_level": "warning"}, environ={})
    prepare(config, make_demo)
    return config


class Tablet:
    """A registered device that fills visits."""

    def __init__(self, parts: Parts, user: str) -> None:
        person = parts.directory.user(user)
        form = parts.library.form(FORM, VERSION)
        assert person is not None
        assert form is not None
        self.user, self.form = user, form
        self._key = generate_key()
        jwk = public_jwk(self._key)
        Devices(parts.directory).register(person, jwk, f"{user} 1", BEGIN.timestamp())
        self._device = device_id(jwk)
        self._wall = BEGIN
        self._clock = Clock(self._device, wall=lambda: self._wall)

    def fill(self, number: int, *, short: bool = False) -> Document:
        """A submitted visit, as this tablet sends it; a short one is about 1 kB, the edit and its answers together."""
        record_id = f"record:{FORM}:{ulid()}"
        head = {"_id": record_id, "type": "record", "form": FORM, "version": VERSION, "team": TEAM}
        edit = self._edit(record_id, [], {**_visit(number, short=short), "/_state": "submitted"})
        return _leaf(merged_body(head, [edit], derive([edit], self.form)), None)

    def change(self, base: Document, changes: Mapping[str, Any]) -> Document:
        """A later revision on top of `base`."""
        edits = [*base["edits"], self._edit(base["_id"], base["edits"], changes)]
        return _leaf(merged_body(base, edits, derive(edits, self.form)), base)

    def _edit(self, record_id: str, edits: list[Any], changes: Mapping[str, Any]) -> dict[str, Any]:
        self._wall += timedelta(seconds=1)
        edit = new_edit(
            derive(edits, self.form).folded,
            new_id=ulid(),
            at=self._clock.tick(),
            by=self.user,
            device=self._device,
            app="bench",
            version=VERSION,
            set=changes,
        )
        return sign_edit(record_id, edit, self._key)


def conflict(tablets: tuple[Tablet, Tablet], base: Document) -> list[Document]:
    """Two leaves on one revision: both tablets answered the same question, and each another one."""
    one, other = tablets
    return [
        one.change(base, {"/survey/workers": 121, "/closing/remarks": "下月再访。"}),
        other.change(base, {"/survey/workers": 112, "/survey/capacity_use": 80}),
    ]


def send(parts: Parts, revisions: list[Document]) -> None:
    """Put these revisions into the team's mailbox, as replication does."""
    refused = parts.store.database(mailbox_of(TEAM)).put_revisions(revisions)
    assert refused == [], refused


def form_of(parts: Parts) -> Form:
    """The form that the visits are filled in with."""
    form = parts.library.form(FORM, VERSION)
    assert form is not None
    return form


def size(document: Document) -> int:
    """Bytes of a document as JSON, without the history of its revisions."""
    return len(orjson.dumps({name: value for name, value in document.items() if name != "_revisions"}))


def _leaf(body: Document, parent: Document | None) -> Document:
    digest = hashlib.md5(orjson.dumps(body)).hexdigest()
    ids = [digest, *(parent["_revisions"]["ids"] if parent else ())]
    return {**body, "_rev": f"{len(ids)}-{digest}", "_revisions": {"start": len(ids), "ids": ids}}


SHORT = ("/enterprise", "/visited_on", "/visitors", "/survey/workers", "/survey/operation", "/publicity/guides")


def _visit(number: int, *, short: bool) -> dict[str, Any]:
    whole = _whole_visit(number)
    return {path: whole[path] for path in SHORT} if short else whole


def _whole_visit(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    person = f"/people_met/{ulid()}"
    return {
        "/enterprise": entity_id("enterprise", f"E{number % ENTERPRISES + 1:03d}"),
        "/visited_on": (BEGIN - timedelta(days=AGAIN_DAYS * (number // ENTERPRISES))).date().isoformat(),
        "/visitors": "李伟",
        f"{person}": {},
        f"{person}/person_name": "王强",
        f"{person}/person_position": chance.choice(["owner", "manager"]),
        "/publicity/sessions": 0,
        "/publicity/guides": chance.randint(1, 50),
        "/publicity/topics": ["tax", "jobs"],
        "/survey/workers": chance.randint(5, 100),
        "/survey/operation": chance.choice(["growing", "stable"]),
        "/survey/revenue": f"{chance.randint(100, 9999)}.50",
        "/survey/findings": "订单饱满，生产正常。",
        "/no_opinions": True,
        "/planning/helped": False,
        "/planning/no_plan_reason": "已有规划。",
        "/none_solved_reason": "未发现问题。",
        "/closing/satisfaction": "satisfied",
        "/closing/signature": hashlib.sha256(str(number).encode()).hexdigest(),
    }
