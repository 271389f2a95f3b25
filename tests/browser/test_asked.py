"""Ways of asking, on a real tablet: something else, a month, a year, rows that must differ."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.tablet import TabletScreen
from tests.browser.test_trial import SUPERVISOR, call, texts
from tests.live import Live

pytestmark = pytest.mark.browser

CHOICES = [{"name": name, "label": texts(label)} for name, label in (("late", "迟到"), ("rude", "态度差"))]
DEFINITION: dict[str, Any] = {
    "form": "asked",
    "version": 1,
    "languages": ["zh-Hans", "zh-Hant", "en"],
    "title": texts("问法"),
    "fields": [
        {"name": "kind", "type": "select_one", "label": texts("违规类型"), "choices": CHOICES, "other": True},
        {"name": "kinds", "type": "select_many", "label": texts("其余类型"), "choices": CHOICES, "other": True},
        {"name": "month", "type": "date", "label": texts("所属月份"), "appearance": "month"},
        {"name": "year", "type": "date", "label": texts("所属年份"), "appearance": "year"},
        {
            "name": "units",
            "type": "repeat",
            "label": texts("单位"),
            "fields": [{"name": "unit", "type": "text", "label": texts("名称"), "unique": True}],
        },
    ],
}


def test_something_else_months_years_and_rows_that_differ(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    token = call(live, "POST", "/session", {"name": "office", "password": "demo-office-1"})["token"]
    call(live, "PUT", "/drafts/asked", {"text": json.dumps(DEFINITION)}, token)
    one = tablet()
    one.sign_in(*SUPERVISOR)
    one.page.goto(f"{live.url}/tablet/#/try/asked")
    expect(one.place("/kind")).to_be_visible()
    expect(one.place("/kind_other")).to_have_count(0)
    one.answer("/kind", "其他")
    expect(one.place("/kind_other").locator("label")).to_have_text("违规类型 · 请注明")
    one.answer("/kinds", ["迟到", "其他"])
    one.answer("/kinds_other", "打牌")
    one.place("/month").locator("input").fill("2026-11")
    expect(one.place("/month").locator(".read")).to_have_text("2026年11月")
    one.place("/year").locator("input").fill("2026")
    for name in ("一所", "一所"):
        one.add_row("/units")
        one.answer("/units/*/unit", name)
    one.page.locator("[data-path='/kind']").scroll_into_view_if_needed()
    one.picture(tmp_path / "asked.png")
    assert one.overflow() == []
    one.page.locator(".foot .link").click()
    verdict = one.page.locator(".trial-verdict")
    expect(verdict.locator("[data-state='returned'] li")).to_have_count(2)
    expect(verdict).to_contain_text("请填写“违规类型 · 请注明”")
    expect(verdict).to_contain_text("“名称”与第 1 条相同")
    found = json.loads(verdict.locator("pre").inner_text())
    assert {name: found[name] for name in ("kind", "kinds", "kinds_other", "month", "year")} == {
        "kind": "other",
        "kinds": ["late", "other"],
        "kinds_other": "打牌",
        "month": "2026-11-01",
        "year": "2026-01-01",
    }
