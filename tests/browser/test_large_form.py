"""A form of 500 questions: what is not drawn at first is there before anybody can miss it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.bench import forms
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser


@pytest.fixture
def large(live: Live, tablet: Callable[..., TabletScreen], tmp_path: Path) -> TabletScreen:
    """A tablet on which somebody has just begun to fill in a form of 500 fields."""
    file = tmp_path / "survey.json"
    file.write_text(json.dumps(forms.survey()), "utf-8")
    subprocess.run(
        [*live.command("forms"), "publish", str(file), "--data", str(live.data)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    screen = tablet((1280, 800))
    screen.sign_in("li.wei", "demo-north-1")
    screen.page.click(".foot button")
    screen.page.locator("#chooser button.row", has_text="bench-survey").click(timeout=WAIT_MS)
    screen.page.wait_for_selector("main.form .question")
    return screen


def test_everything_comes_by_itself_and_is_within_reach_of_the_keyboard(large: TabletScreen) -> None:
    relevant_at_first = 500 - 3 * forms.SECTIONS
    expect(large.page.locator("main.form :is(.question, .computed)")).to_have_count(relevant_at_first, timeout=WAIT_MS)
    large.page.locator(".foot button.primary").focus()
    large.page.keyboard.press("Shift+Tab")
    expect(large.place("/section_25/seen_25").locator("input:focus")).to_have_count(1)
    expect(large.place("/section_25/seen_25")).to_be_in_viewport()


def test_one_can_go_to_the_last_section_at_once(large: TabletScreen) -> None:
    large.page.locator(".outline button", has_text="第25部分").click()
    expect(large.page.locator("#section-section_25 h2")).to_be_in_viewport()
    expect(large.place("/section_25/name_25")).to_be_in_viewport()


def test_an_answer_changes_what_depends_on_it_and_nothing_else(large: TabletScreen) -> None:
    reason, opened = large.place("/section_3/reason_3"), large.place("/section_3/open_3").locator("output")
    expect(reason).to_have_count(0)
    large.answer("/section_3/count_3", "12")
    large.answer("/section_3/solved_3", "5")
    expect(opened).to_have_text("7")
    expect(reason).to_be_visible()
    large.answer("/section_3/solved_3", "12")
    expect(opened).to_have_text("0")
    expect(reason).to_have_count(0)
    large.answer("/section_3/solved_3", "13")
    large.page.keyboard.press("Tab")
    expect(large.place("/section_3/solved_3").locator(".problem")).to_have_text("不能多于总数")
    expect(large.place("/section_4/open_4").locator("output")).to_have_text("—")


def test_what_is_to_do_is_shown_from_the_first_to_the_last(large: TabletScreen) -> None:
    large.page.locator(".foot button.primary").click()
    expect(large.place("/section_1/name_1").locator(".problem")).to_be_visible()
    expect(large.page.locator("main.form .problem")).to_have_count(2 * forms.SECTIONS)
    assert large.page.evaluate("document.activeElement.closest('[data-path]').dataset.path") == "/section_1/name_1"
