"""Replication between any two databases: embedded in process, and over HTTP through the CouchDB client."""

from __future__ import annotations

import base64
import itertools
import random
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from sync.checkpoints import Endpoint, endpoint
from sync.couch import CouchStore
from sync.embedded import EmbeddedStore
from sync.refusals import kept_in
from sync.replicate import Outcome, Replication
from sync.store import (
    ADMIN,
    BadRequest,
    Database,
    Document,
    Forbidden,
    NotFound,
    Store,
    Unauthorized,
    Unavailable,
    UserContext,
    Written,
)
from tests.contract.revisions import A, B, C, D, revision
from tests.served import served

PHOTO = random.Random(5).randbytes(1_500_001)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("served")) as address:
        yield address


class Pair:
    """Two stores with a database of the same name in each, and a third for what is kept."""

    def __init__(self, left: Store, right: Store, keeper: Store, name: str) -> None:
        self.source, self.target = left.create(f"{name}-a"), right.create(f"{name}-b")
        self.keeper = keeper.create(f"{name}-keeper")
        self.ends = endpoint(left, f"{name}-a"), endpoint(right, f"{name}-b")

    def replicate(self, **options: Any) -> Replication:
        return Replication(*self.ends, **options)


NUMBERS = itertools.count()


@pytest.fixture(params=["embedded to embedded", "embedded to served", "served to embedded"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    here = EmbeddedStore(tmp_path / "here")
    left, right = request.param.split(" to ")
    there: Store = EmbeddedStore(tmp_path / "there")
    if "served" in request.param:
        there = CouchStore(request.getfixturevalue("url"))
    stores = {"served": there, "embedded": here}
    yield Pair(
        stores[left], stores[right] if left != right else there, EmbeddedStore(tmp_path / "k"), f"r{next(NUMBERS)}"
    )
    there.close()


@pytest.fixture
def local(tmp_path: Path) -> Pair:
    return Pair(
        EmbeddedStore(tmp_path / "a"), EmbeddedStore(tmp_path / "b"), EmbeddedStore(tmp_path / "k"), f"l{next(NUMBERS)}"
    )


def everything(database: Database) -> dict[str, list[Document]]:
    """Every leaf of every document, whole."""
    changes = database.changes(all_leaves=True).results
    return {each.id: sorted(database.leaves(each.id), key=lambda leaf: leaf["_rev"]) for each in changes}


def seq(database: Database) -> Any:
    return database.info().update_seq


class Standing:
    """A database that stands in front of a real one and goes wrong where it is told to."""

    def __init__(self, real: Database, **instead: Callable[..., Any]) -> None:
        self._real = real
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return self._instead.get(name) or getattr(self._real, name)


def test_every_leaf_arrives_with_its_history(pair: Pair) -> None:
    docs = [
        revision("a", B, A, n=1),
        revision("a", C, A, n=2),
        revision("gone", D, A, _deleted=True, n=3),
        *(revision(f"d{n}", A, n=n) for n in range(30)),
    ]
    assert pair.source.put_revisions(docs) == []
    tally = pair.replicate(page=7).run()
    assert everything(pair.target) == everything(pair.source)
    assert (tally.checked, tally.found, tally.written, tally.refused) == (33, 33, 33, 0)


def test_a_second_run_reads_and_writes_nothing(pair: Pair) -> None:
    pair.source.put({"_id": "a"})
    first = pair.replicate()
    first.run()
    logs = [database.get_local(first.id) for database in (pair.source, pair.target)]
    places = seq(pair.source), seq(pair.target)
    again = pair.replicate()
    assert again.id == first.id
    assert again.run().checked == 0
    assert [database.get_local(first.id) for database in (pair.source, pair.target)] == logs
    assert (seq(pair.source), seq(pair.target)) == places


def test_the_checkpoint_has_the_members_that_couchdb_gives_it(local: Pair) -> None:
    local.source.put({"_id": "a"})
    replication = local.replicate()
    replication.run()
    log = local.target.get_local(replication.id)
    assert log["source_last_seq"] == seq(local.source)
    assert log["session_id"] == log["history"][0]["session_id"]
    assert set(log["history"][0]) == {
        "session_id",
        "start_time",
        "end_time",
        "start_last_seq",
        "end_last_seq",
        "recorded_seq",
        "missing_checked",
        "missing_found",
        "docs_read",
        "docs_written",
        "doc_write_failures",
    }


def test_what_comes_later_starts_from_the_checkpoint(pair: Pair) -> None:
    assert pair.source.put_revisions([revision(f"d{n}", A) for n in range(20)]) == []
    pair.replicate().run()
    pair.source.put({"_id": "new"})
    tally = pair.replicate().run()
    assert (tally.checked, tally.written) == (1, 1)


def test_a_target_that_was_set_back_gets_again_what_it_lost(local: Pair, tmp_path: Path) -> None:
    """A checkpoint at one end alone would not notice."""
    local.source.put({"_id": "early"})
    live = local.replicate(keeper=local.keeper)
    live.run()
    backup = local.target.get_local(live.id)
    local.source.put({"_id": "late"})
    live.run()
    other = EmbeddedStore(tmp_path / "restored").create("b")
    other.put_revisions(list(local.source.bulk_get([("early", local.source.get("early")["_rev"])])))
    other.put_local(live.id, backup)
    restored = Endpoint(other, local.ends[1].identity)
    Replication(local.ends[0], restored, keeper=local.keeper).run()
    assert set(everything(other)) == {"early", "late"}


def test_a_checkpoint_that_somebody_forged_is_not_believed(local: Pair) -> None:
    """Members of a mailbox can write its local documents (law 22)."""
    local.source.put({"_id": "a"})
    first = local.replicate(keeper=local.keeper)
    first.run()
    local.source.put({"_id": "b"})
    for database in (local.source, local.target):
        forged = database.get_local(first.id)
        forged["source_last_seq"] = forged["history"][0]["recorded_seq"] = 999
        forged["history"].insert(0, {**forged["history"][0], "session_id": "forged"})
        database.put_local(first.id, forged)
    local.replicate(keeper=local.keeper).run()
    assert set(everything(local.target)) == {"a", "b"}


@pytest.mark.parametrize(
    "place", ["0-made-up", "9" * 5000, "1-" + "x" * 60_000, -1, "٣"], ids=lambda each: str(each)[:9]
)
def test_no_place_that_somebody_made_up_keeps_a_replication_from_going_on(local: Pair, place: object) -> None:
    first = local.replicate(keeper=local.keeper)
    local.source.put({"_id": "a"})
    first.run()
    local.source.put({"_id": "b"})
    for database in (local.source, local.target):
        forged = database.get_local(first.id)
        forged["history"][0]["recorded_seq"] = place
        database.put_local(first.id, forged)
    local.replicate(keeper=local.keeper).run()
    assert set(everything(local.target)) == {"a", "b"}
    assert local.replicate(keeper=local.keeper).run().checked == 0


def test_a_log_that_somebody_has_filled_up_is_begun_anew(local: Pair) -> None:
    first = local.replicate(keeper=local.keeper)
    local.source.put({"_id": "a"})
    filler = {"session_id": "x", "recorded_seq": 1, "more": "x" * 65_400}
    local.target.put_local(first.id, {"history": [filler]})
    first.run()
    assert set(everything(local.target)) == {"a"}
    assert local.replicate(keeper=local.keeper).run().checked == 0


def test_a_place_that_was_not_written_down_everywhere_is_no_reason_to_begin_again(local: Pair) -> None:
    """The way to the other end breaks off between two logs."""
    local.source.put({"_id": "a"})
    local.replicate(keeper=local.keeper).run()
    local.source.put({"_id": "b"})

    def cut(local_id: str, doc: Document) -> None:
        raise Unavailable("cut off")

    standing: Any = Standing(local.target, put_local=cut)
    broken = Replication(local.ends[0], Endpoint(standing, local.ends[1].identity), keeper=local.keeper)
    with pytest.raises(Unavailable):
        broken.run()
    assert local.replicate(keeper=local.keeper).run().checked == 1


@pytest.mark.parametrize("log", [{}, {"history": 5}, {"history": [5, {}, {"session_id": "x"}]}, {"history": None}])
def test_a_log_that_is_none_means_from_the_beginning(local: Pair, log: Document) -> None:
    local.source.put({"_id": "a"})
    replication = local.replicate()
    local.target.put_local(replication.id, log)
    replication.run()
    assert set(everything(local.target)) == {"a"}


def test_a_selector_leaves_the_rest_at_home(pair: Pair) -> None:
    for n in range(10):
        pair.source.put({"_id": f"d{n}", "kind": "odd" if n % 2 else "even"})
    pair.replicate(selector={"kind": "odd"}).run()
    assert sorted(everything(pair.target)) == [f"d{n}" for n in range(1, 10, 2)]
    assert pair.replicate(selector={"kind": "odd"}).run().checked == 0
    assert pair.replicate(selector={"kind": "odd"}).id != pair.replicate().id


def test_design_documents_stay_where_they_are_if_asked(pair: Pair) -> None:
    pair.source.put({"_id": "_design/gate", "validate_doc_update": "function () {}"})
    pair.source.put({"_id": "a"})
    pair.replicate(designs=False).run()
    assert set(everything(pair.target)) == {"a"}
    pair.replicate().run()
    assert set(everything(pair.target)) == {"a", "_design/gate"}


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
    entry = {"content_type": "image/jpeg", "data": base64.b64encode(PHOTO).decode()}
    rev = local.source.put({"_id": "a", "_attachments": {"photo": entry}})
    local.replicate().run()
    local.source.put({**local.source.get("a", rev), "n": 2})

    def never(*_: Any) -> Any:
        raise AssertionError("read again")

    source = Endpoint(Standing(local.source, attachment=never), local.ends[0].identity)
    assert Replication(source, local.ends[1]).run().written == 1


def gate(
    doc: Document, old: Document | None, user: UserContext, security: Mapping[str, Any], *, at_most: int | None = None
) -> None:
    if doc.get("bad"):
        raise Forbidden("This is bad.")


def gated(tmp_path: Path) -> Pair:
    return Pair(
        EmbeddedStore(tmp_path / "a"), EmbeddedStore(tmp_path / "b", gate=gate), EmbeddedStore(tmp_path / "k"), "gated"
    )


def test_what_the_gate_refuses_is_counted_named_and_kept_and_the_rest_arrives(tmp_path: Path) -> None:
    pair = gated(tmp_path)
    for n in range(9):
        pair.source.put({"_id": f"d{n}", "bad": n == 4})
    outcomes: list[Outcome | None] = []
    replication = pair.replicate(keeper=pair.keeper, told=outcomes.append, page=5)
    tally = replication.run()
    assert (tally.written, tally.refused) == (8, 1)
    [named] = tally.as_json()["refusals"]
    assert (named["id"], named["error"], named["reason"]) == ("d4", "forbidden", "This is bad.")
    [kept] = kept_in(pair.keeper)
    assert (kept["document"], kept["reason"], kept["source"]) == ("d4", "This is bad.", pair.ends[0].identity)
    told = {each.document: each.error for each in outcomes if each}
    assert len(told) == 9
    assert [name for name, error in told.items() if error] == ["d4"]


def test_what_was_refused_is_sent_again_when_asked(tmp_path: Path) -> None:
    pair = gated(tmp_path)
    pair.source.put({"_id": "a", "bad": True})
    pair.replicate(keeper=pair.keeper).run()
    assert pair.replicate(keeper=pair.keeper).run().checked == 0
    assert pair.replicate(keeper=pair.keeper).offer_again().refused == 1
    assert len(kept_in(pair.keeper)) == 1
    opened = EmbeddedStore(tmp_path / "b")
    target = endpoint(opened, "gated-b")
    assert Replication(pair.ends[0], target, keeper=pair.keeper).offer_again().written == 1
    assert kept_in(pair.keeper) == []
    assert set(everything(target.database)) == {"a"}


def test_a_refusal_ends_where_a_later_revision_has_arrived(tmp_path: Path) -> None:
    pair = gated(tmp_path)
    rev = pair.source.put({"_id": "a", "bad": True})
    pair.replicate(keeper=pair.keeper).run()
    pair.source.put({"_id": "a", "_rev": rev, "bad": False})
    replication = pair.replicate(keeper=pair.keeper)
    replication.run()
    replication.offer_again()
    assert kept_in(pair.keeper) == []
    assert pair.target.get("a")["bad"] is False


def test_one_document_that_spoils_its_batch_is_set_aside_alone(local: Pair) -> None:
    """A store that answers 400 to the whole batch, as CouchDB does for one lone surrogate (law 24)."""
    for n in range(20):
        local.source.put({"_id": f"d{n}", "bad": n in (3, 11)})
    calls = []

    def choosy(docs: Sequence[Document], **options: Any) -> list[Written]:
        calls.append(len(docs))
        if any(doc["bad"] for doc in docs):
            raise BadRequest("No.")
        return local.target.put_revisions(docs, **options)

    target = Endpoint(Standing(local.target, put_revisions=choosy), "choosy")
    tally = Replication(local.ends[0], target, keeper=local.keeper).run()
    assert (tally.written, tally.refused) == (18, 2)
    assert [each["document"] for each in kept_in(local.keeper)] == ["d11", "d3"]
    assert len(calls) < 30


def test_one_document_that_cannot_be_read_is_set_aside_alone(local: Pair) -> None:
    for n in range(20):
        local.source.put({"_id": f"d{n}"})

    def broken(wanted: Sequence[tuple[str, str]]) -> Iterator[Document]:
        for doc in local.source.bulk_get(wanted):
            if doc["_id"] == "d7":
                raise BadRequest("The page is damaged.")
            yield doc

    source = Endpoint(Standing(local.source, bulk_get=broken), "broken")
    tally = Replication(source, local.ends[1], keeper=local.keeper).run()
    assert (tally.written, tally.refused) == (19, 1)
    assert kept_in(local.keeper)[0]["document"] == "d7"


def test_a_damaged_attachment_is_set_aside_and_the_rest_arrives(local: Pair) -> None:
    entry = {"content_type": "image/jpeg", "data": base64.b64encode(PHOTO).decode()}
    for name in "abc":
        local.source.put({"_id": name, "_attachments": {"photo": entry}})
    real = local.source.attachment

    def damaged(doc_id: str, name: str, rev: str | None = None) -> Any:
        if doc_id == "a":
            raise NotFound("missing")
        return real(doc_id, name, rev)

    source = Endpoint(Standing(local.source, attachment=damaged), "damaged")
    tally = Replication(source, local.ends[1], keeper=local.keeper).run()
    assert (tally.written, tally.refused) == (2, 1)
    assert kept_in(local.keeper)[0]["code"] == "unreadable"


def test_a_failure_on_the_way_blames_no_document_and_goes_on_from_the_checkpoint(local: Pair) -> None:
    for n in range(30):
        local.source.put({"_id": f"d{n:02}"})
    left = [3]

    def failing(docs: Sequence[Document], **options: Any) -> list[Written]:
        left[0] -= 1
        if left[0] == 0:
            raise Unavailable("The network is gone.")
        return local.target.put_revisions(docs, **options)

    flaky = Endpoint(Standing(local.target, put_revisions=failing), local.ends[1].identity)
    replication = Replication(local.ends[0], flaky, page=10, keeper=local.keeper)
    with pytest.raises(Unavailable):
        replication.run()
    assert kept_in(local.keeper) == []
    tally = Replication(local.ends[0], flaky, page=10, keeper=local.keeper).run()
    assert (tally.checked, tally.written) == (10, 10)
    assert everything(local.target) == everything(local.source)


@pytest.mark.parametrize("error", [Unauthorized("Who?"), Forbidden("You are not allowed to access this db.")])
def test_a_lost_sign_in_blames_no_document(local: Pair, error: Exception) -> None:
    local.source.put({"_id": "a"})

    def refusing(*_: Any, **__: Any) -> list[Written]:
        raise error

    target = Endpoint(Standing(local.target, put_revisions=refusing), "locked")
    with pytest.raises(type(error)):
        Replication(local.ends[0], target, keeper=local.keeper).run()
    assert kept_in(local.keeper) == []


def test_live_replication_carries_what_comes_and_stops_when_told(pair: Pair) -> None:
    stop, arrived = threading.Event(), threading.Event()
    pair.source.put({"_id": "before"})

    def told(outcome: Outcome | None) -> None:
        if outcome and outcome.document == "after":
            arrived.set()

    thread = threading.Thread(target=pair.replicate(told=told).follow, args=(stop,))
    thread.start()
    try:
        pair.source.put({"_id": "after"})
        assert arrived.wait(30)
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    assert set(everything(pair.target)) == {"before", "after"}


def test_live_replication_waits_out_a_failure(local: Pair) -> None:
    stop, arrived, failures = threading.Event(), threading.Event(), [2]
    local.source.put({"_id": "a"})

    def failing(docs: Sequence[Document], **options: Any) -> list[Written]:
        if failures[0]:
            failures[0] -= 1
            raise Unavailable("Not now.")
        arrived.set()
        return local.target.put_revisions(docs, **options)

    target = Endpoint(Standing(local.target, put_revisions=failing), "flaky")
    thread = threading.Thread(target=Replication(local.ends[0], target).follow, args=(stop,))
    thread.start()
    try:
        assert arrived.wait(30)
    finally:
        stop.set()
        thread.join(30)
    assert failures == [0]


def test_live_replication_ends_where_waiting_does_not_help(local: Pair) -> None:
    def refusing(*_: Any, **__: Any) -> Any:
        raise Unauthorized("Who?")

    source = Endpoint(Standing(local.source, changes=refusing), "locked")
    with pytest.raises(Unauthorized):
        Replication(source, local.ends[1]).follow(threading.Event())


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
    entry = {"content_type": "image/jpeg", "data": base64.b64encode(PHOTO).decode()}
    local.source.put({"_id": "a", "_attachments": {"photo": entry}})
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
