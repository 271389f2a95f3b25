"""The laws of union, fold and merging revisions, on logs that Hypothesis makes up."""

from __future__ import annotations

import random
from dataclasses import fields, is_dataclass
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.edits import Edit, edit_digest, edit_id, edits_digest, is_erased
from sync.merge import STATES, fold, union
from sync.record import new_edit
from sync.revisions import plan_merge
from sync.store import Document
from tests.sync.logs import FOREIGN, at, replicas
from tests.sync.replica import FORM, Store, build, content, gate_accepts, keys, revision

ROUNDS = 6
CHANCE = st.integers(0, 2**32).map(random.Random)
LOGS = FOREIGN | replicas(most=3).map(lambda logs: [edit for log in logs for edit in log])


def text(log: list[Any]) -> list[str]:
    return [repr(edit) for edit in log]


def told(value: Any) -> Any:
    """What a value says, whatever order its members stand in: nobody can tell two edits apart by that."""
    if is_dataclass(value):
        return [told(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, dict):
        return sorted((repr(name), told(each)) for name, each in value.items())
    return [told(each) for each in value] if isinstance(value, list | tuple) else repr(value)


@given(LOGS, LOGS)
def test_union_is_commutative(one: list[Any], other: list[Any]) -> None:
    assert edits_digest(union(one, other)) == edits_digest(union(other, one))
    assert [edit_digest(edit) for edit in union(one, other)] == [edit_digest(edit) for edit in union(other, one)]


@given(LOGS, LOGS, LOGS)
def test_union_is_associative(one: list[Any], other: list[Any], third: list[Any]) -> None:
    digests = [edit_digest(edit) for edit in union(union(one, other), third)]
    assert digests == [edit_digest(edit) for edit in union(one, union(other, third))]
    assert digests == [edit_digest(edit) for edit in union(one, other, third)]


@given(LOGS)
def test_union_is_idempotent(log: list[Any]) -> None:
    once = union(log)
    assert text(union(once, once)) == text(union(once)) == text(once)


@given(LOGS, LOGS)
def test_no_edit_is_lost(one: list[Any], other: list[Any]) -> None:
    erased = {(edit_id(edit), edit["erased"]) for edit in one + other if is_erased(edit)}
    assert keys(union(one, other)) == keys(one + other) - (erased - keys([e for e in one + other if is_erased(e)]))


@given(LOGS, CHANCE)
def test_the_order_of_a_log_does_not_matter(log: list[Any], chance: random.Random) -> None:
    shuffled = chance.sample(log, len(log))
    one, other = fold(union(log), FORM), fold(union(shuffled), FORM)
    assert told(one) == told(other)
    assert told(fold(shuffled, FORM).collisions) == told(fold(log, FORM).collisions)


@given(replicas())
def test_replicas_that_have_met_agree(logs: list[list[Edit]]) -> None:
    together = fold(union(*logs), FORM)
    assert repr(fold(union(*reversed(logs)), FORM)) == repr(together)
    in_force = {head.edit_id for heads in together.heads.values() for head in heads}
    assert all(together.heads.values()), "every path that was touched has a head"
    assert in_force <= {edit["id"] for log in logs for edit in log}


@given(replicas())
def test_a_withdrawal_hides_no_change_that_it_has_not_seen(logs: list[list[Edit]]) -> None:
    together = union(*logs)
    stranger = new_edit(
        fold([], None),
        new_id="zz",
        at=at(30, "zz"),
        by="zhang.min",
        device="zz",
        app="1",
        version=1,
        set={"/asked": "x"},
    )
    withdrawal = new_edit(
        fold(together, FORM),
        new_id="ww",
        at=at(59, "ww"),
        by="office",
        device="ww",
        app="1",
        version=1,
        set={"/_state": "withdrawn"},
    )
    assert fold([*together, withdrawal], FORM).state == "withdrawn"
    assert fold([*together, withdrawal, stranger], FORM).state != "withdrawn"
    assert "/_state" in [each.path for each in fold([*together, withdrawal, stranger], FORM).collisions]


@given(replicas())
def test_a_decision_about_a_state_settles_it(logs: list[list[Edit]]) -> None:
    together = union(*logs)
    for state in STATES:
        decision = new_edit(
            fold(together, FORM),
            new_id="dd",
            at=at(59, "dd"),
            by="office",
            device="dd",
            app="1",
            version=1,
            set={"/_state": state},
        )
        folded = fold([*together, decision], FORM)
        assert (folded.state, [c for c in folded.collisions if c.path == "/_state"]) == (state, [])


# Revisions


@st.composite
def trees(draw: st.DrawFn) -> list[Document]:
    """Revisions of one record: what replicas wrote, each on top of another or anew; some leave out what was there."""
    found: list[Document] = []
    for number, log in enumerate(log for log in draw(replicas()) if log):
        parent = draw(st.sampled_from([None, *found]))
        edits = union(parent["edits"], log) if parent and draw(st.booleans()) else log
        found.append(revision(parent, edits, draw(st.integers(0, 2**40)) * 8 + number))
    return found


@given(trees(), CHANCE)
def test_merged_bytes_do_not_depend_on_who_merges(docs: list[Document], chance: random.Random) -> None:
    store = Store()
    store.take(docs)
    leaves = store.leaves()
    planned = plan_merge(leaves, build)
    assert [content(doc) for doc in planned] == [
        content(doc) for doc in plan_merge(chance.sample(leaves, len(leaves)), build)
    ]


@given(trees())
def test_one_live_leaf_holds_every_edit_and_then_nothing_is_to_do(docs: list[Document]) -> None:
    store = Store()
    store.take(docs)
    everything = keys([edit for doc in docs for edit in doc["edits"]])
    store.merge()
    [live] = store.live()
    assert keys(live["edits"]) == everything
    assert store.merge() == 0


@given(trees(), CHANCE)
def test_two_judges_that_merge_apart_converge_and_rest(docs: list[Document], chance: random.Random) -> None:
    hub, office = Store(), Store()
    for doc in docs:  # each hears of a part, merges what it has, hears of more
        for store in chance.sample([hub, office], chance.randint(1, 2)):
            store.take([doc])
            if chance.random() < 0.5:
                store.merge()
    for done in range(ROUNDS):
        for one, other in ((hub, office), (office, hub)):
            one.take(list(other.revisions.values()))
        wrote = hub.merge() + office.merge()
        if not wrote and set(hub.revisions) == set(office.revisions):
            break
        assert done < ROUNDS - 1, "they go on feeding each other"
    live = [hub.live(), office.live()]
    assert [content(leaf) for leaf in live[0]] == [content(leaf) for leaf in live[1]]
    assert len(live[0]) == 1
    assert keys(live[0][0]["edits"]) == keys([edit for doc in docs for edit in doc["edits"]])


@given(trees())
def test_what_was_seen_once_is_put_back(docs: list[Document]) -> None:
    known = union(*(doc["edits"] for doc in docs))
    cut = revision(None, known[:1], 2**50)
    [put_back, *tombs] = plan_merge([cut], build, known=known) or [cut]
    assert keys(put_back["edits"]) == keys(known)
    assert tombs == []
    assert gate_accepts(put_back)
    assert plan_merge([put_back], build, known=known) == []
