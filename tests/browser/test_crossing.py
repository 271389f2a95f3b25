"""A change that waits on a tablet while a colleague's comes: whichever of the two wins there, both reach the office."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Route

from tests.browser.tablet import TabletScreen
from tests.browser.visits import COUNT, whole
from tests.live import ROOT

pytestmark = pytest.mark.browser
PHOTO: Path = ROOT / "tests/browser/photo.jpg"
NewTablet = Callable[..., TabletScreen]
SENDING = "**/mailbox-north/_revs_diff"


def test_a_change_over_which_a_colleagues_longer_history_wins_is_sent_all_the_same(tablet: NewTablet) -> None:
    li, zhang = tablet(), tablet()
    li.sign_in("li.wei", "demo-north-1")
    zhang.sign_in("zhang.min", "demo-north-2")
    whole(li, PHOTO)
    li.until_state("accepted")
    zhang.page.goto(li.page.url)
    zhang.until_state("accepted")

    zhang.cut_network()
    change(zhang, 92)
    zhang.until_state("local")
    for count in (87, 88):
        change(li, count)
        li.until_state("accepted")
    # What comes is faster than what goes: her two revisions win over his one before any of his is sent.
    zhang.page.route(SENDING, lose)
    zhang.mend_network()
    zhang.until_answer(COUNT, "88")
    assert zhang.page.locator(".verdict").get_attribute("data-state") == "local"
    zhang.page.unroute(SENDING, lose)
    for each in (zhang, li):
        each.until_state("undecided")


def lose(route: Route) -> None:
    """As where the network goes."""
    route.abort()


def change(tablet: TabletScreen, count: int) -> None:
    tablet.change()
    tablet.answer(COUNT, count)
    tablet.send()
