"""Whatever met whom in whatever order: in the end all have the same, and every edit is there once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from sync.edits import edits_digest
from sync.embedded.database import EmbeddedDatabase
from sync.merge import fold
from tests.sync.world import MAILBOX, MEDIA, Memory, Site, World

FRESH = int(os.environ["ROUNDS_TEST_SEED"])
"""A seed of its own each time; it is in the test's name, and ROUNDS_TEST_SEED repeats it."""
SOON = 4
"""Meetings after which nobody has anything new to say: news to the office, its merge to all, their receipts to all."""


def state(database: EmbeddedDatabase) -> dict[str, list[tuple[str, bool]]]:
    """Every document with all of its leaves."""
    changes = database.changes(all_leaves=True).results
    return {each.id: sorted(database.tree(each.id).leaves.items()) for each in changes}


def live_leaves(database: EmbeddedDatabase, record: str) -> list[dict[str, Any]]:
    return [leaf for leaf in database.leaves(record) if not leaf.get("_deleted")]


def joined(world: World) -> int:
    """How many leaves have gone into merges."""
    office = world.office.database(MAILBOX)
    return sum(deleted for leaves in state(office).values() for _, deleted in leaves)


def explore(world: World, steps: int) -> None:
    """Everybody begins with the same two records, so that they edit them apart; most would fill their own otherwise."""
    for tablet in world.tablets[:2]:
        tablet.fill(world.form)
    for _ in range(2):
        world.meet()
    for _ in range(steps):
        world.step()
    world.down.clear()


def meet_until_quiet(world: World) -> int:
    """How many meetings it took until one wrote nothing."""
    for meetings in range(1, 3 * SOON):
        before = world.written()
        world.meet()
        if world.written() == before:
            return meetings
    raise AssertionError("they go on for ever")


def check(world: World) -> None:
    quiet_after = meet_until_quiet(world)
    assert quiet_after <= SOON + 1
    office = world.office.database(MAILBOX)
    expected = state(office)
    for site in world.hubs:
        assert state(site.database(MAILBOX)) == expected, site.name
        assert state(site.database(MEDIA)) == state(world.office.database(MEDIA)), site.name
    for tablet in world.tablets:
        assert state(tablet.mailbox) == expected, tablet.name
    check_edits(world)


def check_edits(world: World) -> None:
    """Each edit that was ever written is in the office once; each record has one live leaf, which holds them all."""
    office = world.office.database(MAILBOX)
    records = [name for name in state(office) if name.startswith("record:")]
    found = []
    for record in records:
        [leaf] = live_leaves(office, record)
        found += leaf["edits"]
        for site in world.sites:
            receipt = office.get(f"receipt:{record}:{site.name}")
            assert receipt["collisions"] == [each.path for each in fold(leaf["edits"], world.form).collisions]
    written = {name: edit for tablet in world.tablets for name, edit in tablet.written.items()}
    assert len(found) == len(written)
    assert {edit["id"]: edit for edit in found} == written, "as it was signed, whatever else it may hold"


@pytest.mark.parametrize("seed", [1, 2, 3, FRESH])
def test_tablets_hubs_and_office_converge(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed, tablets=3, hubs=2)
    explore(world, 60)
    check(world)
    assert seed == FRESH or joined(world), "a world in which nothing collides shows nothing"


@pytest.mark.parametrize("seed", [4, FRESH])
def test_an_office_and_tablets_of_a_newer_version_converge_with_older_hubs(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed, tablets=4, hubs=2, newer=True)
    explore(world, 60)
    check(world)
    assert seed == FRESH or joined(world), "a world in which nothing collides shows nothing"
    for site in world.sites:
        faults = {fault for judged in memory_of(site).judged.values() for fault in judged.invalid_edits.values()}
        assert faults == set(), f"{site.name} holds every signature for what it is"


def memory_of(site: Site) -> Memory:
    found = site.intake._projection
    assert isinstance(found, Memory)
    return found


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(FRESH, FRESH + 40))
def test_many_of_them_converge_too(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed, tablets=3 + seed % 4, hubs=seed % 4, newer=seed % 3 == 0)
    explore(world, 250)
    check(world)


def test_what_is_written_after_meeting_is_bounded(tmp_path: Path) -> None:
    """A record edited apart on every tablet: one merge, a tombstone for each leaf that it joins, receipts; not more."""
    world = World(tmp_path, 7, tablets=4, hubs=2)
    world.tablets[0].fill(world.form)
    world.meet()
    world.meet()
    for tablet, site in zip(world.tablets, [world.office, *world.hubs, world.office], strict=True):
        tablet.fill(world.form, again=True)
        world.sync(tablet, site)
        site.intake.drain()
    meet_until_quiet(world)
    [record] = [name for name in state(world.office.database(MAILBOX)) if name.startswith("record:")]
    tree = world.office.database(MAILBOX).tree(record)
    edits = sum(len(tablet.written) for tablet in world.tablets)
    sites, leaves = 3, 4
    assert len(tree.parents) <= edits + sites * leaves + leaves
    check_edits(world)


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a live leaf"])
def test_what_only_a_deleted_leaf_holds_is_judged_and_in_the_next_leaf(tmp_path: Path, beside: bool) -> None:
    """A hub has merged two leaves. The way to the office breaks off when the tombstone of one of them has crossed."""
    world = World(tmp_path, 5, tablets=2, hubs=1)
    [hub], [one, two] = world.hubs, world.tablets
    one.fill(world.form)
    world.meet()
    world.sync(two, hub)
    for tablet in (one, two):
        tablet.fill(world.form, again=True)
    for tablet in (one, two):
        world.sync(tablet, hub)
    hub.intake.drain()
    [record] = [name for name in state(hub.database(MAILBOX)) if name.startswith("record:")]
    [gone] = [leaf for leaf in hub.database(MAILBOX).leaves(record) if leaf.get("_deleted")]
    office = world.office.database(MAILBOX)
    left = two if {edit["id"] for edit in gone["edits"]} & {[*one.written][-1]} else one
    if beside:
        world.sync(left, world.office)
    assert office.put_revisions([gone]) == []
    world.office.crash()
    world.office.intake.drain()
    [leaf] = live_leaves(office, record)
    expected = {edit["id"] for edit in gone["edits"]} | ({[*left.written][-1]} if beside else set())
    assert {edit["id"] for edit in leaf["edits"]} == expected
    assert office.get(f"receipt:{record}:office")["digest"] == edits_digest(leaf["edits"])
