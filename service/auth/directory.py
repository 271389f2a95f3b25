"""People, teams and devices, as the documents have them."""

from __future__ import annotations

import re
import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from service.auth.access import SignedIn, roles_of
from sync.forms import ANYBODY
from sync.store import Database, NotFound, Store

NAME = re.compile(r"[a-z][a-z0-9._-]{0,62}[a-z0-9]")
TEAM_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
DEVICE = re.compile(r"[0-9a-f]{12}")
STATE_SECONDS = 0.1


@dataclass(frozen=True)
class User:
    """A person who can sign in."""

    name: str
    display_name: str
    roles: tuple[str, ...]
    teams: tuple[str, ...]
    password: str
    disabled: bool

    @classmethod
    def of(cls, doc: Mapping[str, Any]) -> User:
        return cls(
            name=doc["name"],
            display_name=doc.get("display_name") or doc["name"],
            roles=tuple(doc.get("roles", ())),
            teams=tuple(doc.get("teams", ())),
            password=doc.get("password", ""),
            disabled=bool(doc.get("disabled")),
        )

    def signed_in(self, device: str | None = None) -> SignedIn:
        """This person with the roles that they have now."""
        return SignedIn(self.name, roles_of(self.roles, self.teams), device=device)


@dataclass(frozen=True)
class Team:
    """A team and its name in the languages that it has one in."""

    team: str
    name: Mapping[str, str]


@dataclass(frozen=True)
class Device:
    """A registered device and its public key. `for_anybody`: the office's own, which speaks for all its people."""

    device: str
    user: str
    label: str
    public_key: Mapping[str, str]
    registered_at: str
    revoked: bool
    for_anybody: bool


class Directory:
    """Reads people and teams from `office`, devices from `reference`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._state: Hashable = None
        self._looked = -STATE_SECONDS

    def state(self) -> Hashable:
        """The same as before only if nothing was written about people and devices since; read every few moments."""
        now = time.monotonic()
        if now - self._looked > STATE_SECONDS:
            self._state = (self.office.info().update_seq, self.reference.info().update_seq)
            self._looked = now
        return self._state

    @property
    def office(self) -> Database:
        return self._store.database("office")

    @property
    def reference(self) -> Database:
        return self._store.database("reference")

    def user(self, name: str) -> User | None:
        """That person; None where there is none, or the name could be nobody's."""
        doc = self._document(self.office, f"user:{name}") if NAME.fullmatch(name) else None
        return User.of(doc) if doc else None

    def users(self) -> list[User]:
        return [User.of(doc) for doc in _documents(self.office, "user:")]

    def teams(self) -> list[Team]:
        return [Team(doc["team"], doc.get("name", {})) for doc in _documents(self.office, "team:")]

    def device(self, device: str) -> Device | None:
        """That device; None where none is registered under the id."""
        doc = self._document(self.reference, f"device:{device}") if DEVICE.fullmatch(device) else None
        return _device(doc) if doc else None

    def devices(self) -> list[Device]:
        return [_device(doc) for doc in _documents(self.reference, "device:")]

    def forms(self) -> list[dict[str, Any]]:
        """Every published form version, by form and then by number."""
        docs = _documents(self.reference, "form:")
        return sorted(docs, key=lambda doc: (doc["form"], doc["version"]))

    @staticmethod
    def _document(database: Database, doc_id: str) -> dict[str, Any] | None:
        try:
            return database.get(doc_id)
        except NotFound:
            return None


def _documents(database: Database, prefix: str) -> list[dict[str, Any]]:
    rows = database.all(start=prefix, end=prefix + "\ufff0", include_docs=True)
    return [row.doc for row in rows if row.doc is not None]


def _device(doc: Mapping[str, Any]) -> Device:
    return Device(
        device=doc["device"],
        user=doc["user"],
        label=doc.get("label", ""),
        public_key=doc["public_key"],
        registered_at=doc.get("registered_at", ""),
        revoked=bool(doc.get("revoked")),
        for_anybody=ANYBODY in doc.get("users", ()),
    )
