"""Setting up a campaign: databases, teams, people, forms, entities, tasks. Doing any of it twice changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from schemas.documents import SCHEMAS, check
from schemas.form import compile_form
from service.auth.access import ROLES, TEAM
from service.auth.directory import NAME, TEAM_NAME, Directory, User
from service.auth.keys import Keys, jwk_of, thumbprint
from service.auth.passwords import hash_password, verify_password
from service.form_media import Shown, keep
from service.store import make_database
from sync.forms import ANYBODY
from sync.store import Conflict, Database, Document, NotFound, Store

TASK = re.compile(r"task:[0-9A-HJKMNP-TV-Z]{26}")
ENTITY = re.compile(r"entity:[a-z][a-z0-9_-]*:\S{1,128}")
TRIES = 5
HUB = "hub-"
"""How the names of hubs begin, among people as among judges."""
BATCH = 500
ADMINS_ONLY: Document = {"admins": {"names": [], "roles": []}, "members": {"names": [], "roles": ["_admin"]}}


class CampaignError(Exception):
    """Something that cannot be set up as asked; the sentence says why."""


def mailbox_of(team: str) -> str:
    """The name of a team's mailbox."""
    return f"mailbox-{team}"


def media_of(team: str) -> str:
    """The name of the database of a team's photos."""
    return f"media-{team}"


def team_of(database: str) -> str | None:
    """Whose mailbox a database is; None for any other database."""
    return database.removeprefix("mailbox-") if database.startswith("mailbox-") else None


class Campaign:
    """Writes what the office decides into the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._directory = Directory(store)

    def prepare(self, keys: Keys | None, now: datetime) -> None:
        """Make the databases that every campaign has, and enter the office's own device.

        A hub has no such device (`keys` is None): its reference database is a copy of the office's.
        """
        make_database(self._store, "office", ADMINS_ONLY | {"rounds": {"kind": "office"}})
        make_database(self._store, "audit", ADMINS_ONLY | {"rounds": {"kind": "audit"}})
        make_database(self._store, "reference", _security("reference", ["inspector", "supervisor", "hub"]))
        for team in self._directory.teams():
            self._team_databases(team.team)
        if keys is not None:
            self._enter_office_device(keys, now)

    def add_team(self, team: str, name: Mapping[str, str]) -> bool:
        """A team with its mailbox and its place for photos. True where something changed."""
        if not TEAM_NAME.fullmatch(team):
            raise CampaignError(f"{team!r} is no team id: use a lower-case letter, then letters, digits and hyphens.")
        self._team_databases(team)
        return upsert(self._directory.office, {"_id": f"team:{team}", "type": "team", "team": team, "name": dict(name)})

    def add_user(
        self,
        name: str,
        password: str | None,
        *,
        display_name: str = "",
        roles: Sequence[str],
        teams: Sequence[str] = (),
    ) -> bool:
        """A person who can sign in. Without a password, the one they have stays. True where something changed."""
        self._check_user(name, roles, teams)
        known = self._directory.user(name)
        doc = {
            "_id": f"user:{name}",
            "type": "user",
            "name": name,
            "display_name": display_name or (known.display_name if known else name),
            "roles": sorted(set(roles)),
            "teams": sorted(set(teams)),
            "password": _password(known, password),
            "disabled": False,
        }
        return upsert(self._directory.office, doc)

    def disable_user(self, name: str) -> bool:
        """Nobody signs in under this name any more, and its tokens end. True where something changed."""
        try:
            doc = self._directory.office.get(f"user:{name}")
        except NotFound:
            raise CampaignError(f"There is no user {name!r}.") from None
        return upsert(self._directory.office, doc | {"disabled": True})

    def publish(self, definition: Mapping[str, Any], files: Mapping[str, Shown] | None = None) -> bool:
        """Publish a form version with the files that it shows, by name. True where it, or one of its files, is new.

        Raises `schemas.form.FormError` for a form with mistakes, `CampaignError` for a version or a file that is
        published already with another content: a published version never changes, but a file that it lacks may come.
        """
        compiled = compile_form(dict(definition))
        form, version = compiled["form"], compiled["version"]
        doc = {
            "_id": f"form:{form}:{version}",
            "type": "form",
            "form": form,
            "version": version,
            "definition": compiled,
        }
        shown = {name: each.digest for name, each in (files or {}).items()}
        try:
            known = _body(self._directory.reference.get(doc["_id"]))
        except NotFound:
            known = doc
        there = known.pop("files", {})
        if known != doc or any(there.get(name, digest) != digest for name, digest in shown.items()):
            raise CampaignError(f"{form} version {version} is published already and differs: raise its version.")
        keep(self._directory.reference, files or {})
        return upsert(self._directory.reference, doc | ({"files": there | shown} if there or shown else {}))

    def put_entities(self, entities: Sequence[Mapping[str, Any]]) -> int:
        """Enter things that forms are about; returns how many were new or changed.

        Each is `{"_id": "entity:<kind>:<id>", "entity": <kind>, "name", …}`.
        """
        docs = [{"type": "entity", "active": True, **entity} for entity in entities]
        for doc in docs:
            if not ENTITY.fullmatch(doc["_id"]) or doc["_id"].split(":")[1] != doc.get("entity"):
                raise CampaignError(f"{doc['_id']!r} is no id for an entity of kind {doc.get('entity')!r}.")
        return sum(_write_changed(self._directory.reference, batch) for batch in _batches(docs))

    def put_task(
        self,
        task_id: str,
        team: str,
        form: str,
        *,
        title: Mapping[str, str],
        due: str,
        answers: Mapping[str, Any],
        by: str,
    ) -> bool:
        """Give a team a form to fill. True where something changed."""
        if not TASK.fullmatch(task_id):
            raise CampaignError(f"{task_id!r} is no task id.")
        doc = {
            "_id": task_id,
            "type": "task",
            "team": team,
            "form": form,
            "title": dict(title),
            "due": due,
            "answers": dict(answers),
            "created_by": by,
        }
        return upsert(self.mailbox(team), doc)

    def mailbox(self, team: str) -> Database:
        """A team's mailbox. Raises `CampaignError` where there is no such team."""
        try:
            return self._store.database(mailbox_of(team))
        except NotFound:
            raise CampaignError(f"There is no team {team!r}.") from None

    def _check_user(self, name: str, roles: Sequence[str], teams: Sequence[str]) -> None:
        if not NAME.fullmatch(name):
            raise CampaignError(f"{name!r} is no user name: lower-case letters, digits, dots and hyphens.")
        if name.startswith(HUB):
            raise CampaignError(f"Names that begin with {HUB!r} are those of hubs: use `rounds hub enroll`.")
        if unknown := sorted(set(roles) - set(ROLES)):
            raise CampaignError(f"There is no role {unknown[0]!r}; there are {', '.join(ROLES)}.")
        if not roles:
            raise CampaignError("A user needs a role.")
        if unknown := sorted(set(teams) - {team.team for team in self._directory.teams()}):
            raise CampaignError(f"There is no team {unknown[0]!r}.")

    def _team_databases(self, team: str) -> None:
        for kind, name in (("mailbox", mailbox_of(team)), ("media", media_of(team))):
            make_database(self._store, name, _security(kind, [TEAM + team], team=team))

    def _enter_office_device(self, keys: Keys, now: datetime) -> None:
        """Whose signature the office's own edits carry, and the key that tablets can seal bundles to."""
        key = keys.office_device.public_key()
        device = thumbprint(key)[:12]
        doc = {
            "_id": f"device:{device}",
            "type": "device",
            "device": device,
            "public_key": jwk_of(key),
            "sealing_key": jwk_of(keys.sealing.public_key()),
            "user": "office",
            "users": [ANYBODY],
            "label": "office",
            "registered_at": now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "revoked": False,
        }
        with suppress(NotFound):
            doc["registered_at"] = self._directory.reference.get(str(doc["_id"]))["registered_at"]
        upsert(self._directory.reference, doc)


