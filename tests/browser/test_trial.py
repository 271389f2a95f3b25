"""Forms that are not published: tried on a real tablet, previewed from a file, and nothing of it kept or sent."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.tablet import TabletScreen
from tests.browser.test_screens import LANGUAGES, SIZES, names_in
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser
PHOTO = ROOT / "tests/browser/photo.jpg"
SUPERVISOR = ("chen.jie", "demo-super-1")


def texts(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


KEPT = """async () => {
  const asked = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
  const found = {};
  for (const { name } of await indexedDB.databases()) {
    const db = await asked(indexedDB.open(name));
    for (const store of ['drafts', 'pictures', 'pending'].filter((each) => db.objectStoreNames.contains(each)))
      found[store] = await asked(db.transaction(store).objectStore(store).count());
    db.close();
  }
  return found;
}"""
"""How much the tablet has written down of what it has still to send."""

DEFINITION: dict[str, Any] = {
    "form": "stall-count",
    "version": 1,
    "languages": list(LANGUAGES),
    "title": {"zh-Hans": "摊位清点", "zh-Hant": "攤位清點", "en": "Stall count"},
    "fields": [
        {"name": "market", "type": "text", "label": texts("市场"), "required": True},
        {"name": "stalls", "type": "integer", "label": texts("摊位"), "constraint": ". <= 40"},
        {
            "name": "half",
            "type": "calculate",
            "value": "decimal",
            "label": texts("一半"),
            "calculate": "${stalls} div 2",
        },
        {"name": "view", "type": "photo", "label": texts("照片"), "max_files": 1},
    ],
}  # fmt: skip


def written(**changes: Any) -> str:
    return json.dumps(DEFINITION | changes, ensure_ascii=False, indent=1)


def call(live: Live, method: str, path: str, body: Any = None, token: str = "") -> Any:
    headers = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{live.url}/api/v1{path}", data, headers, method=method)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


@pytest.fixture
def token(live: Live) -> str:
    """The office's."""
    return str(call(live, "POST", "/session", {"name": "office", "password": "demo-office-1"})["token"])


def fill(page: Page, stalls: str) -> None:
    page.locator("[data-path='/market'] input").fill("东门市场")
    page.locator("[data-path='/stalls'] input").fill(stalls)


def test_a_supervisor_tries_a_draft_and_nothing_is_kept_or_sent(
    tablet: Callable[..., TabletScreen], live: Live, token: str
) -> None:
    call(live, "PUT", "/drafts/stall-count", {"text": written()}, token)
    before = call(live, "GET", "/records", token=token)["items"]
    one = tablet()
    one.sign_in(*SUPERVISOR)
    one.go_settings()
    one.page.locator("a.row", has_text="还没有发布的表单").click()
    one.page.locator("a.row", has_text="摊位清点").click()
    expect(one.page.locator(".trial-band")).to_contain_text("试填")
    fill(one.page, "50")
    one.answer("/view", PHOTO)
    one.page.locator(".foot .link").click()
    verdict = one.page.locator(".trial-verdict")
    expect(verdict.locator("[data-state='returned'] li")).to_have_count(1)
    expect(one.page.locator(".trial-band")).to_contain_text("试填")
    one.page.locator(".foot .primary").click()
    fill(one.page, "30")
    one.page.locator(".foot .primary", has_text="看结论").click()
    expect(verdict.locator("section[data-state='accepted']")).to_be_visible()
    assert json.loads(verdict.locator("pre").inner_text()) | {"view": []} == {
        "market": "东门市场",
        "stalls": 30,
        "half": "15",
        "view": [],
    }
    one.go_home()
    expect(one.page.locator(".bar")).to_contain_text("没有未送达的内容")
    assert one.page.locator("a.row", has_text="摊位清点").count() == 0
    kept = one.page.evaluate(KEPT)
    assert kept == {"drafts": 0, "pictures": 0, "pending": 0}
    assert call(live, "GET", "/records", token=token)["items"] == before


def test_an_inspector_is_not_offered_drafts_and_does_not_get_one(
    tablet: Callable[..., TabletScreen], live: Live, token: str
) -> None:
    call(live, "PUT", "/drafts/stall-count", {"text": written()}, token)
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.go_settings()
    assert one.page.locator("a.row").count() == 0
    for address in ("#/try", "#/try/stall-count"):
        one.page.goto(f"{live.url}/tablet/{address}")
        expect(one.page.locator("main")).to_contain_text("没有这项权限")
    assert one.page.locator("main.form").count() == 0


