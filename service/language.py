"""The reader's language, and every sentence that the service itself says (`service/i18n/*.json`)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from flask import Request

from schemas.messages import LANGUAGES
from schemas.summary import MONTHS, show_date

DEFAULT = "zh-Hans"
COOKIE = "rounds_language"
_FOLDER = Path(__file__).parent / "i18n"
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """All sentences of one language by key."""
    sentences: dict[str, str] = json.loads((_FOLDER / f"{language}.json").read_text("utf-8"))
    return sentences


def translate(key: str, language: str, **params: object) -> str:
    """The sentence `key` with its `{params}` filled in. Raises `KeyError` for a key that no catalogue has."""
    return catalogue(language)[key].format(**params)


def sample(key: str, language: str) -> str:
    """The sentence `key` with a dot for whatever is filled in, to be read where nothing has happened yet."""
    return re.sub(r"\{[^}]*\}", "…", catalogue(language)[key])


def known(tag: str) -> str | None:
    """The catalogue that serves a language tag such as `zh-TW` or `en-GB`; None where there is none."""
    lower = tag.lower()
    if lower.startswith(_TRADITIONAL):
        return "zh-Hant"
    return {"zh": "zh-Hans", "en": "en"}.get(lower.split("-", maxsplit=1)[0])


def negotiate(request: Request, default: str = DEFAULT) -> str:
    """The reader's language: asked for in the address, chosen before, or what the browser prefers."""
    for choice in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if choice and (found := known(choice)):
            return found
    for tag, _ in request.accept_languages:
        if found := known(tag):
            return found
    return default


def pick(texts: Mapping[str, str] | None, language: str, fallback: str = "") -> str:
    """The text in the reader's language, else in the next best: zh-Hans, English, whatever there is."""
    if not texts:
        return fallback
    for candidate in (language, *(("zh-Hans",) if language == "zh-Hant" else ()), *LANGUAGES):
        if texts.get(candidate):
            return texts[candidate]
    return next(iter(texts.values()), fallback)


def show_moment(moment: datetime, language: str) -> str:
    """A date with hour and minute, in the zone that `moment` is in."""
    return f"{show_date(moment, language)} {moment:%H:%M}"


def show_short(moment: datetime, now: datetime, language: str) -> str:
    """As short as tells it apart in a table: the time today, the day this year, else the whole date."""
    if moment.date() == now.date():
        return f"{moment:%H:%M}"
    if moment.year != now.year:
        return f"{moment:%Y-%m-%d}"
    return f"{moment.day} {MONTHS[moment.month - 1]}" if language == "en" else f"{moment.month}月{moment.day}日"


def shown_value(value: Any) -> str:
    """A value as plain text, where nothing better is known about it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
