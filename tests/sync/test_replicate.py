"""Replication between any two databases: embedded in process, and over HTTP through the CouchDB client."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from sync.checkpoints import Endpoint
from sync.replicate import Outcome, Replication
from sync.store import Document, Unauthorized, Unavailable, Written
from tests.contract.revisions import A, B, C, D, revision
from tests.sync.pairs import Pair, Standing, everything


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
