"""Debian's Chromium, a Rounds that really runs, and tablets and office screens in it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser.office import OfficeScreen
from tests.browser.tablet import WAIT_MS, TabletScreen
from tests.laptop import Laptop
from tests.live import ROOT, Live

PICTURES = ROOT / "docs/pictures"
expect.set_options(timeout=WAIT_MS)  # Playwright's own five seconds are too few where several browsers share two cores
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all; each tablet is a context of its own, with its own storage."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed; tests/system.sh says how")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    """The demo campaign, served."""
    served = Live(tmp_path / "data", "--demo").start().wait()
    yield served
    served.stop()


@pytest.fixture
def tablet(browser: Browser, live: Live) -> Iterator[Callable[..., TabletScreen]]:
    """Makes tablets. At the end none of them may have met an error in its scripts."""
    made: list[TabletScreen] = []

    def make(size: tuple[int, int] = (360, 740)) -> TabletScreen:
        made.append(TabletScreen(browser, live.url, size))
        return made[-1]

    yield make
    faults = [fault for each in made for fault in each.faults]
    for each in made:
        each.close()
    assert faults == []


@pytest.fixture
def office(browser: Browser, live: Live) -> Iterator[OfficeScreen]:
    """The office's pages, signed in."""
    screen = OfficeScreen(browser, live.url)
    screen.sign_in("office", "demo-office-1")
    yield screen
    screen.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go: the docs where `make pictures` asks for that, else nowhere that lasts."""
    if os.environ.get("ROUNDS_PICTURES"):
        PICTURES.mkdir(parents=True, exist_ok=True)
        return PICTURES
    return tmp_path_factory.mktemp("pictures")


@pytest.fixture
def laptop(live: Live, tmp_path: Path) -> Iterator[Laptop]:
    """A hub of the office's, not started."""
    made = Laptop(live, tmp_path / "hub")
    yield made
    made.stop()
