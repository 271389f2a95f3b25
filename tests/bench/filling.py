"""How fast the tablet app opens a large form and answers a keystroke: the real app in a slowed-down Chromium."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
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

SCRIPT = Path(__file__).with_suffix(".mjs").read_text("utf-8")
SLOWED = 4
OPENINGS = 15
TABLET = (768, 1024)
QUESTIONS = 400
"""So many of the form's 500 fields are relevant before anything is filled in."""
TYPED = ("count", "solved", "revenue", "costs", "name", "person")
KEYS = "123"


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
    with _screen() as tablet, _slowed(tablet):
        openings = [_open(tablet, number + 1) for number in range(OPENINGS)]
        keystrokes = _type(tablet)
        assert tablet.faults == [], tablet.faults
    return Filling(
        painted=_times([each["painted"] for each in openings]),
        whole=_times([each["whole"] for each in openings]),
        handled=_times([each["handled"] for each in keystrokes]),
        drawn=_times([each["drawn"] for each in keystrokes]),
        frame=_times([each["frame"] for each in keystrokes]),
        load=os.getloadavg()[0],
    )


@contextmanager
def _screen() -> Iterator[TabletScreen]:
    """A tablet, signed in, with a draft of the survey."""
    with tempfile.TemporaryDirectory(prefix="rounds-bench-") as folder, sync_playwright() as playwright:
        live = Live(Path(folder) / "data", "--demo").start().wait()
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
        try:
            _publish(live, Path(folder) / "survey.json")
            tablet = TabletScreen(browser, live.url, TABLET)
            tablet.sign_in("li.wei", "demo-north-1")
            tablet.page.click(".foot button")
            tablet.page.locator("#chooser button.row", has_text="bench-survey").click()
            tablet.page.wait_for_selector("main.form .question")
            yield tablet
        finally:
            browser.close()
            live.stop()


def _publish(live: Live, file: Path) -> None:
    file.write_text(json.dumps(forms.survey()), "utf-8")
    command = [*live.command("forms"), "publish", str(file), "--data", str(live.data)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


@contextmanager
def _slowed(tablet: TabletScreen) -> Iterator[None]:
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
    tablet.page.evaluate(SCRIPT)
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


def _times(values: Sequence[float]) -> Times:
    ordered: list[Any] = sorted(values)
    return Times(median(ordered), ordered[math.ceil(len(ordered) * 0.95) - 1])


if __name__ == "__main__":
    print(measure())
