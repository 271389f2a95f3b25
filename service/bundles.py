"""Bundles that come in: whose they are, what that person may write, and who brought them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, BinaryIO, get_args

from service.auth.access import TEAM, Action, SignedIn, may
from service.auth.directory import Device
from service.errors import RoundsError
from service.parts import Parts
from sync.bundle.framing import Bundle, open_bundle
from sync.bundle.importing import Import, Outcome, Result
from sync.bundle.manifest import BundleError
from sync.bundle.sealing import Openers
from sync.embedded.protocol.access import check_member
from sync.store import Conflict, Database, Forbidden, NotFound, UserContext

FILE_BYTES = 8 * 1024**3
"""The most that an upload may bring."""
RESULTS: tuple[Result, ...] = get_args(Result)


@dataclass(frozen=True)
class Tally:
    """What became of a bundle: how many of its documents fared how, and each of them."""

    bundle: Bundle
    outcomes: Sequence[Outcome]

    @property
    def counts(self) -> dict[str, int]:
        """By result; every result is there."""
        found = Counter(outcome.result for outcome in self.outcomes)
        return {result: found[result] for result in RESULTS}


class Reception:
    """Imports one bundle for somebody who may bring it.

    `importer` is None for an operator at the machine itself. Raises `RoundsError` where the file is no bundle, cannot
    be opened, was altered, or was not made by somebody who may write here.
    """

    def __init__(
        self, parts: Parts, file: BinaryIO, importer: SignedIn | None = None, passphrase: str | None = None
    ) -> None:
        self._parts = parts
        self._importer = importer
        self._open: dict[str, Database] = {}
        try:
            unproved = open_bundle(file, Openers(passphrase, parts.keys.sealing))
            device = self._maker(unproved.claim.device)
            self.bundle = unproved.proved(device.public_key)
        except BundleError as error:
            raise RoundsError(error.code) from None
        self._author = self._author_of(device)

    def run(self) -> Iterator[Outcome]:
        """Write what may be written; each document's outcome as it is known. Ends with a page in the audit trail."""
        outcomes = []
        for outcome in Import(self.bundle, self._database, self._author).run():
            outcomes.append(outcome)
            yield outcome
        self._note(Tally(self.bundle, outcomes))

    def _maker(self, name: str) -> Device:
        """The device that says that it made the bundle."""
        device = self._parts.directory.device(name)
        if device is None:
            raise RoundsError("bundle_foreign", device=name)
        return device

    def _author_of(self, device: Device) -> UserContext:
        """Who made the bundle, with the rights that they have now.

        What a revoked device holds may be somebody's work of before. It comes in if somebody brings it, and counts if
        somebody lets it in (`sync.verdict`); but nothing else is written in the name of a hub that was lost.
        """
        directory = self._parts.directory
        if device.for_anybody:
            teams = (team.team for team in directory.teams())
            return UserContext(self.bundle.manifest.by, frozenset({"hub", *(TEAM + team for team in teams)}))
        person = directory.user(device.user)
        if person is None or person.disabled:
            raise RoundsError("bundle_foreign", device=device.device)
        if device.revoked and "hub" in person.roles:
            raise RoundsError("device_revoked")
        return person.signed_in(device.device)

    def _database(self, name: str) -> Database:
        """A database that both may write: who made the bundle, and who brings it. Raises `Forbidden`."""
        if name not in self._open:
            team = name.partition("-")[2]
            if self._importer is not None and not may(self._importer, Action.IMPORT, team):
                raise Forbidden(f"You may not bring in anything for the team {team}.")
            try:
                database = self._parts.store.database(name)
            except NotFound:
                raise Forbidden(f"There is no team {team} here.") from None
            check_member(self._author, database.security())
            self._open[name] = database
        return self._open[name]

    def _note(self, tally: Tally) -> None:
        """Say in the audit trail who brought what; the same bundle twice is noted once for each outcome."""
        manifest = tally.bundle.manifest
        doc: dict[str, Any] = {
            "type": "bundle",
            "bundle": manifest.bundle,
            "made_at": manifest.made_at,
            "device": manifest.device,
            "made_by": manifest.by,
            "by": self._importer.person if self._importer else "operator",
            "counts": tally.counts,
        }
        name = "-".join(str(count) for count in tally.counts.values())
        with suppress(Conflict, NotFound):
            self._parts.store.database("audit").put(doc | {"_id": f"bundle:{manifest.bundle}:{name}"})
