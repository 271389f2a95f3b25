"""Ways of asking, on a real tablet: something else, a month, a year, rows that must differ."""

from __future__ import annotations

import json
import shutil
import subprocess
import wave
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.tablet import TabletScreen
from tests.browser.test_trial import SUPERVISOR, call, texts
from tests.live import ROOT, Live

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


SUGGESTING: dict[str, Any] = {
    **DEFINITION,
    "form": "suggesting",
    "identity": ["/stall"],
    "summary": ["/stall"],
    "fields": [
        {
            "name": "who",
            "type": "text",
            "label": texts("填写人"),
            "default": {"expression": "property('username')"},
            "readonly": True,
        },
        {"name": "market", "type": "text", "label": texts("市场"), "default": {"expression": "${last-saved#market}"}},
        {"name": "stall", "type": "text", "label": texts("摊位")},
        {
            "name": "keeper",
            "type": "text",
            "label": texts("摊主"),
            "trigger": ["/stall"],
            "calculate": "concat(${stall}, '号摊主')",
        },
        {"name": "kinds", "type": "select_many", "label": texts("违规类型"), "choices": CHOICES, "trigger": ["/stall"]},
        {"name": "theirs", "type": "text", "label": texts("备注"), "relevant": "${who} = 'li.wei'"},
    ],
}


def publish(live: Live, definition: dict[str, Any], folder: Path, *options: str) -> None:
    file = folder / f"{definition['form']}.json"
    file.write_text(json.dumps(definition), "utf-8")
    command = [*live.command("forms"), "publish", str(file), "--data", str(live.data), *options]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def begin(one: TabletScreen, title: str) -> None:
    one.go_home()
    one.page.click(".foot button")
    one.page.locator("#chooser button.row", has_text=title).click()
    one.page.wait_for_selector("main.form .question")


def test_answers_are_suggested_and_emptied_and_begin_with_what_the_tablet_knows(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    publish(live, SUGGESTING, tmp_path)
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    begin(one, "问法")
    expect(one.place("/who").locator("input")).to_have_value("li.wei")
    expect(one.place("/theirs")).to_be_visible()
    expect(one.place("/market").locator("input")).to_have_value("")
    one.answer("/market", "东关")
    one.answer("/kinds", ["迟到"])
    one.answer("/stall", "7")
    expect(one.place("/keeper").locator("input")).to_have_value("7号摊主")
    expect(one.place("/kinds").locator("input:checked")).to_have_count(0)
    one.answer("/keeper", "李伟")
    one.answer("/kinds", ["态度差"])
    one.send()
    expect(one.page.locator("main.record")).to_contain_text("态度差")
    expect(one.page.locator("main.record")).to_contain_text("李伟")
    one.until_state("accepted")
    begin(one, "问法")
    expect(one.place("/market").locator("input")).to_have_value("东关")
    expect(one.place("/keeper").locator("input")).to_have_value("")


PHOTO = Path(__file__).parent / "photo.jpg"
LATE, RUDE = CHOICES
SHOWING: dict[str, Any] = {
    **DEFINITION,
    "form": "showing",
    "title": texts("看图"),
    "fields": [
        {
            "name": "kind",
            "type": "select_one",
            "label": texts("违规类型"),
            "media": {"image": {"zh-Hans": "kind.jpg"}, "audio": texts("kind.wav")},
            "choices": [LATE | {"media": {"image": texts("late.jpg")}}, RUDE | {"media": {"image": texts("none.jpg")}}],
        },
        {"name": "read", "type": "note", "label": texts("说明"), "media": {"image": texts("kind.jpg")}},
    ],
}
WHOLE = "each => each.complete && each.naturalWidth > 0"


def a_beep() -> bytes:
    out = BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(bytes(80))
    return out.getvalue()


def test_what_a_form_shows_is_there_without_a_network(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    media = tmp_path / "media"
    media.mkdir()
    for name in ("kind.jpg", "late.jpg"):
        shutil.copy(PHOTO, media / name)
    (media / "kind.wav").write_bytes(a_beep())
    publish(live, SHOWING, tmp_path, "--media", str(media), "--yes")  # none.jpg is missing
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    one.until_kept_for_offline()
    one.cut_network()
    begin(one, "看图")
    kind = one.place("/kind")
    shown = kind.locator("img")
    expect(shown).to_have_count(2)
    for each in (*shown.all(), one.place("/read").locator("img")):
        each.scroll_into_view_if_needed()
        expect(each).to_be_visible()
        assert each.evaluate(f"async each => {{ await each.decode(); return ({WHOLE})(each); }}")
    length = kind.locator("audio").evaluate(
        """each => new Promise((done) => {
          each.onloadedmetadata = () => done(each.duration);
          each.preload = 'auto';
          each.load();
        })"""
    )
    assert length > 0
    expect(kind.locator("label.choice").nth(1)).to_contain_text("none.jpg")
    one.picture(tmp_path / "showing.png")
    assert one.overflow() == []
    kind.locator("label.choice img").click()
    expect(kind.locator("input").first).to_be_checked()


COUNTED: dict[str, Any] = {
    **DEFINITION,
    "form": "counted",
    "title": texts("清点"),
    "fields": [
        {"name": "number", "type": "integer", "label": texts("几家")},
        {
            "name": "shops",
            "type": "repeat",
            "label": texts("店铺"),
            "row_count": "${number}",
            "fields": [
                {"name": "owner", "type": "text", "label": texts("店主")},
                {"name": "day", "type": "date", "label": texts("日期"), "default": {"expression": "today()"}},
            ],
        },
    ],
}


def test_as_many_rows_as_an_answer_says_are_there_and_none_that_is_filled_goes_by_itself(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    publish(live, COUNTED, tmp_path)
    one = tablet()
    one.sign_in("li.wei", "demo-north-1")
    begin(one, "清点")
    rows = one.place("/shops").locator("> .repeat-row")
    expect(rows).to_have_count(0)
    one.answer("/number", 3)
    expect(rows).to_have_count(3)
    expect(rows.nth(2).locator("input[type=date]")).not_to_have_value("")
    expect(one.place("/shops").locator("button")).to_have_count(0)
    rows.nth(1).locator("input, textarea").first.fill("李伟")
    one.answer("/number", 1)
    expect(rows).to_have_count(2)
    one.page.locator(".foot button.primary").click()
    expect(one.place("/shops")).to_contain_text("“店铺”应有 1 条")
    rows.first.get_by_role("button", name="删除").click()
    expect(rows).to_have_count(1)
    one.send()
    one.until_state("accepted")
