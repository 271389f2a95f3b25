"""The colours that both faces use can be read: 4.5:1 everywhere, 7:1 in sunlight (WCAG 2.2, 1.4.3 and 1.4.6)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).parents[3] / "service/static/tokens.css").read_text("utf-8")
TEXT = ["--ink", "--ink-soft", "--accent", "--green", "--amber", "--red"]
GROUNDS = ["--paper", "--paper-raised", "--paper-sunken"]
PAIRS = [(text, ground) for text in TEXT for ground in GROUNDS] + [
    ("--ink", "--paper-chosen"),
    ("--accent", "--paper-chosen"),
    ("--ink-on-accent", "--accent"),
    ("--ink-on-accent", "--accent-pressed"),
    ("--green", "--green-tint"),
    ("--amber", "--amber-tint"),
    ("--red", "--red-tint"),
    ("--ink", "--green-tint"),
    ("--ink", "--amber-tint"),
    ("--ink", "--red-tint"),
]


def properties(selector: str) -> dict[str, str]:
    start = CSS.index(selector + " {")
    body = CSS[start : CSS.index("\n  }", start)]
    return dict(re.findall(r"(--[a-z0-9-]+):\s*([^;]+);", body))


def theme(name: str) -> dict[str, str]:
    light = properties(":root")
    return light if name == "light" else light | properties(f':root[data-theme="{name}"]')


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_black_on_white_is_twenty_one_to_one() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21


@pytest.mark.parametrize(("name", "least"), [("light", 4.5), ("dark", 4.5), ("sunlight", 7)])
def test_text_can_be_read_in_every_theme(name: str, least: float) -> None:
    colours = theme(name)
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in PAIRS}
    assert {pair: value for pair, value in weak.items() if value < least} == {}


@pytest.mark.parametrize("name", ["light", "dark", "sunlight"])
def test_edges_of_controls_can_be_seen(name: str) -> None:
    colours = theme(name)
    for edge in ("--rule-strong", "--focus"):
        assert contrast(colours[edge], colours["--paper"]) >= 3


def test_the_dark_theme_is_the_same_by_system_and_by_hand() -> None:
    by_system = CSS[CSS.index(":root:not([data-theme]) {") :]
    by_system = by_system[: by_system.index("}")]
    assert dict(re.findall(r"(--[a-z0-9-]+):\s*([^;]+);", by_system)) == properties(':root[data-theme="dark"]')
