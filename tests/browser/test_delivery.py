"""A photo that travels after its text: the tablet and the office say that it is missing, then that it has arrived."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from tests.browser.office import OfficeScreen
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.visits import ENTERPRISE, TASK, first_half, second_half
from tests.live import ROOT

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
PICTURES = "**/media-north/_bulk_docs*"


def test_a_photo_that_is_late_is_missing_on_both_sides_and_then_arrives(
    tablet: Callable[..., TabletScreen], office: OfficeScreen, tmp_path: Path
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.until_kept_for_offline()
    one.cut_network()
    one.begin(TASK)
    first_half(one)
    second_half(one, PHOTO)
    one.send()
    files = one.page.locator(".files-arrived")
    expect(files).to_contain_text("照片和文件已送达 0/2")
    expect(files).to_contain_text("还有 2 份只在本机")

    def lost(route: Route) -> None:
        route.abort("connectionreset")

    # The network is good enough for text, and not for pictures.
    one.page.route(PICTURES, lost)
    one.mend_network()
    one.until_state("accepted")
    expect(files).to_contain_text("照片和文件已送达 0/2")
    expect(files).to_contain_text("还有 2 份只在本机")
    one.picture(tmp_path / "tablet-missing.png")

    office.until_device("李伟", "尚未交齐", "2 份文件")
    office.picture(tmp_path / "office-missing.png")
    office.open_device("李伟")
    expect(office.page.locator("#device-records + .table-scroll")).to_contain_text(ENTERPRISE)
    expect(office.page.locator("#device-records + .table-scroll .number.bad")).to_have_text("2")
    office.picture(tmp_path / "device-missing.png")

    one.page.unroute(PICTURES, lost)
    one.page.evaluate("dispatchEvent(new Event('online'))")
    expect(files).to_contain_text("照片和文件已送达 2/2", timeout=WAIT_MS)
    one.picture(tmp_path / "tablet-arrived.png")
    office.until_device("李伟", "已交齐", "无")
    office.open_device("李伟")
    expect(office.page.get_by_text("这台设备提到的照片和文件都已送达。")).to_be_visible()
