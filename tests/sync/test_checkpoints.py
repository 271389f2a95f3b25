"""How far a replication has come is found again, whatever somebody wrote where it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sync.checkpoints import Endpoint
from sync.embedded import EmbeddedStore
from sync.replicate import Replication
from sync.store import Database, Document, Unavailable
from tests.contract.revisions import A, revision
from tests.sync.pairs import Pair, Standing, everything


def seq(database: Database) -> Any:
    return database.info().update_seq


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
