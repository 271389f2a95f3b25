"""A day with a hub: the office is out of reach, the tablet goes over to the hub, and the office hears of it later."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from sync.embedded import EmbeddedStore
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.visits import ENTERPRISE, whole
from tests.laptop import Laptop
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"


def test_a_tablet_goes_over_to_a_hub_and_back_and_shows_where_its_record_is(
    browser: Browser, live: Live, laptop: Laptop, pictures: Path
) -> None:
    one = TabletScreen(browser, live.url, (360, 740), trusts=True)
    one.sign_in("li.wei", "demo-north-1")
    one.until_kept_for_offline()
    laptop.start()
    laptop.until("reference", "device:")
    laptop.until("mailbox-north", "task:")

    # The tablet hears of the hub's key while the office is in reach; then the office is gone.
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    device = laptop.until("reference", f"device:{laptop.device}")
    one.page.wait_for_timeout(2_000)
    assert device["user"] == "hub-north-1"
    live.stop()

    one.page.goto(f"{live.url}/tablet/#/hub/{quote(laptop.origin, safe='')}")
    one.page.get_by_text(laptop.origin).wait_for()
    one.picture(pictures / "tablet-hub-360.png")
    one.page.click("button.primary")
    one.until_home()
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    one.go_settings()
    one.page.get_by_text("汇集站 north-1", exact=True).wait_for()
    one.go_home()
    whole(one, PHOTO)
    one.until_state("hub")
    one.picture(pictures / "tablet-record-hub-360.png")
    record = laptop.until("mailbox-north", "record:")
    laptop.until("mailbox-north", f"receipt:{record['_id']}:hub-north-1")
    laptop.until("media-north", "media:", 2)  # the photo and the signature, each sent for itself
    one.until_state("hub")
    see_the_hubs_page(browser, laptop, pictures)

    live.start().wait()
    one.until_state("accepted")
    laptop.until("mailbox-north", f"receipt:{record['_id']}:office")
    one.go_settings()
    one.page.get_by_role("button", name="改回与办公室同步").click()
    one.until_home()
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    one.open_record(ENTERPRISE)
    one.until_state("accepted")
    assert one.faults == []
    one.close()


def see_the_hubs_page(browser: Browser, laptop: Laptop, pictures: Path) -> None:
    """It counts what is there, in three languages and on every screen, and nothing stands out over the edge."""
    for language, width in (("zh-Hans", 1280), ("zh-Hant", 768), ("en", 360)):
        page = browser.new_page(ignore_https_errors=True, viewport={"width": width, "height": 800})
        page.goto(f"{laptop.origin}/hub?lang={language}")
        cells = page.locator("tbody td.number").all_inner_texts()
        assert cells[:2] == ["1", "2"]  # the visit; its photo and its signature
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if width == 1280:
            page.screenshot(path=pictures / "hub-1280.png", full_page=True)
        page.close()


def test_a_stranger_who_says_to_be_a_hub_gets_nothing(browser: Browser, live: Live, laptop: Laptop) -> None:
    """A hub of another office: it speaks the protocol, and its key is not known here."""
    laptop.start()
    laptop.until("mailbox-north", "task:")
    one = TabletScreen(browser, live.url, (360, 740), trusts=True)
    one.sign_in("li.wei", "demo-north-1")
    store = EmbeddedStore(live.data / "db").database("reference")
    doc = store.get(f"device:{laptop.device}")
    store.put({**doc, "revoked": True})
    one.page.wait_for_timeout(3_000)
    one.page.goto(f"{live.url}/tablet/#/hub/{quote(laptop.origin, safe='')}")
    one.page.click("button.primary")
    expect(one.page.locator(".problem")).to_contain_text("这不是办公室登记过的汇集站", timeout=WAIT_MS)
    one.go_settings()
    one.page.get_by_text("办公室", exact=True).wait_for()
    one.close()
