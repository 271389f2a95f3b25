"""What is said about a problem, in the languages of the screens. The tablet reads the same catalogue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LANGUAGES = ("zh-Hans", "zh-Hant", "en")

Text = Mapping[str, str]
"""A text per language."""


@cache
def catalogue() -> Mapping[str, Text]:
    """Every code with its texts; `{label}` and the like stand for what is filled in."""
    found: dict[str, Text] = json.loads(files("schemas").joinpath("messages.json").read_text("utf-8"))
    return found


def text(code: str, *, label: Text | None = None, **params: object) -> dict[str, str]:
    """The sentence for a code in every language. Raises `KeyError` for a code that is not in the catalogue.

    `label` is the field's own, per language; where a language lacks one, any other stands in.
    """
    return {
        language: filled(sentence, {**params, "label": _in(label, language)})
        for language, sentence in catalogue()[code].items()
    }


def _in(label: Text | None, language: str) -> str:
    if not label:
        return ""
    return label.get(language) or next(iter(label.values()))


def filled(sentence: str, params: Mapping[str, object]) -> str:
    """A sentence with its `{params}` put in; one that is not given stays as it is written."""
    for name, value in params.items():
        sentence = sentence.replace("{" + name + "}", str(value))
    return sentence
