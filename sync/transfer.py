"""Carrying revisions from one database into another, so that one that cannot travel never holds up the rest (law 24).

Text goes in batches. A document with attachments goes alone: its files are fetched to disk first, so that nothing large
is whole in memory, and a source that breaks off has touched nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, Final, cast

import orjson

from sync.store import Database, Document, Forbidden, Missing, NotFound, StoreError, Unauthorized, Written

BATCH_DOCUMENTS: Final = 500
BATCH_BYTES: Final = 4 * 1024 * 1024
SPOOL_BYTES: Final = 1024 * 1024

Outcome = Callable[[str, Sequence[str], int, StoreError | None], None]
"""Told of each document: its id, the revisions that travelled, their bytes with those of attachments, why not."""


class Unreadable(StoreError):
    """The source lists it and cannot give it."""

    code = "unreadable"


class Transfer:
    """Moves named revisions and tells the outcome of each."""

    def __init__(
        self,
        source: Database,
        target: Database,
        told: Outcome,
        *,
        documents: int = BATCH_DOCUMENTS,
        size: int = BATCH_BYTES,
    ) -> None:
        self._source = source
        self._target = target
        self._told = told
        self._documents = documents
        self._size = size

    def move(self, missing: Mapping[str, Missing]) -> None:
        """Carry these over. Raises `StoreError` where an end cannot be reached, or lets us in no more."""
        wanted = [(doc_id, rev) for doc_id, lacking in missing.items() for rev in lacking.missing]
        for batch in self._batches(self._read(wanted)):
            self._put(batch, missing)

    def _read(self, wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        """These revisions; what cannot be read is told as refused, alone."""
        got: set[tuple[str, str]] = set()
        try:
            for doc in self._source.bulk_get(wanted):
                got.add((doc["_id"], doc["_rev"]))
                yield doc
        except StoreError as error:
            if _is_about_the_way(error):
                raise
            left = [each for each in wanted if each not in got]
            if len(left) == 1:
                self._told(left[0][0], [left[0][1]], 0, error)
                return
            for half in (left[: len(left) // 2], left[len(left) // 2 :]):
                yield from self._read(half)
            return
        for doc_id, rev in wanted:
            if (doc_id, rev) not in got:
                self._told(doc_id, [rev], 0, NotFound("The source does not have this revision any more."))

    def _batches(self, docs: Iterable[Document]) -> Iterator[list[tuple[Document, int]]]:
        batch: list[tuple[Document, int]] = []
        total = 0
        for doc in docs:
            length = _length(doc)
            alone = bool(doc.get("_attachments"))
            if batch and (alone or len(batch) == self._documents or total + length > self._size):
                yield batch
                batch, total = [], 0
            if alone:
                yield [(doc, length)]
                continue
            batch.append((doc, length))
            total += length
        if batch:
            yield batch

    def _put(self, batch: list[tuple[Document, int]], missing: Mapping[str, Missing]) -> None:
        """Write a batch, halved where the target refuses the whole of it."""
        docs = [doc for doc, _ in batch]
        try:
            if docs[0].get("_attachments"):
                self._tell(batch, self._put_with_files(docs[0], missing[docs[0]["_id"]]))
            else:
                self._tell(batch, self._target.put_revisions(docs))
        except StoreError as error:
            if _is_about_the_way(error):
                raise
            if len(batch) == 1:
                self._tell(batch, [Written(docs[0]["_id"], docs[0]["_rev"], error)])
                return
            for half in (batch[: len(batch) // 2], batch[len(batch) // 2 :]):
                self._put(half, missing)

    def _tell(self, batch: Sequence[tuple[Document, int]], refused: Sequence[Written]) -> None:
        errors = {(each.id, each.rev): each.error for each in refused}
        for doc, length in batch:
            # Where a store does not say which revision it means, every revision of the document counts as refused.
            error = errors.get((doc["_id"], doc["_rev"])) or errors.get((doc["_id"], None))
            files = sum(int(entry.get("length", 0)) for entry in doc.get("_attachments", {}).values())
            self._told(doc["_id"], [doc["_rev"]], length + files, error)

    def _put_with_files(self, doc: Document, lacking: Missing) -> list[Written]:
        """Send along the files that no ancestor at the target can have; all of them where that was not enough."""
        known = max((int(rev.partition("-")[0]) for rev in lacking.possible_ancestors), default=0)
        every = list(doc["_attachments"])
        fresh = [name for name in every if doc["_attachments"][name].get("revpos", 0) > known]
        refused = self._send(doc, fresh)
        return self._send(doc, every) if refused and fresh != every else refused

    def _send(self, doc: Document, names: Sequence[str]) -> list[Written]:
        with ExitStack() as files:
            streams = {name: files.enter_context(self._spooled(doc, name)) for name in names}
            entries = {name: _following(entry) if name in streams else entry for name, entry in _files(doc)}
            return self._target.put_revisions([{**doc, "_attachments": entries}], streams=streams)

    def _spooled(self, doc: Document, name: str) -> BinaryIO:
        """An attachment on disk. Raises `Unreadable` where it is damaged or gone, `Unavailable` where it broke off."""
        try:
            found = self._source.attachment(doc["_id"], name, doc["_rev"])
        except NotFound as error:
            raise Unreadable(f"The source does not have the attachment {name} any more.") from error
        file = cast(BinaryIO, SpooledTemporaryFile(SPOOL_BYTES))  # noqa: SIM115 - closed by the stack that it goes into
        length = sum(file.write(chunk) for chunk in found.chunks)
        if length != found.length:
            file.close()
            raise Unreadable(f"The attachment {name} has {length} of its {found.length} bytes.")
        file.seek(0)
        return file


def _is_about_the_way(error: StoreError) -> bool:
    """Whether it is no document's fault: the network, the sign-in, the database itself."""
    return error.retry or isinstance(error, Unauthorized | Forbidden | NotFound)


def _files(doc: Document) -> Iterable[tuple[str, Mapping[str, Any]]]:
    entries: Mapping[str, Mapping[str, Any]] = doc["_attachments"]
    return entries.items()


def _following(entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: entry[name] for name in ("content_type", "revpos", "length") if name in entry}
    return {**kept, "follows": True}


def _length(doc: Document) -> int:
    try:
        return len(orjson.dumps(doc))
    except TypeError:
        return 0  # no JSON; the target will say so
