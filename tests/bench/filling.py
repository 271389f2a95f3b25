"""How fast the tablet app opens a large form and answers a keystroke: the real app in a slowed-down Chromium."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import CDPSession, sync_playwright

from tests.bench import forms
from tests.bench.replication import say
from tests.browser.conftest import ARGUMENTS
from tests.browser.tablet import TabletScreen
from tests.live import ROOT, Live

SLOWED = 4
FETCH_MS = 120_000
OPENINGS = 15
TABLET = (768, 1024)
QUESTIONS = 400
"""So many of the form's 500 fields are relevant before anything is filled in."""
TYPED = ("count", "solved", "revenue", "costs", "name", "person")
KEYS = "123"
Row = tuple[str, ...]


def script(name: str) -> str:
    """What is run within the tablet's page."""
    return "".join((ROOT / "tests/bench" / f"{part}.mjs").read_text("utf-8") for part in ("paint", name))


@dataclass(frozen=True)
class Times:
    """Milliseconds: the median and the 95th percentile."""

    median: float
    p95: float


@dataclass(frozen=True)
class Filling:
    """Opening: until the first screen is painted, until every question is there. A keystroke: the verdict and all else
    that answers it; drawing it; that frame with layout and paint."""

    painted: Times
    whole: Times
    handled: Times
    drawn: Times
    frame: Times
    load: float


def measure() -> Filling:
    """Open a draft of 500 fields again and again, each time in a page that has just been loaded; then type in it."""
    with screen(forms.survey(), {}) as tablet, slowed(tablet):
        openings = [_open(tablet, number + 1) for number in range(OPENINGS)]
        keystrokes = _type(tablet)
        assert tablet.faults == [], tablet.faults
    return Filling(
        painted=times([each["painted"] for each in openings]),
        whole=times([each["whole"] for each in openings]),
        handled=times([each["handled"] for each in keystrokes]),
        drawn=times([each["drawn"] for each in keystrokes]),
        frame=times([each["frame"] for each in keystrokes]),
        load=os.getloadavg()[0],
    )


@contextmanager
def screen(definition: Mapping[str, Any], registers: Mapping[str, Sequence[Row]]) -> Iterator[TabletScreen]:
    """A tablet, signed in, on which somebody fills in a form; `registers` has the entities of each kind as rows."""
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder, sync_playwright() as playwright:
        live = Live(Path(folder) / "data", "--demo").start().wait()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        try:
            for kind, rows in registers.items():
                _enter(live, kind, rows, Path(folder) / f"{kind}.csv")
            _publish(live, definition, Path(folder) / "form.json")
            tablet = TabletScreen(browser, live.url, TABLET)
            tablet.page.context.set_default_timeout(FETCH_MS)
            tablet.sign_in("li.wei", "demo-north-1")
            tablet.page.click(".foot button")
            tablet.page.locator("#chooser button.row", has_text=definition["form"]).click()
            tablet.page.wait_for_selector("main.form .question")
            yield tablet
        finally:
            browser.close()
            live.stop()


def _publish(live: Live, definition: Mapping[str, Any], file: Path) -> None:
    file.write_text(json.dumps(definition), "utf-8")
    _run(live, "forms", "publish", str(file))


def _enter(live: Live, kind: str, rows: Sequence[Row], file: Path) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(rows)
    _run(live, "entity", "import", kind, str(file))


def _run(live: Live, *words: str) -> None:
    command = [*live.command(words[0]), *words[1:], "--data", str(live.data)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def slowed(tablet: TabletScreen) -> Iterator[None]:
    """A processor so many times slower."""
    session: CDPSession = tablet.page.context.new_cdp_session(tablet.page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    try:
        yield
    finally:
        session.send("Emulation.setCPUThrottlingRate", {"rate": 1})


def _open(tablet: TabletScreen, number: int) -> dict[str, float]:
    say(f"filling {number} of {OPENINGS}: a form of 500 fields is opened")
    tablet.go_home()
    tablet.page.reload()
    tablet.until_home()
    tablet.page.wait_for_selector("a.row[href^='#/fill/']")
    tablet.page.wait_for_timeout(1000)  # what the app does after its start is not what is measured
    tablet.page.evaluate(script("filling"))
    found: dict[str, float] = tablet.page.evaluate("questions => watch.opening(questions)", QUESTIONS)
    return found


def _type(tablet: TabletScreen) -> list[dict[str, float]]:
    """Fill in some questions of some sections, key by key, as the calculations and conditions of each come true."""
    tablet.page.evaluate("watch.keystrokes()")
    wanted = 0
    for section in range(1, forms.SECTIONS + 1, 5):
        say(f"filling: keystrokes in section {section} of {forms.SECTIONS}")
        for name in TYPED:
            field = tablet.place(f"/section_{section}/{name}_{section}").locator("input").first
            field.scroll_into_view_if_needed()
            field.focus()
            for key in KEYS:
                wanted += 1
                tablet.page.keyboard.press(key)
                tablet.page.wait_for_function("wanted => watch.found.length === wanted", arg=wanted)
    found: list[dict[str, float]] = tablet.page.evaluate("watch.found")
    return found


def times(values: Sequence[float]) -> Times:
    """What a number of measurements amounts to."""
    ordered: list[Any] = sorted(values)
    return Times(median(ordered), ordered[math.ceil(len(ordered) * 0.95) - 1])


if __name__ == "__main__":
    print(measure())
