"""What is carried over is never all in memory, and no attachment twice."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from sync.checkpoints import Endpoint
from sync.replicate import Replication
from sync.store import ADMIN, Document, UserContext, Written
from tests.sync.pairs import PHOTO, Pair, Standing, photo_entry


def test_attachments_travel_once_and_byte_for_byte(pair: Pair) -> None:
    data = {"photo": PHOTO, "empty": b"", "text": b"\r\n--boundary--\r\n" * 9}
    entries = {
        name: {"content_type": "image/jpeg", "data": base64.b64encode(raw).decode()} for name, raw in data.items()
    }
    rev = pair.source.put({"_id": "a", "_attachments": entries})
    pair.source.put({"_id": "b"})
    tally = pair.replicate().run()
    for name, raw in data.items():
        assert b"".join(pair.target.attachment("a", name).chunks) == raw
    assert tally.bytes > len(PHOTO)
    pair.source.put({**pair.source.get("a", rev), "n": 2})
    assert pair.replicate().run().written == 1
    assert b"".join(pair.target.attachment("a", "photo").chunks) == PHOTO


def test_an_attachment_that_the_target_has_is_not_read_again(local: Pair) -> None:
    rev = local.source.put({"_id": "a", "_attachments": {"photo": photo_entry()}})
    local.replicate().run()
    local.source.put({**local.source.get("a", rev), "n": 2})

    def never(*_: Any) -> Any:
        raise AssertionError("read again")

    source = Endpoint(Standing(local.source, attachment=never), local.ends[0].identity)
    assert Replication(source, local.ends[1]).run().written == 1


def test_large_documents_are_never_all_in_memory(local: Pair) -> None:
    """Forty times 200 kB are handed over in more than one batch."""
    for n in range(40):
        local.source.put({"_id": f"d{n}", "text": "x" * 200_000})
    sizes = []

    def counting(docs: Sequence[Document], **options: Any) -> list[Written]:
        sizes.append(sum(len(doc["text"]) for doc in docs))
        return local.target.put_revisions(docs, **options)

    target = Endpoint(Standing(local.target, put_revisions=counting), "counting")
    Replication(local.ends[0], target).run()
    assert sum(sizes) == 8_000_000
    assert max(sizes) <= 4 * 1024 * 1024


def test_attachments_are_handed_over_as_files(local: Pair) -> None:
    local.source.put({"_id": "a", "_attachments": {"photo": photo_entry()}})
    seen: list[int] = []

    def looking(
        docs: Sequence[Document], *, user: UserContext = ADMIN, streams: Mapping[str, BinaryIO] | None = None
    ) -> list[Written]:
        assert streams
        assert docs[0]["_attachments"]["photo"]["follows"] is True
        seen.append(len(streams))
        return local.target.put_revisions(docs, user=user, streams=streams)

    target = Endpoint(Standing(local.target, put_revisions=looking), "looking")
    Replication(local.ends[0], target).run()
    assert seen == [1]
