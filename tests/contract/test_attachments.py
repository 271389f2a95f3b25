"""Contract: attachments."""

from __future__ import annotations

import base64
import hashlib
import random
from typing import Any

import pytest

from sync.store import BadRequest, Database, NotFound, StoreError
from tests.contract.revisions import A, B, revision

PHOTO = random.Random(7).randbytes(700_001)


def inline(data: bytes, content_type: str = "image/jpeg") -> dict[str, Any]:
    return {"content_type": content_type, "data": base64.b64encode(data).decode()}


def content(database: Database, doc_id: str, name: str, rev: str | None = None) -> bytes:
    return b"".join(database.attachment(doc_id, name, rev).chunks)


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)), PHOTO], ids=["empty", "small", "binary", "large"])
def test_an_attachment_comes_back_byte_for_byte(database: Database, data: bytes) -> None:
    database.put({"_id": "a", "_attachments": {"file": inline(data)}})
    found = database.attachment("a", "file")
    assert (found.content_type, found.length) == ("image/jpeg", len(data))
    assert found.digest == "md5-" + base64.b64encode(hashlib.md5(data).digest()).decode()
    assert b"".join(found.chunks) == data


def test_a_document_shows_its_attachments_as_stubs(database: Database) -> None:
    database.put({"_id": "a", "n": 1, "_attachments": {"b": inline(b"bb", "text/plain"), "c": inline(b"c")}})
    stubs = database.get("a")["_attachments"]
    assert set(stubs) == {"b", "c"}
    assert {key: stubs["b"][key] for key in ("content_type", "length", "revpos", "stub")} == {
        "content_type": "text/plain",
        "length": 2,
        "revpos": 1,
        "stub": True,
    }
    assert database.leaves("a")[0]["_attachments"]["c"]["stub"] is True
    [change] = database.changes(include_docs=True).results
    assert change.doc
    assert change.doc["_attachments"]["c"]["stub"] is True


def test_an_update_keeps_the_attachments_whose_stubs_it_hands_back(database: Database) -> None:
    database.put({"_id": "a", "_attachments": {"keep": inline(b"1"), "drop": inline(b"2")}})
    doc = database.get("a")
    del doc["_attachments"]["drop"]
    rev = database.put({**doc, "n": 2})
    assert content(database, "a", "keep") == b"1"
    assert database.get("a")["_attachments"]["keep"]["revpos"] == 1
    with pytest.raises(NotFound):
        database.attachment("a", "drop")
    assert content(database, "a", "drop", doc["_rev"]) == b"2"
    database.put({"_id": "a", "_rev": rev})
    assert "_attachments" not in database.get("a")


def test_a_replaced_attachment_is_read_by_its_revision(database: Database) -> None:
    first = database.put({"_id": "a", "_attachments": {"file": inline(b"old")}})
    second = database.put({"_id": "a", "_rev": first, "_attachments": {"file": inline(b"new")}})
    assert content(database, "a", "file") == b"new"
    assert content(database, "a", "file", first) == b"old"
    assert content(database, "a", "file", second) == b"new"
    assert database.get("a")["_attachments"]["file"]["revpos"] == 2


def test_attachments_travel_with_revisions_made_elsewhere(database: Database) -> None:
    docs = [revision("a", B, A, _attachments={"file": inline(PHOTO)})]
    assert database.put_revisions(docs) == []
    assert content(database, "a", "file") == PHOTO
    entry = database.get("a")["_attachments"]["file"]
    stub = {"stub": True, "revpos": entry["revpos"], "digest": entry["digest"], "content_type": "image/jpeg"}
    assert database.put_revisions([revision("a", "c" * 32, B, A, n=2, _attachments={"file": stub})]) == []
    assert content(database, "a", "file") == PHOTO


def test_branches_have_attachments_of_their_own(database: Database) -> None:
    docs = [
        revision("a", A, _attachments={"file": inline(b"a")}),
        revision("a", B, _attachments={"file": inline(b"b")}),
    ]
    assert database.put_revisions(docs) == []
    assert content(database, "a", "file") == b"b"
    assert content(database, "a", "file", f"1-{A}") == b"a"


def test_what_is_not_attached_is_not_found(database: Database) -> None:
    with pytest.raises(NotFound):
        database.attachment("a", "file")
    rev = database.put({"_id": "a"})
    with pytest.raises(NotFound):
        database.attachment("a", "file")
    with pytest.raises(NotFound):
        database.attachment("a", "file", rev)
    with pytest.raises(NotFound):
        database.attachment("a", "file", "9-" + A)


def test_a_stub_of_what_is_not_here_is_refused(database: Database) -> None:
    stub = {"stub": True, "digest": "md5-AAAAAAAAAAAAAAAAAAAAAA==", "revpos": 1, "content_type": "image/jpeg"}
    [refused] = database.put_revisions([revision("a", A, _attachments={"file": stub})])
    assert isinstance(refused.error, StoreError)
    assert 400 <= refused.error.status < 500
    assert database.info().doc_count == 0


@pytest.mark.parametrize(
    "entry", [5, {}, {"data": 5}, {"data": "not base64!"}, {"follows": True, "length": 3}, {"data": None}]
)
def test_a_broken_attachment_is_refused_and_leaves_nothing(database: Database, entry: Any) -> None:
    [refused] = database.put_many([{"_id": "a", "_attachments": {"file": entry}}])
    assert isinstance(refused.error, StoreError)
    assert 400 <= refused.error.status < 500
    assert database.info().doc_count == 0


@pytest.mark.parametrize("content_type", ["text/html\r\nX-Evil: 1", "走访", "a\0b", "x" * 5000])
def test_a_type_that_no_header_can_hold_does_no_harm(database: Database, content_type: str) -> None:
    with pytest.raises(BadRequest):
        database.put({"_id": "a", "_attachments": {"file": inline(b"x", content_type)}})
