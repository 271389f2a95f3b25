"""The office's page of forms, as a person uses it: a file becomes a draft, is looked at, and is published."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from schemas.bundled import bundled
from tests.browser.office import OfficeScreen
from tests.browser.test_screens import LANGUAGES, names_in

pytestmark = pytest.mark.browser


def test_a_draft_is_kept_seen_and_published_in_three_languages(
    office: OfficeScreen, tmp_path: Path, pictures: Path
) -> None:
    page = office.page
    form = bundled()["self-check"]
    losing = json.dumps(
        form | {"version": 2, "fields": form["fields"][:-1], "summary": [], "identity": []}, ensure_ascii=False
    )
    file = tmp_path / "self-check.json"
    file.write_text(losing.replace('"label"', '"lable"', 1), "utf-8")
    page.goto(f"{office.url}/office/forms")
    for text, shown in ((file.read_text("utf-8"), "处错误"), (losing, "丢失答案")):
        file.write_text(text, "utf-8")
        page.goto(f"{office.url}/office/forms")
        page.locator("input[type=file]").set_input_files(file)
        page.get_by_role("button", name="存为草稿").click()
        expect(page.locator("main")).to_contain_text(shown)
    found: list[object] = []
    for language in LANGUAGES:
        for path in ("", "/drafts/self-check"):
            page.goto(f"{office.url}/office/forms{path}?lang={language}")
            found += [(language, path, each) for each in names_in(page.inner_text("body"))]
            found += [(language, path)] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []
    assert found == []
    page.goto(f"{office.url}/office/forms/drafts/self-check?lang=zh-Hans")
    page.screenshot(path=str(pictures / "office-draft-1280.png"))
    page.get_by_role("button", name="发布").click()
    assert page.url.endswith("/drafts/self-check?lang=zh-Hans")  # the tick is wanted first
    page.get_by_label("我知道在办记录会丢失这些答案").check()
    page.get_by_role("button", name="发布").click()
    expect(page.locator("[role=status]")).to_contain_text("已发布 self-check")
