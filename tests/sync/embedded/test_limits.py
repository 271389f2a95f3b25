"""What one client may ask of all: leaps, false histories, waiting feeds, attachments many times over."""

from __future__ import annotations

import base64
import json
import random
import time
from pathlib import Path

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.database import EmbeddedDatabase
from sync.embedded.protocol import changes, feeds
from sync.embedded.protocol.waiting import THREADS, Room
from sync.gate import check
from sync.store import Changes, Document, Forbidden, Seq, TooLarge, Unavailable, UserContext
from tests.sync.embedded.conftest import Caller

FILE = {"content_type": "image/png", "data": base64.b64encode(b"x" * 100_000).decode()}
MEMBER = UserContext("li.wei", frozenset({"team:north"}))


def rev(number: int, letter: str) -> str:
    return f"{number}-{letter * 32}"


def test_a_revision_that_leaps_ahead_of_all_others_is_refused(call: Caller) -> None:
    database = call.store.database("north")
    [refused] = database.put_revisions([{"_id": "a", "_rev": rev(999_999_999, "a")}])
    assert isinstance(refused.error, Forbidden)
    assert database.put_revisions([{"_id": "b", "_rev": rev(9_000, "a")}]) == []


def test_a_false_history_removes_no_leaf(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    path = {"start": 2, "ids": ["b" * 32, "a" * 32]}
    database.put_revisions([{"_id": "x", "_rev": rev(2, "b"), "_revisions": path}, {"_id": "x", "_rev": rev(1, "c")}])
    false = {"start": 2, "ids": ["b" * 32, "c" * 32]}
    database.put_revisions([{"_id": "x", "_rev": rev(2, "b"), "_revisions": false}])
    assert {leaf["_rev"] for leaf in database.leaves("x")} == {rev(2, "b"), rev(1, "c")}


def test_what_is_known_already_meets_the_gate_too(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path, gate=check).create("reference")
    database.set_security({"rounds": {"kind": "reference"}})
    database.put_revisions([{"_id": "device:a", "_rev": rev(2, "b")}])
    longer = {"_id": "device:a", "_rev": rev(2, "b"), "_revisions": {"start": 2, "ids": ["b" * 32, "a" * 32]}}
    [refused] = database.put_revisions([longer], user=MEMBER)
    assert isinstance(refused.error, Forbidden)


def test_local_documents_are_small(call: Caller) -> None:
    with pytest.raises(TooLarge):
        call.store.database("north").put_local("junk", {"x": "y" * 100_000})
    assert call("PUT", "/north/_local/junk", {"x": "y" * 100_000}).status_code == 413


def test_one_person_cannot_have_every_feed_wait(call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(THREADS, "each", 2)
    monkeypatch.setattr(changes, "LISTEN_SECONDS", 0.05)
    address = "/north/_changes?feed=longpoll&since=now&timeout=60000"
    waiting = [call("GET", address, buffered=False) for _ in range(2)]
    assert [each.status_code for each in waiting] == [200, 200]
    refused = call("GET", address)
    assert (refused.status_code, refused.get_json()["error"]) == (503, "unavailable")
    for each in waiting:
        each.close()
    again = call("GET", address, buffered=False)
    assert again.status_code == 200
    again.close()


def test_a_few_people_cannot_have_every_feed_wait() -> None:
    room = Room(most=8, each=4)
    kept = [room.enter(name) for name in ("a", "b") for _ in range(4)]
    newcomer = [room.enter("c"), room.enter("c")]
    assert [place.given_up for place in kept] == [True, False, False, False, True, False, False, False]
    with pytest.raises(Unavailable):
        room.enter("c")  # three each would be fair; whoever has three need not make room for a third
    with pytest.raises(Unavailable):
        room.enter("a")
    for place in [*kept, *newcomer, *newcomer]:
        place.leave()
    assert [room.enter("d").given_up for _ in range(4)] == [False] * 4


@pytest.mark.parametrize(
    ("feed", "since", "end"),
    [("longpoll", "now", b'{"results":[],"last_seq"'), ("continuous", "0", b'{"last_seq"'), ("eventsource", "0", b"")],
)
def test_a_feed_that_makes_room_ends_with_nothing_to_tell(
    call: Caller, monkeypatch: pytest.MonkeyPatch, feed: str, since: str, end: bytes
) -> None:
    room = Room(most=2, each=2)
    monkeypatch.setattr(changes, "THREADS", room)
    monkeypatch.setattr(changes, "LISTEN_SECONDS", 0.05)
    monkeypatch.setattr(feeds, "LISTEN_SECONDS", 0.05)
    address = f"/north/_changes?feed={feed}&since={since}&timeout=60000"
    greedy = [call("GET", address, buffered=False) for _ in range(2)]
    other = room.enter("somebody else")
    *_, last = b"".join(greedy[0].iter_encoded()).strip().split(b"\n")
    assert last.startswith(end)
    assert call("GET", address).status_code == 503
    for each in greedy:
        each.close()
    other.leave()
    again = call("GET", address, buffered=False)
    assert again.status_code == 200
    again.close()


def test_a_feed_beats_however_seldom_it_has_to(monkeypatch: pytest.MonkeyPatch) -> None:
    """A beat that is due after more looks than one comes all the same: a client that has gone is found by it."""
    monkeypatch.setattr(feeds, "LISTEN_SECONDS", 0.02)
    page = Changes((), 7)
    waits = feeds.Waits(quiet=0.5, heartbeat=0.1)

    def look(_since: Seq, wait: float) -> Changes:
        time.sleep(wait)
        return page

    told = list(feeds.stream(look, 7, None, waits, feeds.SHAPES["continuous"], lambda row: row))
    assert told.count(b"\n") >= 2
    assert json.loads(told[-1]) == {"last_seq": 7, "pending": 0}


def test_one_attachment_asked_for_many_times_is_answered_once(call: Caller) -> None:
    data = base64.b64encode(b"x" * 100_000).decode()
    written = call(
        "PUT", "/north/p", {"_attachments": {"file": {"content_type": "image/png", "data": data}}}
    ).get_json()
    docs = [{"id": "p", "rev": written["rev"]}] * 300
    answer = call("POST", "/north/_bulk_get?attachments=true", {"docs": docs})
    assert len(answer.get_json()["results"]) == 1


def test_attachments_are_answered_in_pieces_however_many_they_are(call: Caller) -> None:
    data = random.Random(3).randbytes(2_000_003)
    written = call("PUT", "/north/p/file", data, content_type="image/png").get_json()
    asked = {"docs": [{"id": "p", "rev": written["rev"]}, {"id": "a"}]}
    for answer in (
        call("POST", "/north/_bulk_get?attachments=true", asked, buffered=False),
        call("GET", "/north/p?attachments=true", buffered=False),
        call("GET", "/north/p?attachments=true&open_revs=all", headers={"Accept": "application/json"}, buffered=False),
    ):
        pieces = list(answer.iter_encoded())
        assert max(map(len, pieces)) < 400_000
        found = json.loads(b"".join(pieces))
        doc = found["results"][0]["docs"][0]["ok"] if "results" in found else found
        doc = doc[0]["ok"] if isinstance(doc, list) else doc
        assert base64.b64decode(doc["_attachments"]["file"]["data"]) == data


def test_a_multipart_body_of_boundaries_alone_is_refused(call: Caller) -> None:
    body = b"--b\r\n\r\n" * 5_000
    answer = call("PUT", "/north/p", body, content_type='multipart/related; boundary="b"')
    assert answer.status_code == 413


ALLEGED = {"device": "7f3a", "app": "1", "version": 1, "unset": [], "seen": {}, "note": None, "sig": "A" * 86}
RECORD = "record:visit:01JDA000000000000000000001"


def record_of(by: str, number: int, *ids: str) -> Document:
    """A revision that holds one edit of somebody's; `ids` are its own letter and those of its ancestors."""
    at = "2026-11-23T06:10:42.120Z/0000/7f3a"
    edit = {**ALLEGED, "id": f"edit-of-{by}", "at": at, "by": by, "set": {"/name": by}}
    history = {"start": number, "ids": [letter * 32 for letter in ids]}
    body = {"type": "record", "form": "visit", "version": 1, "team": "north", "edits": [edit], "answers": {}}
    return {"_id": RECORD, "_rev": rev(number, ids[0]), "_revisions": history, **body}


@pytest.fixture
def mailbox(tmp_path: Path) -> EmbeddedDatabase:
    """A mailbox that holds a colleague's record, and beside it a revision of the other's without ancestors."""
    database = EmbeddedStore(tmp_path, gate=check).create("mailbox-north")
    database.set_security({"rounds": {"kind": "mailbox", "team": "north"}})
    assert database.put_revisions([record_of("li.wei", 1, "a"), record_of("zhang.min", 2, "b")], user=MEMBER) == []
    return database


def authors(database: EmbeddedDatabase) -> list[str]:
    return sorted(edit["by"] for leaf in database.leaves(RECORD) for edit in leaf["edits"])


def test_a_known_revision_that_comes_again_puts_no_others_edit_behind_it(mailbox: EmbeddedDatabase) -> None:
    mailbox.put_revisions([record_of("zhang.min", 2, "b", "a")], user=MEMBER)
    assert authors(mailbox) == ["li.wei", "zhang.min"]


def test_a_new_revision_puts_no_others_edit_behind_it_by_way_of_a_known_one(mailbox: EmbeddedDatabase) -> None:
    [refused] = mailbox.put_revisions([record_of("zhang.min", 3, "c", "b", "a")], user=MEMBER)
    assert isinstance(refused.error, Forbidden)
    assert authors(mailbox) == ["li.wei", "zhang.min"]
