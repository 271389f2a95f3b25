"""Every screen in three languages and three sizes: nothing stands out, nothing is untranslated."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.office import OfficeScreen
from tests.browser.tablet import TabletScreen
from tests.browser.visits import ENTERPRISE, fall_out, whole
from tests.live import ROOT

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
LANGUAGES = {"zh-Hans": "简体中文", "zh-Hant": "繁體中文", "en": "English"}
SIZES = ((360, 740), (768, 1024), (1280, 800))
ROOMS = (
    "app|bar|batch|batch_reason|batch_result|bundle|case|case_clock|case_done|case_ended|case_entry|case_rule|cases|comparison|comparison_match|change|day|fill|forms|forms_change|forms_failure|forms_severity|home|join|keys|loading|nav|picture"
    "|record|records|settings|sign_in|state|trial|value|verdict|why"
)
KEY = re.compile(rf"\b(?:{ROOMS})\.[a-z_]{{3,}}\b")


def names_in(text: str) -> list[str]:
    """Names of sentences that stand where the sentences should."""
    return KEY.findall(text)


def test_every_screen_of_the_tablet_fits_in_three_languages_and_sizes(
    tablet: Callable[..., TabletScreen], tmp_path: Path
) -> None:
    one = tablet()
    found: list[object] = []

    def look(screen: str, language: str) -> None:
        for width, height in SIZES:
            one.page.set_viewport_size({"width": width, "height": height})
            found.extend((screen, language, width, each) for each in one.overflow())
            one.picture(tmp_path / f"{screen}-{language}-{width}.png")
        found.extend((screen, language, each) for each in names_in(one.page.inner_text("body")))

    one.open()
    for code, name in [*LANGUAGES.items(), ("zh-Hans", LANGUAGES["zh-Hans"])]:
        button = one.page.locator(".languages button", has_text=name)
        button.click()
        expect(button).to_have_attribute("aria-pressed", "true")
        look("sign-in", code)
    one.sign_in("li.wei", "demo-north-1")
    whole(one, PHOTO)
    one.until_state("accepted")
    for code, name in LANGUAGES.items():
        one.speak(name)
        look("settings", code)
        one.go_home()
        look("home", code)
        one.page.locator(".foot button").click()
        look("chooser", code)
        one.page.keyboard.press("Escape")
        one.page.locator("button.row:visible").first.click()
        one.page.locator(".foot button.primary").click()
        look("form", code)
        one.page.locator(".head button.link").click()
        one.open_record("20")
        look("record", code)
    assert found == []


def test_every_page_of_the_office_fits_in_three_languages_and_sizes(
    tablet: Callable[..., TabletScreen], office: OfficeScreen, tmp_path: Path
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    whole(one, PHOTO)
    one.until_state("accepted")
    found: list[object] = []
    office.until_listed(ENTERPRISE, "已通过")
    office.open_record(ENTERPRISE)
    pages = {"record": office.page.url.removeprefix(office.url), "records": "/office/records", "cases": "/office/cases"}
    pages |= {"missing": "/office/records/nowhere", "docs": "/api/v1/docs", "bundles": "/office/bundles"}
    office.until_device("李伟", "已交齐")
    office.open_device("李伟")
    pages |= {"delivery": "/office/delivery", "device": office.page.url.removeprefix(office.url)}
    for code in LANGUAGES:
        for name, address in pages.items():
            office.page.goto(f"{office.url}{address}{'&' if '?' in address else '?'}lang={code}")
            for width, height in SIZES:
                office.page.set_viewport_size({"width": width, "height": height})
                found += [(name, code, width)] if office.overflow() else []
                office.picture(tmp_path / f"office-{name}-{code}-{width}.png")
            found += [(name, code, each) for each in names_in(office.page.inner_text("main"))]
    assert found == []


def test_every_page_of_the_workbench_fits_in_three_languages_and_sizes(
    tablet: Callable[..., TabletScreen], office: OfficeScreen, tmp_path: Path
) -> None:
    li, zhang = tablet(), tablet()
    li.sign_in("li.wei", "demo-north-1")
    zhang.sign_in("zhang.min", "demo-north-2")
    found: list[object] = []

    def look(page: str, language: str) -> None:
        for width, height in SIZES:
            office.page.set_viewport_size({"width": width, "height": height})
            found.extend([(page, language, width)] if office.overflow() else [])
            office.picture(tmp_path / f"workbench-{page}-{language}-{width}.png")
        found.extend((page, language, each) for each in names_in(office.page.inner_text("main")))

    def visit(page: str, address: str) -> None:
        for code in LANGUAGES:
            office.page.goto(f"{office.url}{address}{'&' if '?' in address else '?'}lang={code}")
            look(page, code)

    visit("none", "/office/cases")
    visit("none-closed", "/office/cases?status=closed")
    visit("none-filtered", "/office/cases?team=south&term=late")
    visit("comparisons", "/office/comparisons")
    fall_out(li, zhang, PHOTO)
    for name, text, ready in (("conflict", "职工人数", "form.decision"), ("duplicate", "可能重复", ".joining")):
        office.page.goto(f"{office.url}/office/cases?lang=zh-Hans")
        office.open_case(text, ready)
        visit(name, office.page.url.removeprefix(office.url).partition("?")[0])
    for code in LANGUAGES:
        office.page.goto(f"{office.url}/office/cases?lang={code}")
        look("queue", code)
        office.page.locator(".pick input").first.check()
        office.page.click("#together button")
        office.page.wait_for_selector("[name=seal]", state="attached")
        look("preview", code)
    office.page.click("form.together .primary")
    office.page.wait_for_url("**/cases/batches/*")
    visit("batch", office.page.url.removeprefix(office.url))
    assert found == []
