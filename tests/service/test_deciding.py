"""Two tablets and the office at one value, in any order that Hypothesis thinks of: changing it, apart or one after the
other, deciding, deciding otherwise, undoing. The case is open exactly while values stand against each other, and no
edit is ever lost.
"""

from __future__ import annotations

from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from service.cases.kinds import CONFLICT, case_id
from service.readmodel import tables
from sync.merge import Collision, Folded, fold
from tests.service.conftest import Office, Tablet
from tests.service.readmodel.judging import rows_of
from tests.service.test_cases import WHOLE

PATH = "/closing/remarks"
VALUES = st.sampled_from(["一", "二", "三"])
WHO = st.sampled_from([0, 1])


class Deciding(RuleBasedStateMachine):
    """One record of one office; each example has a record of its own."""

    office: ClassVar[Office]
    tablets: ClassVar[list[Tablet]]

    @initialize(value=st.none() | VALUES, others=st.tuples(VALUES, VALUES))
    def begin(self, value: str | None, others: tuple[str, str]) -> None:
        """Both tablets have the record, and change it apart."""
        self.record = self.tablets[0].fill(WHOLE | ({PATH: value} if value else {}))
        self.name = case_id(CONFLICT, "north", self.record, PATH)
        self.office.judge()
        self.seen = [self.standing()] * 2
        self.written = 1
        self.decided: list[tuple[Collision, str]] = []
        for who, other in enumerate(others):
            self.change(who, other)

    def standing(self) -> dict[str, Any]:
        return self.office.mailbox("north").get(self.record)

    def folded(self) -> Folded:
        return fold(self.standing()["edits"], self.office.form())

    def collision(self) -> Collision | None:
        return next((each for each in self.folded().collisions if each.path == PATH), None)

    @rule(who=WHO, value=VALUES)
    def change(self, who: int, value: str) -> None:
        """A tablet changes the value as it last saw it, be that long ago."""
        rev = self.tablets[who].change(self.record, self.seen[who], {PATH: value})
        self.written += 1
        mailbox = self.office.mailbox("north")
        self.seen[who] = next(leaf for leaf in mailbox.leaves(self.record) if leaf["_rev"] == rev)
        self.settle()

    @rule(who=WHO)
    def hear(self, who: int) -> None:
        """A tablet hears of what there is."""
        self.seen[who] = self.standing()

    @precondition(lambda self: self.collision() is not None)
    @rule(which=st.integers(0, 3))
    def choose(self, which: int) -> None:
        """The office takes one of the values."""
        collision = self.collision()
        assert collision is not None
        head = collision.heads[which % len(collision.heads)]
        made = self.ask("decision", choose=head.edit_id, heads=[each.edit_id for each in collision.heads])
        self.has_decided(made["edit"], collision, head.value)

    @precondition(lambda self: self.collision() is not None)
    @rule(value=VALUES)
    def write_another(self, value: str) -> None:
        """The office takes a value of its own."""
        collision = self.collision()
        assert collision is not None
        self.has_decided(self.ask("decision", value=value)["edit"], collision, value)

    @precondition(lambda self: self.collision() is None)
    @rule(value=VALUES)
    def decide_nothing(self, value: str) -> None:
        """Where nothing stands against anything there is nothing to decide."""
        assert self.ask("decision", value=value)["error"] in ("case_closed", "case_unknown")

    def has_decided(self, edit: str, collision: Collision, value: Any) -> None:
        self.written += 1
        self.settle()
        [head] = self.folded().heads[PATH]
        assert (head.edit_id, head.value) == (edit, value)
        self.decided.append((collision, edit))

    @precondition(lambda self: self.decided)
    @rule()
    def undo(self) -> None:
        """The office takes its decision back, where that is still what stands there."""
        heads = [head.edit_id for head in self.folded().heads.get(PATH, ())]
        before = next((collision for collision, edit in self.decided if heads == [edit]), None)
        made = self.ask("undo")
        assert ("edit" in made) is (before is not None), (made, heads, self.decided)
        if before is None:
            return
        self.written = len(self.standing()["edits"])
        self.settle()
        again = self.collision()
        assert again is not None
        assert sorted(head.value for head in again.heads) == sorted(head.value for head in before.heads)
        assert again.in_force.value == before.in_force.value

    def ask(self, what: str, **body: Any) -> dict[str, Any]:
        answer = self.office.post(f"/api/v1/cases/{self.name}/{what}", "office", json=body)
        assert answer.status_code in (200, 404, 409, 422), answer.get_json()
        said: dict[str, Any] = answer.get_json()
        return said

    def settle(self) -> None:
        """Intake has read everything: no edit is missing, and the case says what stands against what."""
        self.office.judge()
        assert len(self.standing()["edits"]) == self.written
        collision = self.collision()
        answer = self.office.get(f"/api/v1/cases/{self.name}", "office")
        case = answer.get_json() if answer.status_code == 200 else {"status": "none", "heads": []}
        assert (case["status"] == "open") is (collision is not None), case
        if collision is not None:
            assert [head["edit"] for head in case["heads"]] == [head.edit_id for head in collision.heads]
            assert case["in_force"] == collision.in_force.edit_id


def test_a_case_is_open_while_values_stand_against_each_other(office: Office, north: Tablet, colleague: Tablet) -> None:
    Deciding.office, Deciding.tablets = office, [north, colleague]
    examples = max(40, settings().max_examples // 10)
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Deciding, settings=settings(max_examples=examples, stateful_step_count=15, suppress_health_check=quiet)
    )
    before = rows_of(office.parts)
    tables.clear(office.parts.readmodel)
    office.judge()
    assert rows_of(office.parts) == before
