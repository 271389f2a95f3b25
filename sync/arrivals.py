"""Which files have arrived: follows the media databases, and lets the receipts of the records that name a file say so.

A file is called by the digest of its bytes, and anybody of the team could store others under its name: it has arrived
when bytes have been read that give that digest. Receipts are written before the checkpoint moves; a crash in between
repeats work and writes nothing twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from sync.receipts import write_receipts
from sync.store import Attachment, Change, Database, Document, NotFound, Place, Store, StoreError

log = structlog.get_logger(__name__)

MEDIA, PREFIX, FILE = "media-", "media:", "file"
BATCH = 10
"""Files to a step: text must not wait long for pictures to be read."""
LEAVES = 32
"""Of one file, how many are read to find the right bytes: anybody of the team can add one."""


class Shelf(Protocol):
    """Where it is kept which files have arrived. `team` is whose media database it was."""

    def arrived(self, team: str, digests: Iterable[str]) -> set[str]:
        """Those of these files that have arrived."""

    def shelve(self, team: str, files: Sequence[File]) -> Sequence[Document]:
        """Note what became of these files; the receipts, brought up to date, of the records that name any of them.

        All of them, also where nothing is new: the process may have died before it had written them.
        """

    def shelved(self, media: str, place: Place) -> None:
        """Their receipts are written: move the checkpoint of the media database."""


@dataclass(frozen=True)
class File:
    """What is in a media database under a digest: the very bytes (`sound`), others, or nothing any more (None)."""

    digest: str
    sound: bool | None


def step(store: Store, shelf: Shelf, media: str, place: Place) -> tuple[int, Place]:
    """Read one batch of a media database; how many changes there were, and where to go on.

    Raises `StoreError` where the store fails; then nothing counts as read.
    """
    team = media.removeprefix(MEDIA)
    database = store.database(media)
    page = database.changes(place.seq, limit=BATCH, all_leaves=True)
    if not page.results:
        return 0, place
    files = [_file(database, change) for change in page.results if change.id.startswith(PREFIX)]
    receipts = shelf.shelve(team, files) if files else ()
    if receipts:
        write_receipts(store.database(f"mailbox-{team}"), receipts)
    reached = place._replace(seq=page.last_seq)
    shelf.shelved(media, reached)
    return len(page.results), reached


def _file(database: Database, change: Change) -> File:
    digest = change.id.removeprefix(PREFIX)
    if change.deleted:
        return File(digest, None)
    return File(digest, any(_is_sound(database, change.id, rev, digest) for rev in change.revs[:LEAVES]))


def candidates(database: Database, digest: str) -> Iterator[Attachment]:
    """What is stored under a file's name: the winner's bytes, then those of its other live leaves.

    Which of them wins is nobody's to choose: whoever stores others under a picture's name must not hide it.
    """
    doc_id = PREFIX + digest
    with suppress(NotFound):
        doc = database.get(doc_id, conflicts=True)
        for rev in [doc["_rev"], *doc.get("_conflicts", ())][:LEAVES]:
            with suppress(NotFound):
                yield database.attachment(doc_id, FILE, rev)


def _is_sound(database: Database, doc_id: str, rev: str, digest: str) -> bool:
    found = hashlib.sha256()
    try:
        for piece in database.attachment(doc_id, FILE, rev).chunks:
            found.update(piece)
    except NotFound:  # no such attachment, or a newer revision has come: that is a change of its own
        return False
    except StoreError as error:
        if error.code != "damaged":
            raise
        log.error("a file cannot be read", database=database.name, document=doc_id, reason=error.reason)
        return False
    return found.hexdigest() == digest