def _security(kind: str, roles: list[str], **more: str) -> Document:
    members = {"names": [], "roles": roles}
    return {"admins": {"names": [], "roles": []}, "members": members, "rounds": {"kind": kind, **more}}


def _password(known: User | None, password: str | None) -> str:
    if password is None:
        if known is None:
            raise CampaignError("A new user needs a password.")
        return known.password
    if known and verify_password(known.password, password):
        return known.password
    try:
        return hash_password(password)
    except ValueError as error:
        raise CampaignError(f"The password does not do: {error}.") from None


def _body(doc: Mapping[str, Any]) -> Document:
    return {name: value for name, value in doc.items() if name != "_rev"}


def upsert(database: Database, doc: Document) -> bool:
    """Write a document unless it is there just so. True where something was written."""
    _check(doc)
    for _ in range(TRIES):
        try:
            known = database.get(doc["_id"])
        except NotFound:
            known = {}
        if known and _body(known) == _body(doc):
            return False
        try:
            database.put(_body(doc) | ({"_rev": known["_rev"]} if known else {}))
        except Conflict:
            continue
        return True
    raise CampaignError(f"{doc['_id']} is being changed by somebody else all the time.")


def _check(doc: Document) -> None:
    """Nothing malformed reaches a tablet. What stays in the office (teams, people) has no shape to travel in."""
    faults = check(doc) if doc["type"] in SCHEMAS else {}
    if faults:
        member, reasons = next(iter(faults.items()))
        raise CampaignError(f"{doc['_id']}: {member}: {reasons[0] if isinstance(reasons, list) else reasons}")


def _write_changed(database: Database, docs: Sequence[Document]) -> int:
    for doc in docs:
        _check(doc)
    known = {row.id: row.doc or {} for row in database.all(keys=[doc["_id"] for doc in docs], include_docs=True)}
    changed = [doc for doc in docs if _body(known.get(doc["_id"], {})) != doc]
    revised = [doc | ({"_rev": known[doc["_id"]]["_rev"]} if doc["_id"] in known else {}) for doc in changed]
    for outcome in database.put_many(revised):
        if outcome.error is not None:
            raise outcome.error
    return len(changed)


def _batches(docs: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for start in range(0, len(docs), BATCH):
        yield docs[start : start + BATCH]
