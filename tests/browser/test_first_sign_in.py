"""The first sign-in: everything comes in one go, the screen tells how far it is, and nobody has to wait for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Request, Route, expect

from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.test_screens import LANGUAGES, SIZES, names_in

pytestmark = pytest.mark.browser
NewTablet = Callable[..., TabletScreen]
FIRST_PASS = ("_bulk_get", "_revs_diff")
PACKS = "**/api/v1/packs/*"


def noted(tablet: TabletScreen) -> list[str]:
    """The paths that a tablet asks for from now on."""
    paths: list[str] = []

    def note(request: Request) -> None:
        paths.append(request.url.partition("//")[2].partition("/")[2].partition("?")[0])

    tablet.page.on("request", note)
    return paths


def begin(tablet: TabletScreen) -> None:
    tablet.open()
    tablet.page.fill("[name=name]", "li.wei")
    tablet.page.fill("[name=password]", "demo-north-1")
    tablet.page.click("button.primary")


def test_a_first_sign_in_has_no_first_pass(tablet: NewTablet) -> None:
    one = tablet()
    asked = noted(one)
    one.sign_in("li.wei", "demo-north-1")
    one.page.locator("button.row").first.wait_for()
    assert [path for path in asked if "packs/" in path] == ["api/v1/packs/reference", "api/v1/packs/mailbox-north"]
    assert [path for path in asked if path.endswith(FIRST_PASS)] == []
    assert any(path.endswith("_changes") for path in asked)
    one.start_cold()
    one.until_home()
    again = noted(one)
    expect(one.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)
    assert [path for path in again if "packs/" in path or path.endswith(FIRST_PASS)] == []


def test_a_team_is_called_by_its_name_in_the_language_of_the_screen(tablet: NewTablet) -> None:
    one = tablet()
    one.sign_in("chen.jie", "demo-super-1")
    for language, teams in (("English", ("North team", "South team")), ("繁體中文", ("北區走訪組", "南區走訪組"))):
        one.speak(language)
        expect(one.page.locator("main.settings")).to_contain_text(teams[0])
        one.go_home()
        one.page.locator(".foot button").click()
        expect(one.page.locator("#chooser h3")).to_contain_text(list(teams))


def test_the_screen_tells_how_far_it_is_and_a_closed_app_goes_on(tablet: NewTablet, tmp_path: Path) -> None:
    one = tablet()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    one.page.route("**/api/v1/packs/mailbox-*", hold)
    begin(one)
    one.page.locator(".loads li[data-state=done]").wait_for()
    found: list[object] = []
    for code, name in [*LANGUAGES.items(), ("zh-Hans", LANGUAGES["zh-Hans"])]:
        one.page.locator(".languages button", has_text=name).click()
        expect(one.page.locator("html")).to_have_attribute("lang", code)
        for width, height in SIZES:
            one.page.set_viewport_size({"width": width, "height": height})
            found.extend((code, width, each) for each in one.overflow())
            one.picture(tmp_path / f"loading-{code}-{width}.png")
        found.extend((code, each) for each in names_in(one.page.inner_text("body")))
    assert found == []
    one.start_cold()
    one.until_home()
    one.page.locator("button.row").first.wait_for()


def test_where_no_pack_is_to_be_had_the_same_comes_by_replication(tablet: NewTablet) -> None:
    one = tablet()
    one.page.route(PACKS, lambda route: route.fulfill(status=403, body="{}"))
    asked = noted(one)
    one.sign_in("li.wei", "demo-north-1")
    one.page.locator("button.row").first.wait_for()
    assert any(path.endswith("_bulk_get") for path in asked)


def test_nobody_has_to_wait(tablet: NewTablet) -> None:
    one = tablet()
    one.page.route(PACKS, lambda route: route.abort())
    begin(one)
    one.page.locator(".loading .problem:visible").wait_for()
    one.page.locator(".loading button.secondary").click()
    one.until_home()
    one.page.locator("button.row").first.wait_for()