def test_a_changed_draft_is_loaded_again_with_what_was_filled_in(
    tablet: Callable[..., TabletScreen], live: Live, token: str
) -> None:
    call(live, "PUT", "/drafts/stall-count", {"text": written()}, token)
    one = tablet()
    one.sign_in(*SUPERVISOR)
    one.page.goto(f"{live.url}/tablet/#/try/stall-count")
    fill(one.page, "30")
    fields = [*DEFINITION["fields"][:1], {**DEFINITION["fields"][1], "type": "decimal"}]
    call(live, "PUT", "/drafts/stall-count", {"text": written(fields=fields)}, token)
    one.page.locator(".trial-band .link").click()
    expect(one.page.locator("[data-path='/half']")).to_have_count(0)
    assert (one.value("/market"), one.value("/stalls")) == ("东门市场", "")
    call(live, "PUT", "/drafts/stall-count", {"text": "{"}, token)
    one.page.locator(".trial-band .link").click()
    expect(one.page.locator("main.faults")).to_contain_text("第 1 行")


class Preview:
    """`rounds forms preview` of a file, really running."""

    def __init__(self, file: Path) -> None:
        command = [sys.executable, "-m", "service", "forms", "preview", str(file), "--no-browser"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def previewed(tmp_path: Path) -> Iterator[tuple[Path, Preview]]:
    file = tmp_path / "stall-count.json"
    file.write_text(written(), "utf-8")
    preview = Preview(file)
    yield file, preview
    preview.stop()


def test_a_preview_follows_its_file_shows_its_mistakes_and_keeps_what_is_filled_in(
    browser: Browser, previewed: tuple[Path, Preview]
) -> None:
    file, preview = previewed
    faults: list[str] = []
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN")
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(preview.address)
    expect(page.locator(".trial-band")).to_contain_text("什么都不保存")
    fill(page, "12")
    file.write_text(written().replace("${stalls}", "${stall}"), "utf-8")
    fault = page.locator(".fault")
    expect(fault).to_contain_text("是不是“stalls”？")
    expect(fault.locator("mark")).to_have_text("$")
    page.locator(".languages button", has_text="English").click()
    expect(fault).to_contain_text("Is “stalls” meant?")
    file.write_text("", "utf-8")  # as some editors leave it for a moment
    expect(page.locator(".faults")).to_contain_text("ends too early")
    file.write_text(written(title=texts("夜市清点")), "utf-8")
    expect(page.locator("h1")).to_contain_text("夜市清点")
    assert page.locator("[data-path='/stalls'] input").input_value() == "12"
    preview.stop()
    expect(page.locator(".trial-band")).to_contain_text("The preview has ended")
    assert page.locator("main.form").count() == 1
    assert faults == []
    context.close()


def test_the_screens_of_a_trial_fit_in_three_languages_and_sizes(
    tablet: Callable[..., TabletScreen], live: Live, token: str, pictures: Path
) -> None:
    call(live, "PUT", "/drafts/stall-count", {"text": written()}, token)
    call(live, "PUT", "/drafts/broken", {"text": written().replace("${stalls}", "${stall}")}, token)
    one = tablet()
    one.sign_in(*SUPERVISOR)
    found: list[object] = []

    def look(screen: str, language: str) -> None:
        for width, height in SIZES:
            one.page.set_viewport_size({"width": width, "height": height})
            found.extend((screen, language, width, each) for each in one.overflow())
        found.extend((screen, language, each) for each in names_in(one.page.inner_text("body")))

    for code, name in LANGUAGES.items():
        one.speak(name)
        for address, waited in (("try", ".trials a.row"), ("try/broken", ".fault"), ("try/stall-count", "main.form")):
            one.page.goto(f"{live.url}/tablet/#/{address}")
            one.page.locator(waited).first.wait_for()
            look(address, code)
        one.page.locator(".foot .link").click()
        one.page.locator(".trial-verdict").wait_for()
        look("verdict", code)
    one.page.set_viewport_size({"width": 360, "height": 740})
    one.speak("简体中文")
    one.page.goto(f"{live.url}/tablet/#/try/stall-count")
    one.page.locator("main.form").wait_for()
    one.picture(pictures / "tablet-trial.png")
    assert found == []
