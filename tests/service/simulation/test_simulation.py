"""A made-up campaign holds, and what would not hold is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.campaign import mailbox_of
from service.simulation import Chances, Plan, simulate
from service.simulation.campaign import begun, live_through, settle
from service.simulation.check import check_office, check_one_leaf, check_replica

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
    assert report.events.partitions > 0
    assert report.events.wrong_clocks > 0


def test_the_same_plan_gives_the_same_campaign(tmp_path: Path) -> None:
    one, other = simulate(SMALL, tmp_path / "one"), simulate(SMALL, tmp_path / "other")

    assert one.events == other.events
    assert one.outcome == other.outcome


def test_what_does_not_hold_is_told(tmp_path: Path) -> None:
    with begun(Plan(1, 3, 3, 12, 1), tmp_path, Chances()) as campaign:
        live_through(campaign, lambda _: None)
        settle(campaign, 6)
        assert check_office(campaign.office, campaign.journal).faults == []

        (team, record), edits = next(campaign.journal.records())
        never_sent = {**edits[0], "id": "01JD0000000000000000000000"}
        campaign.journal.note(team, record, never_sent)
        lost = check_office(campaign.office, campaign.journal).faults
        campaign.journal.note("team-001", "record:simulated-visit:01JD0000000000000000000000", never_sent)
        missing = check_office(campaign.office, campaign.journal).faults

        tablet, mailbox = campaign.tablets[0], campaign.office.store.database(mailbox_of(team))
        tablet.change(tablet.own[0])
        behind = check_replica(tablet.name, tablet.local, mailbox)
        other = campaign.tablets[1]
        other.change(tablet.own[0])
        for each in (tablet, other):
            mailbox.put_revisions(each.local.leaves(tablet.own[0]))
        split = check_one_leaf(campaign.office, [team])

    assert "was made 1 times and is there 0 times" in lost[0]
    assert any("never arrived" in fault for fault in missing)
    assert "differ in 1 documents" in behind[0]
    assert "has 2 live leaves" in split[0]
