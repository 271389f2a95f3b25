"""How fast the tablet app finds one of fifty thousand entities: the real app in a slowed-down Chromium."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.bench.filling import Row, Times, screen, script, slowed, times
from tests.bench.replication import say
from tests.browser.tablet import TabletScreen

COUNTIES, TOWNS, FIRMS = 11, 220, 50_000
ROUNDS = 12
LETTERS = ("1", "12", "7", "业 3", "无此")
"""What is typed, letter by letter: found often, found seldom, not found, which reads them all."""
LABEL = {"en": "x", "zh-Hans": "x"}
OPTION = "[data-path='/{}'] .found [role=option]"
NOTE = "[data-path='/{}'] .found-note"


def _chooses(name: str, kind: str, condition: str = "", *, many: bool = False) -> dict[str, Any]:
    chosen: dict[str, Any] = {"type": "select_many" if many else "select_one", "choices": {"entity": kind}}
    return {"name": name, "label": LABEL, **chosen, **({"choice_filter": condition} if condition else {})}


FORM: dict[str, Any] = {
    "form": "bench-cascade",
    "version": 1,
    "languages": ["en", "zh-Hans"],
    "title": {"en": "bench-cascade", "zh-Hans": "bench-cascade"},
    "fields": [
        _chooses("county", "county"),
        _chooses("town", "town", "county = ${county}"),
        _chooses("firm", "enterprise", "town = ${town} and county = ${county}"),
        _chooses("others", "enterprise", "county = ${county}", many=True),
        _chooses("any", "enterprise"),
    ],
}


@dataclass(frozen=True)
class Cascade:
    """Until what was chosen stands there; until the list does that one opens; until it does for a letter. `first`:
    until that of all does at once after the app was opened anew. `megabytes`: JavaScript's memory at the end."""

    chosen: Times
    opened: Times
    typed: Times
    first: float
    megabytes: float
    load: float


def measure() -> Cascade:
    """Choose county, town and enterprise again and again, and look for others by letters."""
    say(f"cascade: {FIRMS:,} entities are entered and fetched")
    with screen(FORM, registers()) as tablet, slowed(tablet):
        tablet.page.reload()
        _finder(tablet, "any").wait_for(timeout=60_000)
        tablet.page.evaluate(script("cascade"))
        first = _timed(tablet, "focusin", OPTION.format("any"), lambda: _finder(tablet, "any").focus())
        chosen: list[float] = []
        opened: list[float] = []
        typed: list[float] = []
        for number in range(ROUNDS):
            say(f"cascade {number + 1} of {ROUNDS}")
            for name in ("county", "town", "firm"):
                opened.append(_open(tablet, name))
                chosen.append(_choose(tablet, name, number))
            for name in ("firm", "others", "any"):
                opened.append(_open(tablet, name))
                typed += _type(tablet, name)
        assert tablet.faults == [], tablet.faults
        megabytes = tablet.page.evaluate("performance.memory.usedJSHeapSize") / 1_000_000
    return Cascade(times(chosen), times(opened), times(typed), first, megabytes, os.getloadavg()[0])


def registers() -> dict[str, list[Row]]:
    """Counties, their towns, and the enterprises there; what is below names what is above by its document's id."""
    return {
        "county": [("id", "name"), *((f"c{c}", f"县{c}") for c in range(COUNTIES))],
        "town": [("id", "name", "county"), *((f"t{t}", f"镇{t}", _county(t)) for t in range(TOWNS))],
        "enterprise": [("id", "code", "name", "town", "county", "address"), *map(_firm, range(FIRMS))],
    }


def _county(town: int) -> str:
    return f"entity:county:c{town % COUNTIES}"


def _firm(number: int) -> Row:
    town = number % TOWNS
    return (
        f"e{number}",
        f"E{number:06}",
        f"示例企业 {number}",
        f"entity:town:t{town}",
        _county(town),
        f"示例路 {number % 997} 号",
    )


def _finder(tablet: TabletScreen, name: str) -> Any:
    return tablet.place(f"/{name}").locator("input[type=search]")


def _open(tablet: TabletScreen, name: str) -> float:
    place = tablet.place(f"/{name}")
    place.scroll_into_view_if_needed()
    change = place.locator("button.link")
    act = change.click if change.count() else _finder(tablet, name).focus
    tablet.page.evaluate("document.activeElement.blur()")
    tablet.page.wait_for_selector(".found", state="detached")
    return _timed(tablet, "focusin", OPTION.format(name), act)


def _choose(tablet: TabletScreen, name: str, number: int) -> float:
    offered = tablet.place(f"/{name}").locator(".found [role=option]")
    act = offered.nth(number % offered.count()).click
    return _timed(tablet, "click", f"[data-path='/{name}'] .chosen", act)


def _type(tablet: TabletScreen, name: str) -> Iterator[float]:
    finder = _finder(tablet, name)
    for word in LETTERS:
        finder.fill("")
        for end in range(1, len(word) + 1):
            text = word[:end]
            shown = f"{OPTION.format(name)}, {NOTE.format(name)}"
            yield _timed(tablet, "input", shown, lambda text=text: finder.fill(text))
    finder.fill("")


def _timed(tablet: TabletScreen, event: str, selector: str, act: Callable[[], None]) -> float:
    tablet.page.evaluate("([event, selector]) => watch.next(event, selector)", [event, selector])
    act()
    found: float = tablet.page.evaluate("watch.found")
    return found


if __name__ == "__main__":
    print(measure())
