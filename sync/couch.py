"""The storage interface on CouchDB 3, through ibmcloudant.

Source of every call: https://docs.couchdb.org/en/stable/api/index.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from threading import Event
from typing import Any, BinaryIO, Final
from uuid import uuid4

import requests

from sync import couch_feed, gate
from sync.couch_connection import Connection
from sync.couch_related import Related
from sync.couch_wire import batches, body_of, bulk_body, chunks, id_path, json_bytes, outcomes_of, parameter, whole
from sync.store import (
    ADMIN,
    START,
    Attachment,
    BadRequest,
    Changes,
    Conflict,
    Document,
    Forbidden,
    Info,
    Missing,
    NotFound,
    Row,
    Seq,
    StoreError,
    TooLarge,
    Unavailable,
    Updates,
    UserContext,
    Written,
)

BULK_GET: Final = 200
BULK_GET_BYTES: Final = 32 * 1024 * 1024
"""Of an answer that is held in memory; one document may be larger."""
LOCAL_TRIES: Final = 8
UNSET_SECURITY: Final[tuple[Document, ...]] = ({}, {"admins": {"roles": ["_admin"]}, "members": {"roles": ["_admin"]}})


class CouchStore:
    """A CouchDB server or cluster as a `Store`.

    :param url: its root, such as `http://127.0.0.1:5984`; credentials in it count where `user` is not given
    :param session: sign in by cookie rather than with each request
    :param token: gives the bearer token of each request, instead of a name and password
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        session: bool = False,
        token: Callable[[], str] | None = None,
    ) -> None:
        self.connection = Connection(url, user=user, password=password, session=session, token=token)
        self._client = self.connection.client

    @cached_property
    def uuid(self) -> str:
        return str(self.connection.call(self._client.get_server_information)["uuid"])

    def names(self) -> list[str]:
        found = self.connection.call(self._client.get_all_dbs)
        return sorted(name for name in found if not name.startswith("_"))

    def database(self, name: str) -> CouchDatabase:
        database = CouchDatabase(self.connection, name)
        database.info()
        return database

    def create(self, name: str) -> CouchDatabase:
        self.connection.call(self._client.put_database, db=name, repeatable=False)
        return CouchDatabase(self.connection, name)

    def delete(self, name: str) -> None:
        self.connection.call(self._client.delete_database, db=name, repeatable=False)

    def updates(
        self,
        since: Seq = START,
        *,
        limit: int | None = None,
        wait: float = 0.0,
        stop: Event | None = None,
    ) -> Updates:
        return couch_feed.updates(self.connection, since, limit=limit, wait=wait, stop=stop)

    def close(self) -> None:
        self.connection.close()


