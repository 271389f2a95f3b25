"""Somebody sends another body under the revision that a colleague's tablet is about to send: its edit arrives anyway.

Revisions are named by those who write them, and a store takes any body under any name. So that a revision is known at
the office says nothing of what the office holds.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from service.identifiers import ulid
from sync.clock import Clock
from sync.edits import edits_digest
from sync.embedded import EmbeddedStore
from sync.merge import fold
from sync.record import new_edit
from sync.signature import device_id, generate_key, public_jwk, sign_edit
from sync.store import Database, Document
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.visits import ENTERPRISE, REMARKS, whole
from tests.laptop import Laptop
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
NewTablet = Callable[..., TabletScreen]


class Colleague:
    """A member of the north team who writes into its mailbox by hand."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._key = generate_key()
        device = {"public_key": public_jwk(self._key)}
        self._token = self._post(
            "/api/v1/session", {"name": "zhang.min", "password": "demo-north-2", "device": device}
        )["token"]

    def poison(self, record: str, rev: str, **body: Any) -> None:
        """Put a body of one's own under a revision."""
        start, _, digest = rev.partition("-")
        revisions = {"start": int(start), "ids": [digest]}
        head = {"_id": record, "_rev": rev, "_revisions": revisions, "type": "record", "form": "enterprise-visit"}
        doc = {**head, "version": 1, "team": "north", "edits": [self._edit(record)], "answers": {}, **body}
        assert self._post("/db/mailbox-north/_bulk_docs", {"docs": [doc], "new_edits": False}) == []

    def _edit(self, record: str) -> dict[str, Any]:
        device = device_id(public_jwk(self._key))
        edit = new_edit(
            fold([], None),
            new_id=ulid(),
            version=1,
            set={REMARKS: "下次再访。"},
            by="zhang.min",
            device=device,
            at=Clock(device, wall=lambda: datetime.now(UTC)).tick(),
            app="test",
            note=None,
        )
        return sign_edit(record, edit, self._key)

    def _post(self, path: str, body: object) -> Any:
        headers = {"Content-Type": "application/json"}
        if path.startswith("/db/"):
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"{self._live.url}{path}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)


def office_mailbox(live: Live) -> Database:
    return EmbeddedStore(live.data / "db").database("mailbox-north")


def waiting(tablet: TabletScreen) -> tuple[str, str]:
    """The record that waits to be sent, and its revision."""
    script = """
        const { entries } = await from('./vault.js');
        const all = (await entries('pending', 'li.wei/')).map(([, entry]) => entry);
        const { id, rev } = all.find(({ database }) => database === 'mailbox-north');
        return [id, rev];
    """
    record, rev = tablet.run(script)
    return record, rev


def until_delivered(tablet: TabletScreen, mailbox: Database, record: str) -> None:
    """The record is accepted and its leaves are one, which holds the edit once."""
    tablet.until_state("accepted")
    end = time.monotonic() + WAIT_MS / 1000
    while len(live_leaves(mailbox, record)) > 1 and time.monotonic() < end:
        time.sleep(0.1)
    [leaf] = live_leaves(mailbox, record)
    assert [edit["by"] for edit in leaf["edits"]].count("li.wei") == 1
    receipt = mailbox.get(f"receipt:{record}:office")
    assert (receipt["verdict"], receipt["digest"]) == ("accepted", edits_digest(leaf["edits"]))


def live_leaves(mailbox: Database, record: str) -> list[Document]:
    return [leaf for leaf in mailbox.leaves(record) if not leaf.get("_deleted")]


@pytest.mark.parametrize("body", [{}, {"_deleted": True}], ids=["another body", "a deletion"])
def test_an_edit_arrives_though_another_body_has_taken_its_revision(
    tablet: NewTablet, live: Live, body: dict[str, Any]
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.cut_network()
    whole(one, PHOTO)
    one.until_state("local")
    record, rev = waiting(one)
    Colleague(live).poison(record, rev, **body)
    one.mend_network()
    until_delivered(one, office_mailbox(live), record)
    one.go_home()
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)


def test_an_edit_that_a_hub_has_taken_arrives_though_the_hub_is_lost_and_its_revision_is_taken(
    browser: Browser, live: Live, laptop: Laptop
) -> None:
    one = TabletScreen(browser, live.url, (360, 740), trusts=True)
    one.sign_in("li.wei", "demo-north-1")
    one.until_kept_for_offline()
    laptop.start()
    laptop.until("mailbox-north", "task:")
    one.until_known(laptop.device)
    live.stop()
    one.page.goto(f"{live.url}/tablet/#/hub/{quote(laptop.origin, safe='')}")
    one.page.get_by_text(laptop.origin).wait_for()
    one.page.click("button.primary")
    one.until_home()
    whole(one, PHOTO)
    one.until_state("hub")
    found = laptop.until("mailbox-north", "record:")
    laptop.stop()

    live.start().wait()
    Colleague(live).poison(found["_id"], found["_rev"])
    one.go_settings()
    one.page.get_by_role("button", name="改回与办公室同步").click()
    one.until_home()
    one.open_record(ENTERPRISE)
    until_delivered(one, office_mailbox(live), found["_id"])
    assert one.faults == []
    one.close()
