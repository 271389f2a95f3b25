"""Intake alone: from records that lie in a mailbox to receipts there and rows in the read model."""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from service.campaign import Campaign
from service.config import load
from service.demo import entity_id, make_demo
from service.identifiers import ulid
from service.installation import prepare
from service.parts import Parts, open_parts
from service.readmodel.intake import intake_of
from sync.clock import Clock
from sync.edits import union
from sync.merge import fold
from sync.record import Derived, derive, merged_body, new_edit
from sync.revisions import plan_merge
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import Document

FORM, TEAM = "enterprise-visit", "north"
BATCH = 500
MERGES = 2_000
VISIT: dict[str, Any] = {
    "/enterprise": entity_id("enterprise", "E001"),
    "/visited_on": "2026-03-02",
    "/visitors": "李伟、张敏",
    "/people_met/01JD0000000000000000000001": {},
    "/people_met/01JD0000000000000000000001/person_name": "王建国",
    "/people_met/01JD0000000000000000000001/person_position": "owner",
    "/publicity/sessions": 0,
    "/publicity/guides": 20,
    "/publicity/topics": ["tax"],
    "/survey/workers": 120,
    "/survey/operation": "stable",
    "/survey/findings": "订单饱满，生产正常，用工稳定。",
    "/no_opinions": True,
    "/planning/helped": False,
    "/planning/no_plan_reason": "企业已有完整规划。",
    "/none_solved_reason": "走访中未发现问题。",
    "/closing/satisfaction": "satisfied",
    "/closing/signature": "0" * 64,
    "/_state": "submitted",
}


@dataclass(frozen=True)
class Figures:
    """Records per second, and milliseconds a record in the first and last batches; merges per second."""

    records: int
    bytes: int
    plain: float
    colliding: float
    first: float
    last: float
    merges: float


class Campaigner:
    """A registered device that fills visits by the thousand."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._key = generate_key()
        self._wall = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
        jwk = public_jwk(self._key)
        self._device = device_id(jwk)
        self._clock = Clock(self._device, wall=lambda: self._wall)
        doc = {"_id": f"device:{self._device}", "type": "device", "device": self._device, "public_key": jwk}
        parts.store.database("reference").put({**doc, "user": "li.wei", "label": "bench", "revoked": False})
        parts.library.refresh()
        form = parts.library.form(FORM, 1)
        assert form is not None
        self.form = form

    def edit(self, record_id: str, edits: list[Any], changes: dict[str, Any]) -> Document:
        self._wall += timedelta(seconds=1)
        made = new_edit(
            fold(edits, self.form),
            new_id=ulid(),
            at=self._clock.tick(),
            by="li.wei",
            device=self._device,
            app="bench",
            version=1,
            set=changes,
        )
        return sign_edit(record_id, made, self._key)

    def record(self) -> Document:
        record_id = f"record:{FORM}:{ulid()}"
        edits = [self.edit(record_id, [], VISIT)]
        answers = dict(derive(edits, self.form).judgement.answers)
        doc = {"_id": record_id, "type": "record", "form": FORM, "version": 1, "team": TEAM}
        return {**doc, "edits": edits, "answers": answers}

    def leaf(self, doc: Document, number: int, workers: int) -> Document:
        """The record as one of two tablets sent it on: a revision of its own."""
        edits = [*doc["edits"], self.edit(doc["_id"], doc["edits"], {"/survey/workers": workers})]
        digest = f"{number:032x}"
        return {**doc, "edits": edits, "_rev": f"1-{digest}", "_revisions": {"start": 1, "ids": [digest]}}


def measure(records: int, rounds: int) -> Figures:
    """Medians of several rounds, each in a directory of its own."""
    plain = [_drain(records, 0, number) for number in range(rounds)]
    colliding = [_drain(records, 5, number) for number in range(rounds)]
    batches = [each for run in plain for each in run]
    quarter = max(1, len(plain[0]) // 10)
    first = median([each for run in plain for each in run[:quarter]])
    last = median([each for run in plain for each in run[-quarter:]])
    assert batches
    return Figures(
        records,
        _size(),
        BATCH / median(batches),
        median(BATCH * len(run) / sum(run) for run in colliding),
        first / BATCH * 1000,
        last / BATCH * 1000,
        _merges(),
    )


def _drain(records: int, every: int, number: int) -> list[float]:
    """Seconds of each batch. One in `every` records has two leaves that collide in one field."""
    print(f"  intake of {records} records, round {number + 1}{' with collisions' if every else ''}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        parts = _campaign(Path(folder))
        try:
            writer = Campaigner(parts)
            database = parts.store.database(f"mailbox-{TEAM}")
            for start in range(0, records, BATCH):
                docs = [writer.record() for _ in range(min(BATCH, records - start))]
                leaves = [
                    writer.leaf(doc, 2 * index + side, 100 + side)
                    for index, doc in enumerate(docs)
                    if every and index % every == 0
                    for side in (0, 1)
                ]
                split = {leaf["_id"] for leaf in leaves}
                database.put_many([doc for doc in docs if doc["_id"] not in split])
                assert not leaves or database.put_revisions(leaves) == []
            return _timed_batches(parts)
        finally:
            parts.close()


def _timed_batches(parts: Parts) -> list[float]:
    intake = intake_of(parts)
    intake.refresh()
    mailbox = f"mailbox-{TEAM}"
    seconds = []
    gc.collect()
    while True:
        start = time.perf_counter()
        done = intake.step(mailbox)
        intake.merge_due(mailbox, at_once=True)
        if not done:
            return seconds
        if done == BATCH:
            seconds.append(time.perf_counter() - start)


def _campaign(folder: Path) -> Parts:
    config = load({"data": str(folder / "data"), "log_level": "warning"}, environ={})
    prepare(config, make_demo)
    parts = open_parts(config)
    assert Campaign(parts.store).mailbox(TEAM)
    return parts


def _size() -> int:
    with tempfile.TemporaryDirectory() as folder:
        parts = _campaign(Path(folder))
        try:
            return len(orjson.dumps(Campaigner(parts).record()))
        finally:
            parts.close()


def _merges() -> float:
    """Two-leaf merges a second in one process: union, fold, judge, the merged body, its revision and a tombstone."""
    with tempfile.TemporaryDirectory() as folder:
        parts = _campaign(Path(folder))
        try:
            writer = Campaigner(parts)
            pairs = []
            for number in range(MERGES):
                doc = writer.record()
                pairs.append([writer.leaf(doc, 2 * number + side, 100 + side) for side in (0, 1)])
            start = time.perf_counter()
            for leaves in pairs:
                edits = union(*(leaf["edits"] for leaf in leaves))
                derived = derive(edits, writer.form)
                assert len(plan_merge(leaves, _builder(derived))) == 2
            return MERGES / (time.perf_counter() - start)
        finally:
            parts.close()


def _builder(derived: Derived) -> Any:
    return lambda winner, edits: merged_body(winner, edits, derived)
