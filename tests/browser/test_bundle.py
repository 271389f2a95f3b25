"""A tablet without a network: its work goes to the office on a stick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.office import OfficeScreen
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.browser.test_screens import LANGUAGES, SIZES, names_in
from tests.browser.visits import ENTERPRISE, TASK, first_half, second_half
from tests.live import ROOT

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
PASSPHRASE = "河口 2026 走访"


def save(page: Page, folder: Path, way: str, passphrase: str = "") -> Path:
    """Save unsent work to a file, as a person does."""
    page.locator(".save-file .segments label", has_text=way).click()
    if passphrase:
        page.fill(".save-file [name=passphrase]", passphrase)
    with page.expect_download() as download:
        page.locator(".save-file form button").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    page.locator(".save-file [role=status]").wait_for()
    return path


def visit_without_network(tablet: TabletScreen) -> None:
    """Begun with a network, sent without."""
    tablet.begin(TASK)
    first_half(tablet)
    tablet.cut_network()
    second_half(tablet, PHOTO)
    tablet.send()


def bring(office: OfficeScreen, file: Path, passphrase: str = "") -> None:
    """Import a file in the office."""
    office.page.goto(f"{office.url}/office/bundles")
    office.page.set_input_files("[name=file]", file)
    if passphrase:
        office.page.fill("[name=passphrase]", passphrase)
    office.page.click("form.upload button.primary")


def test_work_of_a_tablet_without_a_network_reaches_the_office_on_a_stick(
    tablet: Callable[..., TabletScreen], office: OfficeScreen, tmp_path: Path
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    visit_without_network(one)
    one.until_state("local")
    one.go_settings()
    sealed = save(one.page, tmp_path, "用口令", PASSPHRASE)
    assert sealed.read_bytes().startswith(b"ROUNDS-BUNDLE 1 sealed\n")
    assert b"li.wei" not in sealed.read_bytes()
    one.page.locator(".save-file .link").click()
    found: list[object] = []
    for code, name in LANGUAGES.items():
        one.speak(name)
        one.page.locator(".save-file .segments label").nth(1).click()
        for width, height in SIZES:
            one.page.set_viewport_size({"width": width, "height": height})
            found.extend((code, width, each) for each in one.overflow())
            one.page.locator(".save-file").scroll_into_view_if_needed()
            one.picture(tmp_path / f"bundle-{code}-{width}.png")
        found.extend((code, each) for each in names_in(one.page.inner_text("body")))
    assert found == []
    one.speak(LANGUAGES["zh-Hans"])

    bring(office, sealed)
    expect(office.page.locator(".problem")).to_contain_text("口令")
    bring(office, sealed, PASSPHRASE)
    # The record, its photo and its signature.
    expect(office.page.locator(".tally[data-result=written] strong")).to_have_text("3")
    office.picture(tmp_path / "office-bundle.png")
    bring(office, sealed, PASSPHRASE)
    expect(office.page.locator(".tally[data-result=present] strong")).to_have_text("3")
    office.until_listed(ENTERPRISE, "已通过")
    office.open_record(ENTERPRISE)
    images = office.page.locator(".answers img")
    expect(images.nth(1)).to_be_attached()
    for image in images.all():
        image.scroll_into_view_if_needed()
        image.evaluate("image => image.decode()")  # fails for one that cannot be shown

    # To the tablet it is unsent until the office says otherwise; then nothing is sent twice.
    one.go_home()
    expect(one.page.locator(".bar")).to_contain_text("1")
    uploads: list[str] = []
    one.page.on("request", lambda request: uploads.append(request.url) if "_bulk_docs" in request.url else None)
    one.mend_network()
    one.open_record(ENTERPRISE)
    one.until_state("accepted")
    one.go_settings()
    expect(one.page.locator(".save-file")).to_have_count(0, timeout=WAIT_MS)
    assert uploads == []


def test_a_file_sealed_to_the_office_opens_there_without_a_passphrase(
    tablet: Callable[..., TabletScreen], office: OfficeScreen, tmp_path: Path
) -> None:
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    visit_without_network(one)
    one.go_settings()
    for way, sealed in (("仅办公室", True), ("不加密", False)):
        file = save(one.page, tmp_path, way)
        assert file.read_bytes().startswith(b"ROUNDS-BUNDLE 1 sealed\n") is sealed
        bring(office, file)
        expect(office.page.locator(".tally strong")).to_have_text("3")
        one.page.locator(".save-file .link").click()
