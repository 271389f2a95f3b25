"""What the tablet says is there in all three languages, and each sentence that the code asks for is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

APP = Path(__file__).parents[3] / "service/tablet/app"
LANGUAGES = ["zh-Hans", "zh-Hant", "en"]
PARAMETER = re.compile(r"\{(\w+)")
ASKED = re.compile(r"""(?<![.\w])t\(\s*['"]([a-z_.]+)['"]""")
CHOSEN = re.compile(r"""['"]([a-z_]+\.[a-z_]+)['"]""")


def catalogue(language: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((APP / f"i18n/{language}.json").read_text("utf-8"))
    return found


def source() -> str:
    return "\n".join(path.read_text("utf-8") for path in APP.rglob("*.js"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence(language: str) -> None:
    assert list(catalogue(language)) == sorted(catalogue("zh-Hans"))
    assert [key for key, text in catalogue(language).items() if not text.strip()] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_uses_the_same_parameters_in_every_language(language: str) -> None:
    base = catalogue("zh-Hans")
    strays = {
        key: text
        for key, text in catalogue(language).items()
        if set(PARAMETER.findall(text)) != set(PARAMETER.findall(base[key]))
    }
    assert strays == {}


def test_every_sentence_that_the_code_asks_for_is_there() -> None:
    asked = set(ASKED.findall(source()))
    assert len(asked) > 50
    assert asked - set(catalogue("zh-Hans")) == set()


def test_no_sentence_is_kept_that_nobody_says() -> None:
    families = set(re.findall(r"`([a-z_]+\.[a-z_]*)\$\{", source()))
    said = set(ASKED.findall(source())) | set(CHOSEN.findall(source()))
    unsaid = {key for key in catalogue("zh-Hans") if key not in said and not key.startswith(tuple(families))}
    assert unsaid == set()


def test_the_three_are_texts_of_their_own() -> None:
    simplified, english = catalogue("zh-Hans"), catalogue("en")
    alike = [key for key, text in english.items() if text == simplified[key] and re.search(r"[一-鿿]", text)]
    assert alike == []
    assert [key for key, text in english.items() if re.search(r"[一-鿿，。]", text)] == []
