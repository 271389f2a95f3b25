"""A cascade over entities on a real tablet: each list by what was chosen above it, one thing or several."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.tablet import TabletScreen
from tests.browser.test_trial import SUPERVISOR, call, texts
from tests.live import ROOT, Live

pytestmark = pytest.mark.browser

TOWN, FIRM = "entity:town:t{}", "entity:enterprise:f{}"


def chooses(name: str, kind: str, condition: str = "", *, many: bool = False, **more: Any) -> dict[str, Any]:
    of_one = {"name": name, "type": "select_many" if many else "select_one", "label": texts(name)}
    return {**of_one, "choices": {"entity": kind}, **({"choice_filter": condition} if condition else {}), **more}


DEFINITION: dict[str, Any] = {
    "form": "cascade",
    "version": 1,
    "languages": ["zh-Hans", "zh-Hant", "en"],
    "title": texts("逐级选择"),
    "fields": [
        chooses("county", "county"),
        chooses("town", "town", "county = ${county}"),
        chooses("firm", "enterprise", "town = ${town}", other=True),
        chooses("others", "enterprise", "town = ${town} and name != ${firm}", many=True, merge="union"),
        {
            "name": "where",
            "type": "calculate",
            "value": "text",
            "label": texts("where"),
            "calculate": "instance('enterprise')/root/item[name = ${firm}]/address",
        },
    ],
}


def enter(live: Live, folder: Path, kind: str, rows: Sequence[Sequence[str]]) -> None:
    file = folder / f"{kind}.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    command = [*live.command("entity"), "import", kind, str(file), "--data", str(live.data)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def offered(one: TabletScreen, path: str) -> list[str]:
    place = one.place(path)
    if place.locator("button.link").count():
        place.locator("button.link").click()
    else:
        place.locator("input[type=search]").focus()
    expect(place.locator(".found [role=option]").first).to_be_visible()
    return [text.split("\n")[0] for text in place.locator(".found [role=option]").all_inner_texts()]


def choose(one: TabletScreen, path: str, name: str) -> None:
    offered(one, path)
    one.place(path).locator(".found [role=option]", has_text=name).first.click()


def test_each_list_follows_from_what_was_chosen_above_it(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    enter(live, tmp_path, "county", [("id", "name"), ("a", "甲县"), ("b", "乙县")])
    towns = [(f"t{number}", f"镇{number}", f"entity:county:{'ab'[number % 2]}") for number in range(6)]
    enter(live, tmp_path, "town", [("id", "name", "county"), *towns])
    firms = [(f"f{n:02}", f"C{n}", f"企业 {n}", TOWN.format(n % 6), f"第 {n} 号") for n in range(30)]
    gone = ("f99", "C99", "企业 99", TOWN.format(2), "", "no")
    head = ("id", "code", "name", "town", "address", "active")
    enter(live, tmp_path, "enterprise", [head, *((*firm, "yes") for firm in firms), gone])
    token = call(live, "POST", "/session", {"name": "office", "password": "demo-office-1"})["token"]
    call(live, "PUT", "/drafts/cascade", {"text": json.dumps(DEFINITION)}, token)
    one = tablet()
    one.sign_in(*SUPERVISOR)
    one.page.goto(f"{live.url}/tablet/#/try/cascade")
    choose(one, "/county", "甲县")
    assert offered(one, "/town") == ["镇0", "镇2", "镇4"]
    choose(one, "/town", "镇2")
    assert offered(one, "/firm") == ["企业 2", "企业 8", "企业 14", "企业 20", "企业 26", "其他"]
    one.place("/firm").locator("input[type=search]").fill("2")
    assert one.place("/firm").locator("[role=option]").all_inner_texts()[0].startswith("企业 2")
    choose(one, "/firm", "企业 8")
    expect(one.place("/firm").locator(".chosen small")).to_have_text("C8 · 镇2")
    expect(one.place("/where")).to_contain_text("第 8 号")
    assert offered(one, "/others") == ["企业 2", "企业 14", "企业 20", "企业 26"]
    for name in ("企业 14", "企业 2", "企业 26"):
        choose(one, "/others", name)
    chips = one.place("/others").locator(".chip")
    expect(chips).to_have_text(["企业 14×", "企业 2×", "企业 26×"])
    chips.nth(1).locator("button").click()
    one.page.keyboard.press("Escape")
    one.place("/others").scroll_into_view_if_needed()
    one.picture(tmp_path / "cascade.png")
    assert one.overflow() == []
    one.page.locator(".foot .link").click()
    found = json.loads(one.page.locator(".trial-verdict pre").inner_text())
    assert found["firm"] == FIRM.format("08")
    assert found["others"] == [FIRM.format(14), FIRM.format(26)]


def test_what_a_change_above_no_longer_offers_is_told_where_it_stands(
    tablet: Callable[..., TabletScreen], live: Live, tmp_path: Path
) -> None:
    enter(live, tmp_path, "county", [("id", "name"), ("a", "甲县"), ("b", "乙县")])
    enter(live, tmp_path, "town", [("id", "name", "county"), ("t0", "镇0", "entity:county:a")])
    token = call(live, "POST", "/session", {"name": "office", "password": "demo-office-1"})["token"]
    call(live, "PUT", "/drafts/cascade", {"text": json.dumps(DEFINITION)}, token)
    one = tablet()
    one.sign_in(*SUPERVISOR)
    one.page.goto(f"{live.url}/tablet/#/try/cascade")
    choose(one, "/county", "甲县")
    choose(one, "/town", "镇0")
    expect(one.place("/town").locator(".problem")).to_have_count(0)
    choose(one, "/county", "乙县")
    expect(one.place("/town").locator(".problem")).to_contain_text("镇0")
    choose(one, "/firm", "其他")
    expect(one.place("/firm_other").locator("label")).to_have_text("firm · 请注明")
