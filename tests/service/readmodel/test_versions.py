"""A form is published anew while records are under way: tablets with the old version and the new one still meet."""

from __future__ import annotations

from typing import Any

import pytest

from service.campaign import Campaign
from service.identifiers import ulid
from sync.merge import fold
from sync.record import new_edit
from tests.service.conftest import Office, Tablet

LABEL = {"en": "Label"}
CHOICES = [{"name": name, "label": {"en": name.title()}} for name in ("open", "shut")]


def form(version: int, *fields: Any, **more: Any) -> dict[str, Any]:
    head = {"form": "shops", "version": version, "languages": ["en"], "title": {"en": "Shops"}}
    return {**head, "fields": [{"label": LABEL, **each} for each in fields], **more}


OLD = form(
    1,
    {"name": "name", "type": "text", "required": True},
    {"name": "state", "type": "text"},
    {"name": "stalls", "type": "integer"},
)
NEW = form(
    2,
    {"name": "owner", "type": "text", "required": True},
    {"name": "state", "type": "select_one", "choices": CHOICES},
    {"name": "stalls", "type": "decimal"},
    mapping=[
        {
            "version": 2,
            "moved": {"/name": "/owner"},
            "choices": {"/state": {"Is open": "open"}},
            "converted": {"/stalls": "decimal"},
        }
    ],
)


@pytest.fixture
def record(office: Office, north: Tablet) -> str:
    """A record of version 1, in an office that has both versions."""
    for definition in (OLD, NEW):
        Campaign(office.parts.store).publish(definition)
    office.judge()
    found = north.fill({"/name": "Li", "/state": "Is open", "/stalls": 12}, form="shops")
    office.judge()
    return found


def newer(tablet: Tablet, record: str, edits: list[Any], changes: dict[str, Any]) -> dict[str, Any]:
    """An edit that a tablet makes which has version 2."""
    folded = fold(edits, tablet.office.form("shops", 2))
    who = {"by": tablet.user, "device": tablet.device, "at": tablet.clock.tick(), "app": "test"}
    return tablet.signed(record, new_edit(folded, new_id=ulid(), version=2, set=changes, **who))


def shown(office: Office, record: str) -> Any:
    return office.get(f"/api/v1/records/{record}", "li.wei").get_json()


def test_a_record_goes_over_to_the_new_version_with_its_next_edit(office: Office, north: Tablet, record: str) -> None:
    assert shown(office, record)["answers"] == {"name": "Li", "state": "Is open", "stalls": 12}
    base = office.mailbox("north").get(record)
    north.send_branch(record, base, newer(north, record, base["edits"], {"/stalls": "12.5"}))
    office.judge()
    found = shown(office, record)
    assert found["version"] == 2
    assert found["answers"] == {"owner": "Li", "state": "open", "stalls": "12.5"}
    receipt = office.mailbox("north").get(f"receipt:{record}:office")
    assert (receipt["verdict"], receipt["version"], receipt["errors"]) == ("accepted", 2, [])
    assert office.mailbox("north").get(record)["edits"][0]["set"]["/name"] == "Li"


def test_an_old_edit_and_a_new_one_of_a_field_that_moved_collide(
    office: Office, north: Tablet, colleague: Tablet, record: str
) -> None:
    base = office.mailbox("north").get(record)
    colleague.change(record, base, {"/name": "Zhang"})
    north.send_branch(record, base, newer(north, record, base["edits"], {"/owner": "Wang"}))
    office.judge()
    receipt = office.mailbox("north").get(f"receipt:{record}:office")
    assert (receipt["version"], receipt["collisions"]) == (2, ["/owner"])
    page = office.enter().get(f"/office/records/{record}?lang=en&team=north")
    assert all(name in page.get_data(as_text=True) for name in ("Zhang", "Wang"))