class CouchDatabase:
    """One database of a CouchDB. Made by `CouchStore`."""

    def __init__(self, connection: Connection, name: str) -> None:
        self._connection = connection
        self._client = connection.client
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    def info(self) -> Info:
        said = self._call(self._client.get_database_information)
        counts = said["doc_count"], said.get("doc_del_count", 0)
        return Info(self._name, *counts, said["update_seq"], str(said.get("instance_start_time", "0")))

    # Reading

    def get(self, doc_id: str, rev: str | None = None, *, conflicts: bool = False) -> Document:
        options = {key: value for key, value in (("rev", rev), ("conflicts", conflicts or None)) if value is not None}
        found: Document = self._read(doc_id, options)
        return found

    def leaves(self, doc_id: str, *, known: Iterable[str] = ()) -> list[Document]:
        skip = frozenset(known)
        wanted = self._unseen_leaves(doc_id, skip) if skip else None
        if wanted == []:
            return []
        options = {"open_revs": "all" if wanted is None else wanted, "revs": True}
        try:
            rows = self._read(doc_id, options)
        except NotFound:
            self.info()  # An unknown document has no leaves; an unknown database is an error.
            return []
        return [row["ok"] for row in rows if "ok" in row and row["ok"]["_rev"] not in skip]

    def _unseen_leaves(self, doc_id: str, skip: frozenset[str]) -> list[str] | None:
        """The leaves that are not in `skip`, in CouchDB's order; None where all have to be asked for."""
        try:
            winner = self._read(doc_id, {"conflicts": True, "deleted_conflicts": True})
        except NotFound:
            return None
        revs = [winner["_rev"], *winner.get("_conflicts", []), *winner.get("_deleted_conflicts", [])]
        return [rev for rev in revs if rev not in skip]

    def bulk_get(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        for start in range(0, len(wanted), BULK_GET):
            yield from self._got(wanted[start : start + BULK_GET])

    def _got(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        """One `_bulk_get`, halved where its answer would be too large to hold."""
        body = json_bytes({"docs": [{"id": doc_id, "rev": rev} for doc_id, rev in wanted]})
        response = self._connection.request(
            "POST", self._name, "_bulk_get", params={"revs": "true"}, body=body, stream=True
        )
        answer = whole(response, None if len(wanted) == 1 else BULK_GET_BYTES)
        if answer is None:
            half = len(wanted) // 2
            yield from self._got(wanted[:half])
            yield from self._got(wanted[half:])
            return
        for row in answer["results"]:
            yield from (found["ok"] for found in row["docs"] if "ok" in found)

    def _read(self, doc_id: str, options: Mapping[str, Any]) -> Any:
        if not doc_id:
            raise BadRequest("A document id is needed")
        params = {key: parameter(value) for key, value in options.items()}
        return self._connection.request("GET", self._name, *id_path(doc_id), params=params)

    def all(
        self,
        *,
        start: str | None = None,
        end: str | None = None,
        keys: Sequence[str] | None = None,
        limit: int | None = None,
        include_docs: bool = False,
    ) -> list[Row]:
        if keys is not None and not keys:
            return []
        listing = self._call(
            self._client.post_all_docs,
            start_key=start,
            end_key=end,
            keys=None if keys is None else list(keys),
            limit=limit,
            include_docs=include_docs,
        )
        rows = listing["rows"]
        return [
            Row(row["id"], row["value"]["rev"], row.get("doc"))
            for row in rows
            if "value" in row and not row["value"].get("deleted")
        ]

    def attachment(self, doc_id: str, name: str, rev: str | None = None) -> Attachment:
        doc = self.get(doc_id, rev)
        stub = doc.get("_attachments", {}).get(name)
        if stub is None:
            raise NotFound("Document is missing attachment")
        response: requests.Response = self._call(
            self._client.get_attachment,
            doc_id=doc_id,
            attachment_name=name,
            rev=doc["_rev"],
            headers={"Accept-Encoding": "identity"},
            stream=True,
        )
        return Attachment(stub["content_type"], stub["length"], stub["digest"], chunks(response))

    # Writing

    def put(self, doc: Document, *, user: UserContext = ADMIN) -> str:
        [outcome] = self.put_many([doc], user=user)
        if outcome.error is not None:
            raise outcome.error
        assert outcome.rev is not None
        return outcome.rev

    def put_many(self, docs: Sequence[Document], *, user: UserContext = ADMIN) -> list[Written]:
        outcomes = self._gated(docs, user)
        passed = [index for index, outcome in enumerate(outcomes) if outcome is None]
        for index, outcome in zip(passed, self._write([docs[i] for i in passed], new_edits=True), strict=True):
            outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def put_revisions(
        self, docs: Sequence[Document], *, user: UserContext = ADMIN, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        outcomes = self._gated(docs, user)
        passed = [doc for doc, outcome in zip(docs, outcomes, strict=True) if outcome is None]
        refused = [outcome for outcome in outcomes if outcome is not None]
        if streams:
            return refused + [row for doc in passed if (row := self._put_related(doc, streams)) is not None]
        return refused + [row for row in self._write(passed, new_edits=False) if row.error is not None]

    def _put_related(self, doc: Document, streams: Mapping[str, BinaryIO]) -> Written | None:
        """A document and its attachments in one request, which is read from disk as it is sent."""
        try:
            boundary, head = uuid4().hex, json_bytes(doc)
            follow = [name for name, entry in doc["_attachments"].items() if entry.get("follows")]
            self._connection.request(
                "PUT",
                self._name,
                *id_path(doc["_id"]),
                params={"new_edits": "false"},
                body=lambda: Related(boundary, head, [streams[name] for name in follow]),
                content_type=f'multipart/related; boundary="{boundary}"',
            )
        except (BadRequest, Conflict, Forbidden, TooLarge) as error:
            return Written(doc["_id"], rev=doc["_rev"], error=error)
        return None

    def _gated(self, docs: Sequence[Document], user: UserContext) -> list[Written | None]:
        """CouchDB runs the gate for the user that it sees, which is us; so for anybody else its twin speaks first."""
        if user.is_admin:
            return [None] * len(docs)
        security = self.security()
        return [self._refusal(doc, user, security) for doc in docs]

    def _refusal(self, doc: Document, user: UserContext, security: Document) -> Written | None:
        try:
            if str(doc.get("_id", "")).startswith("_"):
                raise Forbidden("Only an administrator may write design documents.")
            gate.check(doc, None, user, security)
        except StoreError as error:
            return Written(str(doc.get("_id", "")), error=error)
        return None

    def _write(self, docs: Sequence[Document], *, new_edits: bool) -> list[Written]:
        ids = [str(doc.get("_id", "")) for doc in docs]
        bodies = [body_of(doc) for doc in docs]
        outcomes: list[Written | None] = [
            Written(doc_id, error=body) if isinstance(body, StoreError) else None
            for doc_id, body in zip(ids, bodies, strict=True)
        ]
        sound = [(index, body) for index, body in enumerate(bodies) if isinstance(body, bytes)]
        for batch in batches(sound):
            written = self._post([body for _, body in batch], [ids[index] for index, _ in batch], new_edits)
            for (index, _), outcome in zip(batch, written, strict=True):
                outcomes[index] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _post(self, bodies: list[bytes], ids: list[str], new_edits: bool) -> list[Written]:
        """One `_bulk_docs`, halved where CouchDB refuses the whole for the sake of one (400, 413)."""
        try:
            answer = self._call(self._client.post_bulk_docs, bulk_body(bodies, new_edits), repeatable=not new_edits)
        except (BadRequest, TooLarge) as error:
            if len(bodies) == 1:
                return [Written(ids[0], error=error)]
            half = len(bodies) // 2
            first = self._post(bodies[:half], ids[:half], new_edits)
            return first + self._post(bodies[half:], ids[half:], new_edits)
        return outcomes_of(answer, ids, new_edits)

    # Following

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
        params: dict[str, Any] = {
            "limit": limit,
            "include_docs": include_docs,
            "style": "all_docs" if all_leaves else None,
        }
        return couch_feed.changes(self._connection, self._name, since, params, selector, wait=wait, stop=stop)

    def missing_revisions(self, revs: Mapping[str, Sequence[str]]) -> dict[str, Missing]:
        if not revs:
            return {}
        asked = {doc_id: list(some) for doc_id, some in revs.items()}
        answer = self._call(self._client.post_revs_diff, asked)
        return {
            doc_id: Missing(tuple(row["missing"]), tuple(row.get("possible_ancestors", ())))
            for doc_id, row in answer.items()
            if row.get("missing")
        }

    # What is not replicated

    def get_local(self, local_id: str) -> Document:
        found: Document = self._call(self._client.get_local_document, doc_id=local_id, accept="application/json")
        return found

    def put_local(self, local_id: str, doc: Document) -> None:
        body = {key: value for key, value in doc.items() if key not in {"_id", "_rev"}}
        for _ in range(LOCAL_TRIES):
            try:
                body["_rev"] = self.get_local(local_id)["_rev"]
            except NotFound:
                body.pop("_rev", None)
            try:
                self._connection.request("PUT", self._name, "_local", local_id, body=json_bytes(body))
                return
            except Conflict:
                continue  # Somebody else wrote between our reading and our writing; the last one stands.
        raise Unavailable(f"_local/{local_id} is being written by others all the time")

    def security(self) -> Document:
        found: Document = self._call(self._client.get_security)
        return {} if found in UNSET_SECURITY else found

    def set_security(self, security: Document) -> None:
        # `put_security` of the client drops every member that it does not know, ours among them.
        self._connection.request("PUT", self._name, "_security", body=json_bytes(security))

    def _call(self, operation: Any, *args: Any, **kwargs: Any) -> Any:
        return self._connection.call(operation, self._name, *args, **kwargs)
