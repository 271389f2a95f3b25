"""The office's own edits: a record as it stands in its mailbox, and writing into it what the office's device signs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from schemas.canonical import CanonicalError
from schemas.form import Form
from service.auth.devices import device_id
from service.campaign import mailbox_of
from service.cases import audit
from service.errors import RoundsError
from service.identifiers import ulid
from service.parts import Parts
from service.version import VERSION
from sync.clock import Clock, ClockError
from sync.edits import Edit, union
from sync.merge import Folded
from sync.record import Derived, derive, merged_body, new_edit
from sync.signature import sign_edit
from sync.store import Conflict, Document, NotFound
from sync.verdict import Judge

TRIES = 8


@dataclass(frozen=True)
class Standing:
    """A record with the edits of all its leaves: two tablets' edits may not have been merged yet."""

    team: str
    record: str
    winner: Document
    edits: list[Any]
    faults: Mapping[str, str]
    form: Form
    derived: Derived

    @property
    def folded(self) -> Folded:
        return self.derived.folded

    @property
    def by_id(self) -> dict[str, Edit]:
        """The edits in force, as the form version reads them."""
        return {edit["id"]: edit for edit in self.folded.edits}

    def holds(self, edit_id: str) -> bool:
        """Whether an edit has been written already."""
        return edit_id in self.by_id

    def after(self, edits: Sequence[Edit]) -> Derived:
        """What the record amounts to with these edits in it."""
        return derive([*self.edits, *edits], self.form, excluded=self.faults)


@dataclass(frozen=True)
class Pen:
    """Whoever sits at the office's device: the edits made with it name that person."""

    parts: Parts
    person: str

    @property
    def device(self) -> str:
        return device_id(self.parts.keys.office_device.public_key())

    def edit(
        self,
        standing: Standing,
        *,
        set: Mapping[str, Any],
        unset: Iterable[str] = (),
        note: str | None = None,
        edit_id: str | None = None,
        after: Iterable[str] = (),
    ) -> Edit:
        """The next edit of a record, not yet signed: now by this machine's clock, and after these times."""
        return new_edit(
            standing.folded,
            new_id=edit_id or ulid(),
            at=self._time(after),
            by=self.person,
            device=self.device,
            app=f"office/{VERSION}",
            version=standing.folded.version,
            set=set,
            unset=unset,
            note=note,
        )

    def _time(self, after: Iterable[str]) -> str:
        """A clock that is hours ahead is not believed: the edit that sees it is a sequel all the same."""
        clock = Clock(self.device, wall=lambda: datetime.now(UTC))
        for at in after:
            with suppress(ClockError):
                clock.observe(at)
        return clock.tick()


Make = Callable[[Standing], Sequence[Edit]]
"""Makes the edits to write, or none where there is nothing to do."""


def stand(parts: Parts, team: str, record: str) -> Standing:
    """Read a record. Raises `RoundsError`: `record_unknown`, `form_unknown`."""
    mailbox, judge = parts.store.database(mailbox_of(team)), Judge(parts.library, "office")
    try:
        leaves = [leaf for leaf in mailbox.leaves(record) if isinstance(leaf.get("edits"), list)]
        winner = mailbox.get(record)
    except NotFound:
        raise RoundsError("record_unknown") from None
    edits = union(*(leaf["edits"] for leaf in leaves))
    faults, form = judge.faults(record, edits), judge.form_of(winner, edits)
    if form is None:
        raise RoundsError("form_unknown")
    return Standing(team, record, winner, edits, faults, form, derive(edits, form, excluded=faults))


def write(parts: Parts, team: str, record: str, make: Make) -> tuple[Sequence[Edit], str]:
    """Add what `make` makes of the record as it stands; the edits and the revision that holds them.

    Somebody else may write meanwhile: then it is read and made again. Raises `RoundsError` `busy` where that goes on.
    """
    for _ in range(TRIES):
        standing = stand(parts, team, record)
        edits = [_signed(parts, record, edit) for edit in make(standing)]
        if not edits:
            return (), standing.winner["_rev"]
        body = merged_body(standing.winner, union(standing.edits, edits), standing.after(edits))
        with suppress(Conflict):
            rev = parts.store.database(mailbox_of(team)).put(body | {"_rev": standing.winner["_rev"]})
            audit.note(parts, [audit.page(team, record, edit) for edit in edits])
            return edits, rev
    raise RoundsError("busy", retry_after=1)


def _signed(parts: Parts, record: str, edit: Edit) -> Edit:
    try:
        return sign_edit(record, edit, parts.keys.office_device)
    except CanonicalError:
        raise RoundsError("value_invalid", label=", ".join(edit["set"]), problem="") from None
