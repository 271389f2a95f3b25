"""The one storage interface: what Rounds asks of a CouchDB, whichever program provides it.

Two implementations stand behind it: `sync.embedded` (SQLite) and `sync.couch` (CouchDB through
ibmcloudant). One contract suite, `tests/contract`, runs over both. Everything here is idempotent
where CouchDB's own call is: writing the same revision twice is one revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any, BinaryIO, NamedTuple, Protocol

Document = dict[str, Any]
"""A JSON object with `_id`, and `_rev` once it has been stored."""

Seq = int | str
"""A place in a changes feed. Opaque: it is compared for equality and handed back, nothing else."""

START: Seq = 0
"""Before the first change."""


class StoreError(Exception):
    """A store's refusal or failure.

    `code` is CouchDB's error name, `reason` a sentence, `status` the HTTP status that CouchDB gives;
    `retry` says whether the same call may succeed later without anything being changed.
    """

    code = "unknown_error"
    status = 500
    retry = False

    def __init__(self, reason: str, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = dict(details or {})


class NotFound(StoreError):
    """No such database, document, revision or attachment; `reason` is `missing` or `deleted` for documents."""

    code, status = "not_found", 404


class Conflict(StoreError):
    """The revision that the write builds on is not a leaf (any more)."""

    code, status = "conflict", 409


class Exists(StoreError):
    """The database to be made is there already."""

    code, status = "file_exists", 412


class Unauthorized(StoreError):
    """No valid sign-in."""

    code, status = "unauthorized", 401


class Forbidden(StoreError):
    """Signed in, but not allowed to; or the gate refuses the document, and `reason` says why."""

    code, status = "forbidden", 403


class BadRequest(StoreError):
    """Malformed input: an id, a revision, a body, a parameter."""

    code, status = "bad_request", 400


class TooLarge(StoreError):
    """The document or the request is over a limit; `details` holds `limit` and `length` in bytes."""

    code, status = "document_too_large", 413


class Unavailable(StoreError):
    """The store cannot be reached or is busy: try again."""

    code, status, retry = "unavailable", 503, True


@dataclass(frozen=True)
class UserContext:
    """Who asks: CouchDB's `userCtx`. A server administrator has the role `_admin`."""

    name: str | None
    roles: frozenset[str] = frozenset()

    @property
    def is_admin(self) -> bool:
        return "_admin" in self.roles


ADMIN = UserContext(name=None, roles=frozenset({"_admin"}))
"""Rounds' own processes."""


@dataclass(frozen=True)
class Info:
    """What a database says of itself. `doc_count` leaves deleted documents out.

    `instance` tells it from another one that had its name before, or has it after; it is CouchDB's
    `instance_start_time`, which is "0" before CouchDB 3.3 and so tells nothing there.
    """

    name: str
    doc_count: int
    doc_del_count: int
    update_seq: Seq
    instance: str


class Place(NamedTuple):
    """How far a database was read, and which one of its name that was: a sequence means nothing in another."""

    seq: Seq
    instance: str


@dataclass(frozen=True)
class Change:
    """One document that changed: its latest place in the feed and its leaf revisions, the winner first.

    With `style="main_only"` only the winner is listed. `doc` is the winner's body where it was asked for.
    """

    seq: Seq
    id: str
    revs: tuple[str, ...]
    deleted: bool
    doc: Document | None = None


@dataclass(frozen=True)
class Changes:
    """A page of a changes feed. `last_seq` is where the next page starts, `pending` how many rows follow it."""

    results: tuple[Change, ...]
    last_seq: Seq
    pending: int = 0


@dataclass(frozen=True)
class Update:
    """What became of a database: `kind` is `created`, `updated` or `deleted`."""

    seq: Seq
    name: str
    kind: str


@dataclass(frozen=True)
class Updates:
    """A page of a store's updates. `last_seq` is where the next page starts."""

    results: tuple[Update, ...]
    last_seq: Seq
    pending: int = 0


@dataclass(frozen=True)
class Written:
    """The outcome of one document of a batch: `rev` where it was stored, else `error` (never raised)."""

    id: str
    rev: str | None = None
    error: StoreError | None = None


@dataclass(frozen=True)
class Missing:
    """Revisions of one document that a database lacks, and ancestors of them that it has."""

    missing: tuple[str, ...]
    possible_ancestors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One document in a listing by id."""

    id: str
    rev: str
    doc: Document | None = None


@dataclass(frozen=True)
class Attachment:
    """One attachment's bytes, in order, and what is known of them. `digest` is `md5-<base64>` as CouchDB writes it."""

    content_type: str
    length: int
    digest: str
    chunks: Iterator[bytes] = field(repr=False)


