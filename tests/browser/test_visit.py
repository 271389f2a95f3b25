"""The main job on real screens: filled without a network, sent when it is back, judged, seen in the office."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from schemas.documents import check
from tests.browser.office import OfficeScreen
from tests.browser.tablet import TabletScreen
from tests.browser.visits import ENTERPRISE, FINDINGS, TASK, first_half, second_half, whole
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"

NewTablet = Callable[..., TabletScreen]


def test_a_visit_is_filled_from_a_cold_start_without_a_network_and_its_receipt_arrives(
    tablet: NewTablet, live: Live, office: OfficeScreen, pictures: Path
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.until_kept_for_offline()
    one.picture(pictures / "tablet-tasks-360.png")

    # Nothing answers any more: neither the network nor, should a request get past that, the service.
    one.cut_network()
    live.stop()
    one.start_cold()
    one.until_home()
    one.begin(TASK)
    first_half(one)
    one.until_kept()
    one.page.reload()
    one.page.wait_for_selector("main.form")
    assert one.value("/visitors") == "李伟、张敏"
    assert one.value("/survey/workers") == "86"
    one.page.locator("[data-path='/publicity/sessions']").scroll_into_view_if_needed()
    one.picture(pictures / "tablet-form-360.png")
    second_half(one, PHOTO)
    one.picture(pictures / "tablet-form-end-360.png")
    one.send()
    one.until_state("local")
    one.picture(pictures / "tablet-record-offline-360.png")
    one.start_cold()
    one.open_record(ENTERPRISE)
    one.until_state("local")

    live.start().wait()
    one.mend_network()
    one.until_state("accepted")
    one.picture(pictures / "tablet-record-accepted-360.png")
    one.go_home()
    one.page.locator("a.row", has_text=ENTERPRISE).scroll_into_view_if_needed()
    one.picture(pictures / "tablet-home-360.png")

    office.until_listed(ENTERPRISE, "已通过")
    office.picture(pictures / "office-records-1280.png")
    office.open_record(ENTERPRISE)
    assert FINDINGS in office.page.inner_text(".answers")
    images = office.page.locator(".answers img")
    expect(images.nth(1)).to_be_attached()
    for image in images.all():
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")  # fails for one that cannot be shown
    office.picture(pictures / "office-record-1280.png")


def test_two_tablets_collide_and_both_show_what_the_office_decided(
    tablet: NewTablet, office: OfficeScreen, pictures: Path
) -> None:
    li, zhang = tablet(), tablet((768, 1024))
    li.sign_in("li.wei", "demo-north-1")
    whole(li, PHOTO)
    li.until_state("accepted")
    zhang.sign_in("zhang.min", "demo-north-2")
    zhang.open_record(ENTERPRISE)
    zhang.until_state("accepted")

    for each, workers in ((li, 88), (zhang, 92)):
        each.cut_network()
        each.change()
        each.answer("/survey/workers", workers)
    zhang.answer("/closing/remarks", "下月回访")
    zhang.picture(pictures / "tablet-form-768.png")
    for each in (li, zhang):
        each.send()
        each.until_state("local")
        each.mend_network()
    for each in (li, zhang):
        each.until_state("undecided")
    li.until_answer("/closing/remarks", "下月回访")
    li.page.locator(".collision").scroll_into_view_if_needed()
    li.picture(pictures / "tablet-collision-360.png")

    office.open_case(ENTERPRISE)
    office.picture(pictures / "office-case-1280.png")
    office.choose("88", "以现场花名册为准")
    for each in (li, zhang):
        each.until_state("accepted")
        each.until_answer("/survey/workers", "88")
    told = zhang.page.locator(".collision")
    expect(told).to_contain_text("您填的“92”未被采用，现为“88”（李伟所填）。")
    expect(told).to_contain_text("办公室于")
    expect(told).to_contain_text("理由：以现场花名册为准")
    told.scroll_into_view_if_needed()
    zhang.picture(pictures / "tablet-overruled-768.png")
    expect(li.page.locator(".collision")).to_have_count(0)


def test_a_tablet_tells_the_office_how_wrong_its_clock_is_and_what_it_holds(tablet: NewTablet) -> None:
    one = tablet()
    one.page.clock.install(time=datetime.now(UTC) + timedelta(days=400))
    one.sign_in("li.wei", "demo-north-1")
    one.begin(TASK)
    one.until_kept()
    one.page.goto(f"{one.page.url.partition('#')[0]}#/settings")
    expect(one.page.locator("main.settings")).to_contain_text("快了 400 天")
    expect(one.page.locator(".bar")).to_contain_text("本机时钟快了 400 天")
    one.page.clock.run_for(10_000)
    report = one.page.evaluate(
        """async () => {
          const body = JSON.stringify({name: 'li.wei', password: 'demo-north-1'});
          const headers = {'content-type': 'application/json'};
          const {token} = await (await fetch('/api/v1/session', {method: 'POST', headers, body})).json();
          const address = '/db/mailbox-north/_all_docs?include_docs=true&startkey="report:"&endkey="report:~"';
          for (let tries = 0; tries < 100; tries += 1) {
            const {rows} = await (await fetch(address, {headers: {authorization: `Bearer ${token}`}})).json();
            if (rows.length && rows[0].doc.held.drafts === 1) return rows[0].doc;
          }
          return null;
        }"""
    )
    assert check(report) == {}
    assert report["held"] == {"records": 0, "files": 0, "bytes": 0, "drafts": 1, "refused": 0, "since": None}
    assert abs(report["skews"][-1]["ms"] - timedelta(days=400).total_seconds() * 1000) < 60_000
    assert abs(datetime.fromisoformat(report["at"]) - datetime.now(UTC)) < timedelta(minutes=5)


def test_a_second_window_takes_over_and_nothing_is_overwritten(tablet: NewTablet) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.begin(TASK)
    one.answer("/visitors", "李伟")
    one.until_kept()
    first = one.page
    one.page = one.second_window()
    one.open()
    one.until_home()
    first.wait_for_selector("main.sheet h1")
    assert "另一个窗口" in first.inner_text("main")
    one.page.locator("a.row", has_text=ENTERPRISE).click()
    one.page.wait_for_selector("main.form")
    assert one.value("/visitors") == "李伟"
    one.answer("/visitors", "李伟、张敏")
    one.until_kept()
    first.locator("button.primary").click()
    first.wait_for_selector("main.form")
    one.page.wait_for_selector("main.sheet h1")
    one.page = first
    assert one.value("/visitors") == "李伟、张敏"


def test_after_a_write_that_failed_the_next_keystroke_is_kept(tablet: NewTablet) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.begin(TASK)
    one.until_kept()
    one.page.evaluate(
        """() => {
          const put = IDBObjectStore.prototype.put;
          IDBObjectStore.prototype.put = function () {
            IDBObjectStore.prototype.put = put;
            throw new DOMException('full', 'QuotaExceededError');
          };
        }"""
    )
    one.answer("/visitors", "李")
    one.page.get_by_text("没能存到本机").first.wait_for()
    one.answer("/visitors", "李伟")
    one.until_kept()
    one.page.reload()
    one.page.wait_for_selector("main.form")
    assert one.value("/visitors") == "李伟"
