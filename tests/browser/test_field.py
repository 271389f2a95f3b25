"""Tablets of one team as the field treats them: networks come and go, the office is away, and all change one record.

What a tablet does by itself (which way is tried when, what is asked for again) is the app's own here, in real browsers;
`tests/sync/test_convergence.py` tries far more of what can happen, without them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from random import Random

import pytest
from playwright.sync_api import expect

from sync.embedded import EmbeddedStore
from sync.store import Database, Document
from tests.browser.tablet import TabletScreen
from tests.browser.visits import COUNT, whole
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
SEED = int(os.environ["ROUNDS_TEST_SEED"])
PHOTO = ROOT / "tests/browser/photo.jpg"
PEOPLE = [("li.wei", "demo-north-1"), ("zhang.min", "demo-north-2"), ("li.wei", "demo-north-1")]
PATIENCE_SECONDS = 90
LEAVES = """
    const { everyLeaf, openLocal } = await from('./db.js');
    const db = openLocal(given.user, 'mailbox-north');
    const leaves = await everyLeaf(db, given.record);
    return leaves.filter((leaf) => !leaf._deleted).map(({ edits }) => edits.map(({ id }) => id).sort());
"""

NewTablet = Callable[..., TabletScreen]


class Field:
    """Some tablets with one record open on each, and the office."""

    def __init__(self, tablets: list[TabletScreen], live: Live, random: Random) -> None:
        self.tablets, self.live, self.random = tablets, live, random
        self.sent: list[int] = []
        self.record = ""

    def begin(self) -> None:
        """All sign in; the first one makes the record, and the others open it."""
        for tablet, (name, password) in zip(self.tablets, PEOPLE, strict=True):
            tablet.sign_in(name, password)
        first, *others = self.tablets
        whole(first, PHOTO)
        first.until_state("accepted")
        for tablet in others:
            tablet.page.goto(first.page.url)
            tablet.until_state("accepted")
        [self.record] = (row.id for row in self._mailbox().all(start="record:", end="record;"))

    def step(self) -> None:
        """Something that happens in the field."""
        happens = [self.change, self.cut, self.mend, self.silence, self.wait]
        [what] = self.random.choices(happens, weights=[5, 2, 3, 1, 2])
        what(self.random.choice(self.tablets))

    def change(self, tablet: TabletScreen) -> None:
        number = 100 + len(self.sent)
        tablet.change()
        tablet.answer(COUNT, number)
        tablet.send()
        self.sent.append(number)

    def cut(self, tablet: TabletScreen) -> None:
        tablet.cut_network()

    def mend(self, tablet: TabletScreen) -> None:
        tablet.mend_network()

    def silence(self, _: TabletScreen) -> None:
        """The whole service dies, and is there again a moment later."""
        self.live.kill()
        self.live.start().wait()

    def wait(self, tablet: TabletScreen) -> None:
        tablet.page.wait_for_timeout(self.random.uniform(0, 2_000))

    def end(self) -> None:
        """Every network is there, and everything has come to rest."""
        for tablet in self.tablets:
            tablet.mend_network()
        for tablet in self.tablets:
            unsent = tablet.page.locator(".bar", has_text="没有未送达的内容")
            expect(unsent).to_be_visible(timeout=PATIENCE_SECONDS * 1_000)

    def until_all_agree(self) -> list[Document]:
        """Until the office and every tablet hold one leaf with the same edits; those edits."""
        end, held = time.monotonic() + PATIENCE_SECONDS, []
        while time.monotonic() < end:
            office = self._office()
            held = [[sorted(edit["id"] for edit in leaf["edits"]) for leaf in office]]
            held += [self._of(tablet, name) for tablet, (name, _) in zip(self.tablets, PEOPLE, strict=True)]
            if len(office) == 1 and all(each == held[0] for each in held):
                edits: list[Document] = office[0]["edits"]
                return edits
            time.sleep(0.25)
        raise AssertionError(f"They hold different edits: {held}")

    def _of(self, tablet: TabletScreen, user: str) -> list[list[str]]:
        found: list[list[str]] = tablet.run(LEAVES, {"user": user, "record": self.record})
        return found

    def _office(self) -> list[Document]:
        return [leaf for leaf in self._mailbox().leaves(self.record) if not leaf.get("_deleted")]

    def _mailbox(self) -> Database:
        return EmbeddedStore(self.live.data / "db").database("mailbox-north")


def goes_through(tablet: NewTablet, live: Live, seed: int, steps: int) -> None:
    print(f"seed {seed}")
    field = Field([tablet() for _ in PEOPLE], live, Random(seed))
    field.begin()
    for _ in range(steps):
        field.step()
    field.end()
    edits = field.until_all_agree()
    assert sorted(edit["set"][COUNT] for edit in edits if COUNT in edit["set"]) == sorted([86, *field.sent])


def test_whatever_the_networks_do_every_change_reaches_everybody(tablet: NewTablet, live: Live) -> None:
    goes_through(tablet, live, SEED, 14)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(SEED, SEED + 20))
def test_the_same_for_longer(tablet: NewTablet, live: Live, seed: int) -> None:
    goes_through(tablet, live, seed, 40)
