"""The office's pages as a person uses them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from playwright.sync_api import Browser, expect

WAIT_MS = 20_000


class OfficeScreen:
    """One office desk."""

    def __init__(self, browser: Browser, url: str, size: tuple[int, int] = (1280, 800)) -> None:
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        self._context.set_default_timeout(WAIT_MS)
        self.url = url
        self.page = self._context.new_page()

    def close(self) -> None:
        self._context.close()

    def sign_in(self, name: str, password: str) -> None:
        self.page.goto(f"{self.url}/office/")
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", password)
        self.page.click("button.primary")
        self.page.wait_for_url(f"{self.url}/office/**")

    def until_listed(self, text: str, verdict: str) -> None:
        """Until the list has a record with this text and this verdict."""
        row = self.page.locator("table.rows tbody tr", has_text=text).filter(has_text=verdict)
        for _ in range(40):
            self.page.goto(f"{self.url}/office/records")
            if row.count():
                return
            self.page.wait_for_timeout(250)
        expect(row).to_have_count(1)

    def open_record(self, text: str) -> None:
        self.page.locator("table.rows tbody tr", has_text=text).first.locator("a").click()
        self.page.wait_for_selector(".record-head")

    def until_device(self, person: str, *words: str) -> None:
        """Until the page of deliveries has a device of this person of which it says all of these."""
        row = self.page.locator("#delivery-devices + .table-scroll tbody tr", has_text=person)
        for word in words:
            row = row.filter(has_text=word)
        for _ in range(60):
            self.page.goto(f"{self.url}/office/delivery")
            if row.count():
                return
            self.page.wait_for_timeout(250)
        expect(row).to_have_count(1)

    def open_device(self, person: str) -> None:
        """Open the first device of this person in the page of deliveries."""
        self.page.locator("#delivery-devices + .table-scroll tbody tr", has_text=person).first.locator("a").click()
        self.page.wait_for_selector("#device-records")

    def open_queue(self, query: str) -> None:
        """Wait until the queue has any case of this filter."""
        rows = self.page.locator("table.rows tbody tr")
        for _ in range(60):
            self.page.goto(f"{self.url}/office/cases?{query}")
            if rows.count():
                break
            self.page.wait_for_timeout(250)

    def open_case(self, text: str, ready: str = "form.decision") -> None:
        """Wait for an open case with this text, and open it; until its page has what is `ready`."""
        row = self.page.locator("table.rows tbody tr", has_text=text)
        for _ in range(60):
            self.page.goto(f"{self.url}/office/cases")
            if row.count():
                break
            self.page.wait_for_timeout(250)
        row.first.locator("a").click()
        self.page.wait_for_selector(ready)

    def choose(self, text: str, note: str) -> None:
        """Decide a case for the value that reads so."""
        self.page.fill("form.decision textarea[name=note]", note)
        self.page.locator(".side-value", has_text=text).locator("button").click()
        self.page.wait_for_selector("[role=status]")

    def undo(self) -> None:
        """Take back what the notice on the page is about."""
        self.page.locator(".notice button").click()
        self.page.wait_for_selector(".record-head")

    def until_open(self) -> None:
        """Until the case whose page this is can be decided; the page comes up to date by itself."""
        expect(self.page.locator(".side-value button").first).to_be_visible(timeout=WAIT_MS)

    def join(self, *, keep: str, take: Sequence[str], note: str) -> None:
        """Join records: the one whose address on a tablet is `keep` stays, and takes these paths from the other."""
        record = unquote(keep.rpartition("/")[2])
        stays = self.page.locator(f"[name=survivor][value$='|{record}']")
        stays.locator("xpath=ancestor::th").locator("a.button").click()
        expect(stays).to_be_checked()
        for path in take:
            self.page.locator(f"[name='at:{path}']:not([value$='|{record}'])").check()
        self.page.fill(".joining [name=note]", note)
        self.page.click(".joining button.primary")
        self.page.wait_for_selector("[role=status]")

    def overflow(self) -> bool:
        """Whether the page is wider than the screen."""
        wide: bool = self.page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        return wide

    def picture(self, path: Path) -> None:
        self.page.screenshot(path=str(path))
