"""The relay: carries everything between a hub and its office, whenever there is a way, text before pictures.

One round sends what is here, fetches what is there, and asks the office who belongs to the teams. Rounds follow each
other while something moves, then at leisure; where the office cannot be reached, later and later, with full jitter.
Whatever happens is written down for the hub's page.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import structlog

from service.auth.keys import jwk_of, load_key
from service.campaign import mailbox_of, media_of
from service.config import Config
from service.hub import network
from service.hub.identity import Identity
from service.hub.office import Office
from service.hub.people import take_in
from service.hub.serving import AUTHORITY, CHAIN, authority_ends
from service.hub.standing import read_status, standing, write_status
from service.version import VERSION
from sync.checkpoints import endpoint
from sync.proof import Proof
from sync.replicate import Replication
from sync.store import Database, NotFound, Store, StoreError, Unauthorized

log = structlog.get_logger(__name__)

REFERENCE = "reference"
OFFICE = "office"
"""The name that the office judges under."""
ROUND_SECONDS = 5.0
VISIT_SECONDS = 300.0
PATIENCE_SECONDS = 60.0
"""How long the office's judge may take before it is asked whether it has what it has not spoken of."""
BACKOFF_SECONDS = (2.0, 60.0)
TEXTS, PICTURES = 500, 4
"""Documents to a page: pictures go a few at a time, so that text never waits long."""
RENEW = timedelta(days=200)
"""How long before its end the office's word for this hub is asked for anew: a season in the field."""
RESEND = "hub-resend"
"""A local document that asks for what was refused to be sent again."""


class Relay:
    """Rounds between a hub's store and the office's. `monotonic` gives seconds."""

    def __init__(
        self,
        config: Config,
        identity: Identity,
        store: Store,
        office: Office,
        keeper: Database,
        *,
        monotonic: Callable[[], float],
        patience: float = PATIENCE_SECONDS,
        rng: random.Random | None = None,
    ) -> None:
        self._config, self._identity = config, identity
        self._store, self._office, self._keeper = store, office, keeper
        self._monotonic, self._patience = monotonic, patience
        self._rng = rng or random.Random()  # noqa: S311 - no secret hangs on it
        self._remote: Store | None = None
        self._ways: dict[tuple[str, str], Replication] = {}
        self._proofs: dict[str, Proof] = {}
        self._visited: float | None = None
        self._teams: list[str] = list(identity.teams)
        self._offered = False

    def run(self, stop: Event) -> None:
        """Rounds until `stop` is set."""
        failures = 0
        while not stop.is_set():
            try:
                more, failures = self.round(), 0
                stop.wait(0 if more else ROUND_SECONDS)
            except StoreError as error:
                failures += 1
                log.warning("the office is not to be had", code=error.code, reason=error.reason, failures=failures)
                stop.wait(self._pause(failures))

    def round(self) -> bool:
        """One round; True where more waits to be carried. Raises `StoreError`, with what it was written down."""
        try:
            self._visit()
            more = self._texts()
            # While text moves, pictures wait.
            more = more or self._prove()
            more = more or self._pictures()
        except StoreError as error:
            if isinstance(error, Unauthorized):
                self._office.forget()
            self._remember(error)
            # An office that comes back may have been restored from a backup: its checkpoints are read anew.
            self._ways.clear()
            self._proofs.clear()
            raise
        self._remember(None)
        return more

    def close(self) -> None:
        """Let go of connections."""
        if self._remote is not None:
            self._remote.close()

    def _visit(self) -> None:
        if self._visited is not None and self._monotonic() - self._visited < VISIT_SECONDS:
            return
        told = self._office.visit(self._told())
        if chain := told.get("chain"):
            (self._config.secrets / CHAIN).write_text(chain)
        take_in(self._store, told)
        self._teams = [team["team"] for team in told["teams"]]
        self._visited = self._monotonic()

    def _told(self) -> dict[str, Any]:
        """What the office hears of this hub."""
        here = standing(self._store, self._keeper, self._teams)
        told: dict[str, Any] = {
            "version": VERSION,
            "addresses": network.addresses()[:8],
            "waiting": sum(team["records"] + team["pictures"] for team in here["alone"]),
            "refused": len(here["refused"]),
        }
        if authority_ends(self._config) - datetime.now(UTC) < RENEW:
            told["authority"] = jwk_of(load_key(self._config.secrets / AUTHORITY).public_key())
        return told

    def _texts(self) -> bool:
        """Forms in, and each team's mailbox both ways, what is here first."""
        more = self._step("in", REFERENCE, TEXTS)
        for name in map(mailbox_of, self._teams):
            sent = self._step("out", name, TEXTS)
            came = self._step("in", name, TEXTS)
            # What has just come need not be offered to where it came from: so the place is moved on at once.
            more = sent or came or more
            if came:
                self._step("out", name, TEXTS)
        self._offer_again()
        return more

    def _prove(self) -> bool:
        """Whether what seems to have arrived has; True where something has to travel once more."""
        names = [name for name in map(mailbox_of, self._teams) if ("out", name) in self._ways]
        stored = [self._proof(name).step() for name in names]
        return any(stored)

    def _proof(self, name: str) -> Proof:
        if name not in self._proofs:
            assert self._remote is not None
            ends = self._store.database(name), self._remote.database(name)
            judges = self._identity.judge, OFFICE
            self._proofs[name] = Proof(*ends, judges=judges, patience=self._patience, monotonic=self._monotonic)
        return self._proofs[name]

    def _pictures(self) -> bool:
        names = [media_of(team) for team in self._teams]
        moved = [self._step(way, name, PICTURES) for way in ("out", "in") for name in names]
        return any(moved)

    def _step(self, way: str, name: str, page: int) -> bool:
        try:
            return self._way(way, name, page).step()
        except NotFound:
            # A team that was made or removed just now; the next visit says which.
            self._ways.pop((way, name), None)
            log.warning("a database is missing", database=name)
            return False

    def _way(self, way: str, name: str, page: int) -> Replication:
        if (way, name) not in self._ways:
            if self._remote is None:
                self._remote = self._office.store()
            ends = [endpoint(self._store, name), endpoint(self._remote, name)]
            source, target = ends if way == "out" else reversed(ends)
            self._ways[way, name] = Replication(source, target, designs=False, keeper=self._keeper, page=page)
        return self._ways[way, name]

    def _offer_again(self) -> None:
        """What was refused goes out again after a start, which may be an update, and when somebody asks (law 25)."""
        asked = self._asked_again()
        if self._offered and not asked:
            return
        for replication in list(self._ways.values()):
            replication.offer_again()
        self._offered = True
        if asked:
            self._keeper.put_local(RESEND, {"asked": False})

    def _asked_again(self) -> bool:
        try:
            return self._keeper.get_local(RESEND).get("asked") is True
        except NotFound:
            return False

    def _remember(self, error: StoreError | None) -> None:
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        before = read_status(self._keeper)
        positions = {name: each.position for (way, name), each in self._ways.items() if way == "out" and each.position}
        status = {
            "last_attempt": now,
            "last_contact": before.get("last_contact") if error else now,
            "error": {"code": error.code, "reason": error.reason} if error else None,
            "positions": {**before.get("positions", {}), **positions},
        }
        write_status(self._keeper, status)

    def _pause(self, failures: int) -> float:
        least, most = BACKOFF_SECONDS
        return self._rng.uniform(0, min(most, least * 2**failures))
