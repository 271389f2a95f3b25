"""A whole reconciliation on real screens: two tablets collide, the office decides, undoes, decides again, and joins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.office import WAIT_MS, OfficeScreen
from tests.browser.tablet import TabletScreen
from tests.browser.visits import COUNT, REMARKS, fall_out
from tests.live import ROOT

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
PAYROLL, COUNTED, ONE_VISIT = "以现场花名册为准", "复核后以清点人数为准", "两人填的是同一次走访"

NewTablet = Callable[..., TabletScreen]


def until_told(tablet: TabletScreen, note: str) -> None:
    """Until the history of the open record gives the office's reason."""
    expect(tablet.page.locator("main.record")).to_contain_text(note, timeout=WAIT_MS)


def test_a_whole_reconciliation(tablet: NewTablet, office: OfficeScreen, pictures: Path) -> None:
    li, zhang = tablet(), tablet((768, 1024))
    li.sign_in("li.wei", "demo-north-1")
    zhang.sign_in("zhang.min", "demo-north-2")

    hers, his = fall_out(li, zhang, PHOTO)

    # In the queue the keys do what the buttons do.
    office.open_queue("kind=conflict")
    expect(office.page.locator("[data-keys]")).to_be_visible()
    keys = office.page.keyboard
    keys.press("?")
    expect(office.page.locator("#keys")).to_be_visible()
    keys.press("Escape")
    expect(office.page.locator("#keys")).to_be_hidden()
    keys.press("j")
    expect(office.page.locator("tbody tr:focus")).to_have_count(1)
    keys.press("x")
    expect(office.page.locator(".pick input")).to_be_checked()
    with office.page.expect_navigation():
        keys.press("a")
    expect(office.page.locator("table.rows tbody tr")).to_contain_text("办公室")
    expect(office.page.locator("[data-keys]")).to_be_visible()  # shown when the page listens to keys
    keys.press("/")
    expect(office.page.locator(".filter [name=team]")).to_be_focused()

    # The office decides, takes it back, decides again; both tablets follow.
    office.open_case("职工人数")
    expect(office.page.locator(".side-value.base")).to_contain_text("86")
    office.picture(pictures / "office-case-1280.png")
    office.choose("88", PAYROLL)
    for each in (li, zhang):
        each.until_answer(COUNT, "88")
        each.until_state("accepted")
        until_told(each, PAYROLL)
    office.undo()
    for each in (li, zhang):
        each.until_state("undecided")
    office.until_open()
    office.choose("92", COUNTED)
    for each in (li, zhang):
        each.until_answer(COUNT, "92")
        each.until_state("accepted")
        until_told(each, COUNTED)

    # The two records are joined: hers stays, the remarks come from his, and his says so.
    zhang.page.goto(his)
    zhang.change()
    zhang.answer(REMARKS, "下月回访")
    zhang.send()
    zhang.until_state("accepted")
    office.open_case("可能重复", ready=".joining")
    expect(office.page.locator(f"[name='at:{REMARKS}']")).to_have_count(1, timeout=WAIT_MS)
    office.picture(pictures / "office-duplicates-1280.png")
    office.join(keep=hers, take=[REMARKS], note=ONE_VISIT)
    li.until_answer(REMARKS, "下月回访")
    until_told(li, ONE_VISIT)
    until_told(zhang, ONE_VISIT)

    # And taken apart again.
    office.undo()
    expect(li.place(REMARKS)).to_have_count(0, timeout=WAIT_MS)
    expect(zhang.place(REMARKS).locator("dd")).to_have_text("下月回访")
    assert zhang.page.url == his
