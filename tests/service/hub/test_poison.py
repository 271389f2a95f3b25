"""Another body stands at the office under the revision that a hub has: what the hub holds arrives all the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.edits import edits_digest
from sync.proof import TRIES
from sync.store import Database, Document
from tests.service.conftest import VISIT, Office, Tablet
from tests.service.hub.conftest import Hub, Listening
from tests.service.hub.test_relay import tablet_at

REMARKS = {"/closing/remarks": "下次再访。"}


def put_under(where: Office, colleague: Tablet, honest: Document, edits: list[Any] | None = None, **body: Any) -> None:
    """A colleague's body under the revision of an honest one."""
    mine = edits or [colleague.edit(honest["_id"], [], REMARKS)]
    kept = {name: value for name, value in honest.items() if name not in ("edits", "answers")}
    doc = {**kept, "edits": mine, "answers": {}, **body}
    assert where.mailbox("north").put_revisions([doc], user=colleague.member) == []


def live_leaf(mailbox: Database, record: str) -> Document:
    [leaf] = [leaf for leaf in mailbox.leaves(record) if not leaf.get("_deleted")]
    return leaf


def come_to_rest(hub: Hub, office: Office) -> None:
    """Meetings and judging until neither has anything new to say."""
    for _ in range(4):
        hub.judge()
        hub.meet()
        office.judge()
    hub.meet()


@pytest.mark.parametrize("body", [{}, {"_deleted": True}], ids=["another body", "a deletion"])
def test_what_a_hub_holds_arrives_though_another_body_has_taken_its_revision(
    hub: Hub, office: Office, live: Listening, body: dict[str, Any]
) -> None:
    tablet, colleague = Tablet(office, "li.wei"), Tablet(office, "zhang.min", datetime(2026, 3, 2, 3, 10, tzinfo=UTC))
    hub.meet()
    record = tablet_at(hub, tablet).fill(VISIT)
    put_under(office, colleague, hub.mailbox("north").leaves(record)[0], **body)
    come_to_rest(hub, office)
    leaf = live_leaf(office.mailbox("north"), record)
    assert sorted(edit["by"] for edit in leaf["edits"]) == ["li.wei", "zhang.min"]
    receipt = office.mailbox("north").get(f"receipt:{record}:office")
    assert receipt["digest"] == edits_digest(leaf["edits"])
    assert live_leaf(hub.mailbox("north"), record) == leaf


def test_what_the_office_holds_comes_though_another_body_has_taken_its_revision_at_the_hub(
    hub: Hub, office: Office, live: Listening
) -> None:
    """The colleague's body at the hub holds less, so that nothing of it has to travel."""
    tablet, colleague = Tablet(office, "li.wei"), Tablet(office, "zhang.min", datetime(2026, 3, 2, 3, 10, tzinfo=UTC))
    hub.meet()
    record = tablet.fill(VISIT)
    [base] = office.mailbox("north").leaves(record)
    colleague.change(record, base, REMARKS)
    [honest] = office.mailbox("north").leaves(record)
    put_under(hub, tablet_at(hub, colleague), honest, base["edits"])
    come_to_rest(hub, office)
    leaf = live_leaf(hub.mailbox("north"), record)
    assert sorted(edit["by"] for edit in leaf["edits"]) == ["li.wei", "zhang.min"]
    assert live_leaf(office.mailbox("north"), record) == leaf


def test_two_hubs_that_both_mend_it_come_to_the_same(
    hub_of: Callable[[str], Hub], office: Office, live: Listening
) -> None:
    """Each stores the record anew under a name of its own; one of the two stands in the end."""
    tablet, colleague = Tablet(office, "li.wei"), Tablet(office, "zhang.min", datetime(2026, 3, 2, 3, 10, tzinfo=UTC))
    hubs = [hub_of("north-1"), hub_of("north-2")]
    for each in hubs:
        each.meet()
    record = tablet_at(hubs[0], tablet).fill(VISIT)
    [honest] = hubs[0].mailbox("north").leaves(record)
    assert hubs[1].mailbox("north").put_revisions([honest]) == []
    put_under(office, colleague, honest)
    for each in [*hubs, *hubs]:
        each.judge()
        each.meet()
        office.judge()
    for each in hubs:
        come_to_rest(each, office)
    come_to_rest(hubs[0], office)
    leaf = live_leaf(office.mailbox("north"), record)
    assert sorted(edit["by"] for edit in leaf["edits"]) == ["li.wei", "zhang.min"]
    assert [live_leaf(each.mailbox("north"), record) for each in hubs] == [leaf, leaf]


def test_a_record_that_never_agrees_is_stored_anew_a_few_times_and_then_left(
    hub: Hub, office: Office, live: Listening
) -> None:
    """Somebody takes each name that the hub chooses, before the hub can use it."""
    tablet, colleague = Tablet(office, "li.wei"), Tablet(office, "zhang.min", datetime(2026, 3, 2, 3, 10, tzinfo=UTC))
    hub.meet()
    record = tablet_at(hub, tablet).fill(VISIT)
    poison = [colleague.edit(record, [], REMARKS)]
    hub.judge()
    seen: set[str] = set()
    for _ in range(20):
        for leaf in hub.mailbox("north").leaves(record):
            if leaf["_rev"] not in seen:
                seen.add(leaf["_rev"])
                put_under(office, colleague, leaf, poison)
        hub.relay.round()
    assert len(seen) == 1 + TRIES + 1  # the colleague's edit comes over once
    hub.meet()
