"""What the other end refuses is kept by name and sent again, and holds up nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from sync.checkpoints import Endpoint, endpoint
from sync.embedded import EmbeddedStore
from sync.refusals import kept_in
from sync.replicate import Outcome, Replication
from sync.store import BadRequest, Document, Forbidden, NotFound, Unauthorized, Unavailable, Written
from tests.sync.pairs import Pair, Standing, everything, gated, photo_entry


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
    for name in "abc":
        local.source.put({"_id": name, "_attachments": {"photo": photo_entry()}})
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
