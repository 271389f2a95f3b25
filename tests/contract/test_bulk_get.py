"""Contract: many named revisions at once, and documents that bring their attachments as streams."""

from __future__ import annotations

import io
import random

import pytest

from sync.store import Database
from tests.contract.revisions import A, B, C, D, revision

PHOTO = random.Random(11).randbytes(900_001)


def follows(data: bytes) -> dict[str, object]:
    return {"follows": True, "content_type": "image/jpeg", "length": len(data), "revpos": 1}


def test_named_revisions_come_with_their_ancestry(database: Database) -> None:
    assert database.put_revisions([revision("a", B, A, n=1), revision("a", C, A, n=2), revision("b", D)]) == []
    found = {(doc["_id"], doc["_rev"]): doc for doc in database.bulk_get([("a", f"2-{B}"), ("b", f"1-{D}")])}
    assert set(found) == {("a", f"2-{B}"), ("b", f"1-{D}")}
    assert found["a", f"2-{B}"] == {
        "_id": "a",
        "_rev": f"2-{B}",
        "_revisions": {"start": 2, "ids": [B, A]},
        "n": 1,
    }


def test_a_deleted_revision_says_so(database: Database) -> None:
    assert database.put_revisions([revision("a", B, A, n=1, _deleted=True)]) == []
    [doc] = database.bulk_get([("a", f"2-{B}")])
    assert (doc["_deleted"], doc["n"]) == (True, 1)


def test_what_is_not_here_is_left_out(database: Database) -> None:
    assert database.put_revisions([revision("a", A)]) == []
    wanted = [("nobody", f"1-{A}"), ("a", f"1-{A}"), ("a", f"9-{B}")]
    assert [doc["_id"] for doc in database.bulk_get(wanted)] == ["a"]
    assert list(database.bulk_get([])) == []


def test_more_than_fit_into_one_request(database: Database) -> None:
    docs = [revision(f"d{n}", A, text="x" * 1000) for n in range(450)]
    assert database.put_revisions(docs) == []
    found = database.bulk_get([(doc["_id"], doc["_rev"]) for doc in docs])
    assert sorted(doc["_id"] for doc in found) == sorted(doc["_id"] for doc in docs)


def test_attachments_are_shown_as_stubs(database: Database) -> None:
    doc = revision("a", A, _attachments={"file": follows(b"12")})
    assert database.put_revisions([doc], streams={"file": io.BytesIO(b"12")}) == []
    [found] = database.bulk_get([("a", f"1-{A}")])
    stub = found["_attachments"]["file"]
    assert (stub["stub"], stub["length"], stub["content_type"]) == (True, 2, "image/jpeg")


@pytest.mark.parametrize("data", [b"", b"\r\n--x\r\n", PHOTO], ids=["empty", "line breaks", "large"])
def test_a_streamed_attachment_arrives_byte_for_byte(database: Database, data: bytes) -> None:
    doc = revision("a", B, A, n=1, _attachments={"file": follows(data)})
    assert database.put_revisions([doc], streams={"file": io.BytesIO(data)}) == []
    found = database.attachment("a", "file", f"2-{B}")
    assert (found.length, b"".join(found.chunks)) == (len(data), data)
    assert database.get("a")["_rev"] == f"2-{B}"


def test_several_streams_each_come_under_their_name(database: Database) -> None:
    doc = revision("a", A, _attachments={"z": follows(b"zz"), "b": follows(b"bbb")})
    assert database.put_revisions([doc], streams={"b": io.BytesIO(b"bbb"), "z": io.BytesIO(b"zz")}) == []
    for name, data in (("z", b"zz"), ("b", b"bbb")):
        assert b"".join(database.attachment("a", name).chunks) == data


def test_a_stream_that_is_missing_is_a_refusal(database: Database) -> None:
    doc = revision("a", A, _attachments={"other": {"stub": True, "digest": "md5-AAAAAAAAAAAAAAAAAAAAAA=="}})
    [refused] = database.put_revisions([doc])
    assert refused.error is not None
    assert database.info().doc_count == 0
