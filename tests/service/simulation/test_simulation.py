"""A made-up campaign holds, and what would not hold is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.simulation import Plan, simulate
from service.simulation.check import check_office, check_one_leaf
from service.simulation.fleet import Fleet, teams_of
from service.simulation.office import edits_of, open_office

SMALL = Plan(teams=2, tablets=8, days=5, records=40, seed=7)


@pytest.mark.parametrize("seed", [1, 2])
def test_every_edit_of_a_campaign_is_in_the_office_once_and_every_collision_settled_or_in_a_case(
    tmp_path: Path, seed: int
) -> None:
    print(f"seed {seed}")
    report = simulate(Plan(3, 18, 8, 120, seed), tmp_path)

    assert report.outcome.faults == []
    assert report.outcome.records >= 120
    assert report.outcome.edits > report.outcome.records
    # It was a campaign in which something went wrong: otherwise this would prove nothing.
    assert report.outcome.collisions > 0
    assert report.outcome.settled_by_policy > 0
    assert report.decided + report.outcome.open_cases > 0
    assert report.events.cut > 0
    assert report.events.by_hub > 0
    assert report.events.by_stick > 0
    assert report.events.refused == 0
    assert report.events.partitions > 0
    assert report.events.wrong_clocks > 0


def test_the_same_plan_gives_the_same_campaign(tmp_path: Path) -> None:
    one, other = simulate(SMALL, tmp_path / "one"), simulate(SMALL, tmp_path / "other")

    assert one.events == other.events
    assert one.outcome == other.outcome


def test_a_decision_on_an_older_sight_of_a_case_decides_nothing(tmp_path: Path) -> None:
    plan = Plan(1, 8, 6, 120, 1)
    with open_office(tmp_path, list(teams_of(plan))) as office:
        fleet = Fleet(plan, (0, 1), office.parts, tmp_path)
        desk = office.desk(fleet.teams)
        for day in range(plan.days):
            fleet.live_through(day)
        fleet.everybody_meets()
        desk.judge()
        case = next(office.open_conflicts(fleet.teams))
        one, *_, other = edits_of(case)

        desk.decide_one(case, one, fleet.journal)
        decided = office.decided
        desk.decide_one(case, other, fleet.journal)
        desk.judge()

        assert (decided, office.decided) == (1, 1)
        assert case["id"] not in {each["id"] for each in office.open_conflicts(fleet.teams)}


def test_what_does_not_hold_is_told(tmp_path: Path) -> None:
    plan = Plan(1, 3, 3, 12, 1)
    with open_office(tmp_path, list(teams_of(plan))) as office:
        fleet = Fleet(plan, (0, 1), office.parts, tmp_path)
        for day in range(plan.days):
            fleet.live_through(day)
        fleet.everybody_meets()
        for _ in range(2):
            fleet.hubs_meet()
            office.desk(fleet.teams).judge()
        fleet.hubs_meet()
        fleet.everybody_meets()
        assert check_office(office, fleet.journal).faults == []
        assert fleet.differences() == []

        (team, record), edits = next(fleet.journal.records())
        never_sent = {**edits[0], "id": "01JD0000000000000000000000"}
        fleet.journal.note(team, record, never_sent)
        lost = check_office(office, fleet.journal).faults
        fleet.journal.note("team-001", "record:simulated-visit:01JD0000000000000000000000", never_sent)
        missing = check_office(office, fleet.journal).faults

        one, other = fleet.tablets[:2]
        one.withdraw(one.own[0])
        behind = fleet.differences()
        other.withdraw(one.own[0])
        for tablet in (one, other):
            fleet.mailbox(team).put_revisions(tablet.local.leaves(one.own[0]))
        split = check_one_leaf(office, [team])

    assert "was made 1 times and is there 0 times" in lost[0]
    assert any("never arrived" in fault for fault in missing)
    assert "differ in 1 documents" in behind[0]
    assert "has 2 live leaves" in split[0]
