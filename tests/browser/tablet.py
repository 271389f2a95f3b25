"""A tablet as a person uses it: by what stands on its screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

WAIT_MS = 20_000
MODULES = "const from = (name) => import(new URL(name, document.querySelector('script[type=module]').src));"
TEXTS = {"text", "integer", "decimal", "date", "time"}


class TabletScreen:
    """One tablet: its own storage, its own network."""

    def __init__(self, browser: Browser, url: str, size: tuple[int, int], *, trusts: bool = False) -> None:
        """`trusts` stands for a certificate that was installed on the tablet."""
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            has_touch=True,
            ignore_https_errors=trusts,
            device_scale_factor=2 if size[0] < 1000 else 1,
        )
        self._context.set_default_timeout(WAIT_MS)
        self._url = f"{url}/tablet/"
        self.faults: list[str] = []
        self.page = self._open()

    def _open(self) -> Page:
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{error.message} {error.stack}"))
        return page

    def close(self) -> None:
        self._context.close()

    # The network

    def cut_network(self) -> None:
        self._context.set_offline(True)

    def mend_network(self) -> None:
        self._context.set_offline(False)

    def start_cold(self) -> None:
        """Close the app and start it anew, as after a night in a drawer."""
        self.page.close()
        self.page = self._open()
        self.open()

    def second_window(self) -> Page:
        """Another window of the same tablet."""
        return self._open()

    def open(self) -> None:
        self.page.goto(self._url)

    # Signing in, moving about

    def sign_in(self, name: str, password: str) -> None:
        self.open()
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.page.click("button.primary")
        self.until_home()
        expect(self.page.locator(".bar")).to_have_attribute("data-tone", "reached", timeout=WAIT_MS)

    def until_known(self, device: str) -> None:
        """Until the app's own copy of `reference` has a device's key."""
        script = """
            const { document: read, openLocal } = await from('./db.js');
            while (!(await read(openLocal('li.wei', 'reference'), `device:${given}`))) {
              await new Promise((resolve) => setTimeout(resolve, 100));
            }
        """
        self.run(script, device)

    def until_home(self) -> None:
        self.page.wait_for_selector("main.home")

    def until_kept_for_offline(self) -> None:
        """Until the browser has the whole app and would start it without a network."""
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")

    def go_home(self) -> None:
        self.page.goto(f"{self._url}#/")
        self.until_home()

    def go_settings(self) -> None:
        self.page.goto(f"{self._url}#/settings")
        self.page.wait_for_selector("main.settings")

    def speak(self, language: str) -> None:
        """Choose a language (by its own name) in the settings."""
        self.go_settings()
        self.page.locator(".segments label", has_text=language).first.click()
        expect(self.page.locator(".segments input:checked + span").first).to_have_text(language)

    def begin(self, task: str) -> None:
        self.page.locator("button.row", has_text=task).click()
        self.page.wait_for_selector("main.form")

    def open_record(self, text: str) -> None:
        self.go_home()
        self.page.locator("a.row", has_text=text).first.click()

    def change(self) -> None:
        self.page.locator("main.record").wait_for()
        self.page.locator(".foot button").click()
        self.page.wait_for_selector("main.form")

    # Filling

    def place(self, path: str) -> Locator:
        """The question at a path; `*` stands for the last row of a repeat."""
        if "*" not in path:
            return self.page.locator(f"[data-path='{path}']")
        repeat, _, name = path.partition("/*")
        rows = self.page.locator(f"[data-path='{repeat}'] > .repeat-row")
        return rows.last.locator(f"[data-path$='{name}']")

    def answer(self, path: str, value: Any) -> None:
        """Answer a question as its widget asks for it."""
        place = self.place(path)
        kind = place.get_attribute("data-type")
        if kind in TEXTS:
            place.locator("input:not(.unseen), textarea").first.fill(str(value))
        elif kind in {"select_one", "select_many"}:
            for word in value if isinstance(value, list) else [value]:
                place.get_by_label(word, exact=True).check()
        elif kind == "boolean":
            place.locator("label.choice").nth(0 if value else 1).click()
        elif kind == "photo":
            before = place.locator("img").count()
            place.locator("input[type=file]").last.set_input_files(str(value))
            expect(place.locator("img")).to_have_count(before + 1)
        elif kind == "signature":
            self._sign(place)
        else:
            raise AssertionError(f"{path} is of the type {kind}")

    def _sign(self, place: Locator) -> None:
        canvas = place.locator("canvas")
        canvas.evaluate("each => each.scrollIntoView({block: 'center'})")
        box = canvas.bounding_box()
        assert box is not None
        mouse = self.page.mouse
        mouse.move(box["x"] + 30, box["y"] + 60)
        mouse.down()
        for step in range(1, 9):
            mouse.move(box["x"] + 30 + step * 25, box["y"] + 60 + (25 if step % 2 else -20), steps=3)
        mouse.up()
        expect(place.locator("button.link")).to_be_visible()

    def add_row(self, path: str) -> None:
        rows = self.page.locator(f"[data-path='{path}'] > .repeat-row")
        before = rows.count()
        self.page.locator(f"[data-path='{path}'] > button.add").click()
        expect(rows).to_have_count(before + 1)

    def value(self, path: str) -> str:
        return self.place(path).locator("input:not(.unseen), textarea").first.input_value()

    def until_kept(self) -> None:
        """Until the last keystroke is on the disk, as the foot of the form says once it is drawn anew."""
        self.page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
        expect(self.page.locator(".saved")).to_have_attribute("data-kept", "true", timeout=WAIT_MS)

    def send(self) -> None:
        self.page.locator(".foot button.primary", has_text="发送").click()
        self.page.wait_for_selector("main.record")

    # Looking

    def until_state(self, state: str) -> None:
        """Until the open record says that it is in this state."""
        expect(self.page.locator(".verdict")).to_have_attribute("data-state", state, timeout=WAIT_MS)

    def until_answer(self, path: str, text: str) -> None:
        expect(self.place(path).locator("dd")).to_have_text(text, timeout=WAIT_MS)

    def run(self, script: str, given: object = None) -> Any:
        """Run a script against the app's own modules, in its own browser: `await from('./unsent.js')`."""
        return self.page.evaluate(f"async (given) => {{ {MODULES} {script} }}", given)

    def overflow(self) -> list[str]:
        """What stands out over the right edge of the screen, or is clipped in a button."""
        found: list[str] = self.page.evaluate(
            """() => [...document.querySelectorAll('body *')].filter((each) => {
              const box = each.getBoundingClientRect();
              return box.width > 0 && box.right > innerWidth + 1 && getComputedStyle(each).position !== 'fixed';
            }).map((each) => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 40)}`)"""
        )
        return found

    def picture(self, path: Path) -> None:
        self.page.wait_for_timeout(150)  # a toast or a picture that is just appearing
        self.page.screenshot(path=str(path))