class Database(Protocol):
    """One CouchDB database. Methods raise `StoreError`s; `NotFound` where the database itself is gone."""

    @property
    def name(self) -> str: ...

    def info(self) -> Info:
        """Counts and the update sequence."""

    def get(self, doc_id: str, rev: str | None = None, *, conflicts: bool = False) -> Document:
        """The winner, or the named revision, with `_id` and `_rev` (and `_deleted`, `_attachments` stubs).

        With `conflicts`, the live leaves that lost stand in `_conflicts` where there are any. Raises `NotFound`
        where the document is missing, or deleted and no `rev` was named.
        """

    def leaves(self, doc_id: str, *, known: Iterable[str] = ()) -> list[Document]:
        """Every leaf, deleted ones included, with `_rev` and `_revisions`; those in `known` are left out.

        Source: `open_revs=all&revs=true`. An unknown document has no leaves.
        """

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        """Named revisions, each `(id, rev)`, with `_revisions` and attachments as stubs, in no promised order.

        They are read as they are asked for, so that never all of them are in memory. Those that are not here are left
        out. Source: `_bulk_get?revs=true`.
        """

    def put(self, doc: Document, *, user: UserContext = ADMIN) -> str:
        """Store a new revision on top of `doc["_rev"]` (absent: a new document); returns its revision.

        Raises `Conflict` where that is not a leaf, `Forbidden` where the gate refuses.
        """

    def put_many(self, docs: Sequence[Document], *, user: UserContext = ADMIN) -> list[Written]:
        """`put` for many, one outcome each in their order; one refusal does not touch the others."""

    def put_revisions(
        self, docs: Sequence[Document], *, user: UserContext = ADMIN, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        """Store revisions exactly as they are (`new_edits=false`): `_rev`, and `_revisions` for the ancestry.

        Returns only the refused ones. Bodies may carry `_attachments`: inline `data` (base64), or a stub where the
        database holds that digest already. A single document may bring its attachments as seekable `streams` by name;
        the entries of those are `{"follows": True, "content_type": …, "length": …}`.
        """

    def changes(
        self,
        since: Seq = START,
        *,
        limit: int | None = None,
        include_docs: bool = False,
        all_leaves: bool = False,
        wait: float = 0.0,
        selector: Mapping[str, Any] | None = None,
        stop: Event | None = None,
    ) -> Changes:
        """Changes after `since`, each document once, in order of its latest change.

        With `wait` (seconds) and nothing to tell, returns when something happens, when the time is over or when
        `stop` is set, whichever comes first (longpoll). A change may be told more than once.
        """

    def missing_revisions(self, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        """Which of these revisions are not here (`_revs_diff`); documents that lack nothing are left out."""

    def all(
        self,
        *,
        start: str | None = None,
        end: str | None = None,
        keys: Sequence[str] | None = None,
        limit: int | None = None,
        include_docs: bool = False,
    ) -> list[Row]:
        """Live documents by id, from `start` to `end`, both inclusive; or those of `keys` that are live, in order."""

    def attachment(self, doc_id: str, name: str, rev: str | None = None) -> Attachment:
        """One attachment of the winner or of the named revision."""

    def get_local(self, local_id: str) -> Document:
        """A document that is not replicated; `local_id` comes without `_local/`. Raises `NotFound`."""

    def put_local(self, local_id: str, doc: Document) -> None:
        """Write a document that is not replicated, whatever was there before."""

    def security(self) -> Document:
        """The `_security` object; empty where none was set."""

    def set_security(self, security: Document) -> None:
        """Replace the `_security` object."""


class Store(Protocol):
    """A set of databases."""

    @property
    def uuid(self) -> str:
        """The store's identity; stable for its whole life, since checkpoints are bound to it."""

    def names(self) -> list[str]:
        """The databases, sorted."""

    def database(self, name: str) -> Database:
        """That database. Raises `NotFound`."""

    def create(self, name: str) -> Database:
        """Make a database. Raises `Exists`, or `BadRequest` for a name that CouchDB would refuse."""

    def delete(self, name: str) -> None:
        """Remove a database and everything in it. Raises `NotFound`."""

    def updates(
        self,
        since: Seq = START,
        *,
        limit: int | None = None,
        wait: float = 0.0,
        stop: Event | None = None,
    ) -> Updates:
        """What became of which databases after `since` (`"now"`: from here on), each of them once a kind.

        Waits as `Database.changes` does. A hint, which may come late: whoever must miss nothing looks at every
        database now and then too. Source: CouchDB's `_db_updates`.
        """

    def close(self) -> None:
        """Let go of files and connections; may be called twice."""
