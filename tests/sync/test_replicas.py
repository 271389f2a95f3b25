"""Six replicas of one record that write, meet, merge and lose what they had, in any order that Hypothesis thinks of.

Four are tablets, which write and never merge; a hub and an office merge, by different versions of the program, which
do not work out the same. In the end all meet until nobody has anything to say. Then all have one leaf, the same bytes,
and in it every edit that anybody still had.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from schemas.form import parse
from sync.edits import edits_digest
from sync.merge import fold, union
from sync.record import new_edit
from tests.sync.logs import CHANGES, at
from tests.sync.replica import FORM, Store, content, keys, revision
from tests.vectors import form

OLDER = parse({**form("policies"), "fields": [each for each in form("policies")["fields"] if each["name"] != "last"]})
"""What an older program makes of the form: it does not know a field."""
TABLETS, JUDGES = ["tablet1", "tablet2", "tablet3", "tablet4"], ["hub", "office"]
ROUNDS = 8
WHO = st.sampled_from([*TABLETS, *JUDGES])


class Replicas(RuleBasedStateMachine):
    """One record in six places."""

    def __init__(self) -> None:
        super().__init__()
        self.stores = {name: Store(OLDER if name == "hub" else FORM) for name in (*TABLETS, *JUDGES)}
        self.written = 0

    @initialize(changes=st.lists(CHANGES, min_size=2, max_size=3))
    def begin(self, changes: list[dict[str, Any]]) -> None:
        """Two have the record and change it apart; both judges have heard of one of them."""
        for each, minute in zip(changes, (10, 20, 5), strict=False):
            self.write("tablet1", each, minute, 1)
            self.fetch_from("tablet1", "tablet2")
        self.write("tablet2", changes[0], 30, 1)
        self.write("tablet1", changes[-1], 25, 1)
        for judge in JUDGES:
            self.fetch_from("tablet1", judge)

    @rule(tablet=st.sampled_from(TABLETS), changes=CHANGES, minute=st.integers(0, 59), version=st.integers(1, 3))
    def write(self, tablet: str, changes: dict[str, Any], minute: int, version: int) -> None:
        """Somebody changes the record as this tablet has it; the clock may say anything."""
        store = self.stores[tablet]
        parent = next(iter(store.live()), None)
        log = parent["edits"] if parent else []
        self.written += 1
        edit = new_edit(
            fold(log, FORM),
            new_id=f"e{self.written:03d}",
            at=at(minute, tablet),
            by="li.wei",
            device=tablet,
            app="1.0",
            version=version,
            set={path: value for path, value in changes.items() if value is not None},
            unset=[path for path, value in changes.items() if value is None],
        )
        store.take([revision(parent, union(log, [{**edit, "sig": "s"}]), self.written)])

    @rule(tablet=st.sampled_from(TABLETS), judge=st.sampled_from(JUDGES))
    def send(self, tablet: str, judge: str) -> None:
        """The judge gets what the tablet has; nothing comes back yet."""
        self.fetch_from(tablet, judge)

    @rule(judge=st.sampled_from(JUDGES), tablet=st.sampled_from(TABLETS))
    def fetch(self, judge: str, tablet: str) -> None:
        """The tablet gets what the judge has."""
        self.fetch_from(judge, tablet)

    @rule(judge=st.sampled_from(JUDGES))
    def relay(self, judge: str) -> None:
        """The other judge gets what this one has."""
        [other] = {*JUDGES} - {judge}
        self.fetch_from(judge, other)

    @rule(sender=WHO, taker=WHO, few=st.lists(st.integers(0, 5), min_size=1, max_size=2))
    def break_off(self, sender: str, taker: str, few: list[int]) -> None:
        """The connection breaks: some leaves came, tombstones among them, without the bodies of their ancestors."""
        leaves = self.stores[sender].leaves()
        self.stores[taker].take([leaves[number] for number in few if number < len(leaves)])

    @rule(judge=st.sampled_from(JUDGES))
    def merge(self, judge: str) -> None:
        """Its intake merges what it has: all edits that it has heard of are in the one leaf."""
        store = self.stores[judge]
        store.merge()
        assert [keys(leaf["edits"]) for leaf in store.live()] == [keys(store.known)] * bool(store.known)
        assert store.merge() == 0

    @rule(tablet=st.sampled_from(TABLETS))
    def lose(self, tablet: str) -> None:
        """A tablet is set up anew: what nobody else has heard of is gone."""
        self.stores[tablet] = Store()

    @rule(tablet=st.sampled_from(TABLETS), count=st.integers(1, 4))
    def leave_out(self, tablet: str, count: int) -> None:
        """A program that is none of ours writes a revision with less in it; the judges put back what they had seen."""
        store = self.stores[tablet]
        for parent in store.live()[:1]:
            self.written += 1
            store.take([revision(parent, parent["edits"][:count], self.written)])

    def teardown(self) -> None:
        everything = union(*(doc["edits"] for store in self.stores.values() for doc in store.revisions.values()))
        for _ in range(ROUNDS):
            if not self._meet():
                break
        else:
            raise AssertionError("they go on for ever")
        live = [[content(leaf) for leaf in store.live()] for store in self.stores.values()]
        assert all(each == live[0] for each in live)
        digests = [edits_digest(leaf["edits"]) for leaf in self.stores["office"].live()]
        assert digests == [edits_digest(everything)] * bool(everything)

    def fetch_from(self, sender: str, taker: str) -> None:
        self.stores[taker].take(list(self.stores[sender].revisions.values()))

    def _meet(self) -> int:
        """Everybody gives everybody all, and the judges merge; how much was new to anybody."""
        before = self._revisions()
        for one in self.stores.values():
            for other in self.stores.values():
                one.take(list(other.revisions.values()))
        for judge in JUDGES:
            self.stores[judge].merge()
        return self._revisions() - before

    def _revisions(self) -> int:
        return sum(len(store.revisions) for store in self.stores.values())


TestReplicas = Replicas.TestCase
TestReplicas.settings = settings(stateful_step_count=25)
