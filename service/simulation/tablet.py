"""A simulated tablet: somebody with a device, a clock, a replica of the team's mailbox, and the program's own rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from schemas.form import Form
from service.simulation import answers
from service.simulation.journal import Journal
from sync.bundle.exporting import Author
from sync.clock import Clock
from sync.edits import Edit, union
from sync.merge import fold
from sync.record import derive, merged_body, new_edit
from sync.signature import device_id, public_jwk, sign_edit
from sync.store import Database, Document

APP = "simulated"


class Tablet:
    """One person's device. It writes only what a person did; its answers come from the program's own `derive`.

    `own` and `known` are the ids of its own and its colleagues' records, `days_alone` how long it will meet nobody,
    `unsent` what it has changed since it last met anybody.
    """

    def __init__(self, number: int, team: str, local: Database, form: Form, journal: Journal, chance: Random) -> None:
        self.number, self.name = number, f"tablet-{number + 1:04d}"
        self.person, self.team, self.local, self.form = self.name, team, local, form
        self.chance = chance
        self.days_alone = 0
        self.unsent: set[str] = set()
        self.key = _key(self.name, chance)
        self.device = device_id(public_jwk(self.key))
        self.clock_error = timedelta()
        self._journal = journal
        self._now = datetime(1970, 1, 1, tzinfo=UTC)
        self._clock = Clock(self.device, wall=lambda: self._now + self.clock_error)
        self._made = 0
        self.own: list[str] = []
        self.known: list[str] = []
        self._read: Any = 0

    def begin(self, now: datetime) -> None:
        """A working day begins."""
        self._now = now + timedelta(seconds=self.chance.randint(0, 1800))

    def learn(self, form: Form) -> None:
        """A form version came with the reference database."""
        if form.version > self.form.version:
            self.form = form

    def fill(self, about: str) -> str:
        """Make a record of a visit; returns its id."""
        day = self._pass()
        record_id = f"record:{answers.FORM}:{self._mint('record')}"
        head = {"_id": record_id, "type": "record", "form": answers.FORM, "version": self.form.version}
        values = answers.first_answers(self.chance, about, day.date(), self._mint("row"), self.form.version)
        self._write({**head, "team": self.team}, [], values, [])
        self.own.append(record_id)
        return record_id

    def change(self, record_id: str) -> None:
        """Change something in a record, as it shows here: all live leaves folded. What this app cannot read, stays."""
        day, (winner, edits) = self._pass(), self._open(record_id)
        if max(edit["version"] for edit in edits) <= self.form.version:
            values = fold(edits, self.form).values
            version, row = self.form.version, self._mint("row")
            self._write(winner, edits, *answers.changed_answers(self.chance, values, day.date(), row, version))

    def withdraw(self, record_id: str) -> None:
        """Say that a record does not hold."""
        self._pass()
        self._write(*self._open(record_id), {"/_state": "withdrawn"}, [])

    def look(self) -> None:
        """Take notice of the records that came."""
        page = self.local.changes(self._read)
        fresh = {change.id for change in page.results if change.id.startswith("record:") and not change.deleted}
        mine = set(self.own)
        self.known += sorted(fresh - mine - set(self.known))
        self._read = page.last_seq

    def author(self) -> Author:
        """Who makes a bundle on this tablet now."""
        made_at = self._now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return Author(self._mint("bundle"), made_at, self.person, self.device, APP, self.key)

    def _open(self, record_id: str) -> tuple[Document, list[Any]]:
        """A record as the screen shows it: its winner, and the edits of all live leaves."""
        live = [leaf for leaf in self.local.leaves(record_id) if not leaf.get("_deleted")]
        return live[0], union(*(leaf["edits"] for leaf in live))

    def _write(self, base: Document, edits: list[Any], set_: Mapping[str, Any], unset: list[str]) -> None:
        edit = self._edit(base["_id"], edits, set_, unset)
        log = union(edits, [edit])
        body = merged_body(base, log, derive(log, self.form))
        self.local.put({**body, "_rev": base["_rev"]} if "_rev" in base else body)
        self.unsent.add(base["_id"])
        self._journal.note(self.team, base["_id"], edit)

    def _edit(self, record_id: str, edits: list[Any], set_: Mapping[str, Any], unset: list[str]) -> Edit:
        for before in edits:
            self._clock.observe(before["at"])
        edit = new_edit(
            fold(edits, self.form),
            new_id=self._mint("edit"),
            at=self._clock.tick(),
            by=self.person,
            device=self.device,
            app=APP,
            version=self.form.version,
            set=set_,
            unset=unset,
        )
        return sign_edit(record_id, edit, self.key)

    def _pass(self) -> datetime:
        """Some minutes go by."""
        self._now += timedelta(seconds=self.chance.randint(30, 900))
        return self._now

    def _mint(self, kind: str) -> str:
        self._made += 1
        return answers.minted(f"{self.name}/{kind}/{self._made}", (self._now + self.clock_error).timestamp())


def _key(name: str, chance: Random) -> ec.EllipticCurvePrivateKey:
    """A key that is the same in every run of one plan. Nothing outside the simulation is ever signed with it."""
    secret = int.from_bytes(hashlib.sha256(f"{name}/{chance.random()}".encode()).digest()[:31], "big") + 1
    return ec.derive_private_key(secret, ec.SECP256R1())
