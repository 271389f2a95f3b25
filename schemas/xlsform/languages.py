"""Languages as XLSForm authors write them in headers, and the tags that forms name them by."""

from __future__ import annotations

import re

HEADERS = {"zh-Hans": "简体中文 (zh-Hans)", "zh-Hant": "繁體中文 (zh-Hant)", "en": "English (en)"}
"""How the languages of the screens stand in the headers of an export."""
YES = {"zh-Hans": "是", "zh-Hant": "是", "en": "Yes"}
NO = {"zh-Hans": "否", "zh-Hant": "否", "en": "No"}

_NAMED = {
    "english": "en",
    "french": "fr",
    "français": "fr",
    "francais": "fr",
    "spanish": "es",
    "español": "es",
    "espanol": "es",
    "portuguese": "pt",
    "português": "pt",
    "arabic": "ar",
    "العربية": "ar",
    "russian": "ru",
    "русский": "ru",
    "swahili": "sw",
    "kiswahili": "sw",
    "hindi": "hi",
    "nepali": "ne",
    "bengali": "bn",
    "german": "de",
    "deutsch": "de",
    "italian": "it",
    "dutch": "nl",
    "japanese": "ja",
    "korean": "ko",
    "thai": "th",
    "vietnamese": "vi",
    "indonesian": "id",
    "amharic": "am",
    "somali": "so",
    "ukrainian": "uk",
    "turkish": "tr",
    "persian": "fa",
    "farsi": "fa",
    "urdu": "ur",
    "burmese": "my",
    "khmer": "km",
}
_CHINESE = re.compile(r"chinese|mandarin|中文|汉语|漢語|华语|華語|普通话|简体|简中|繁|正體|正体|简|國語")
_TRADITIONAL = re.compile(r"tradition|繁|正體|正体|漢語|華語|國語|hant|taiwan|hong ?kong|臺|台|香港")
_CODE = re.compile(r"\(\s*([A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)\s*\)")
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff]")


def tag(written: str) -> str:
    """The tag of a language: `zh-Hans` for `Chinese (zh-Hans)`, `中文(简体)`, `zh` and `zh_CN`."""
    text = written.strip()
    if found := _CODE.search(text):
        return _normal(found[1])
    lowered = text.casefold()
    if _CHINESE.search(lowered):
        return "zh-Hant" if _TRADITIONAL.search(lowered) else "zh-Hans"
    first = re.split(r"[\s(（,/]+", lowered)[0]
    if first in _NAMED:
        return _NAMED[first]
    if _TAG.fullmatch(text):
        return _normal(text)
    return re.sub(r"[^a-z0-9]+", "-", lowered).strip("-") or "und"


def _normal(code: str) -> str:
    parts = code.replace("_", "-").split("-")
    language = parts[0].lower()
    rest = [part.lower() for part in parts[1:]]
    if language in ("zh", "zho", "chi", "cmn", "yue"):
        return "zh-Hant" if {"hant", "tw", "hk", "mo"} & set(rest) or language == "yue" else "zh-Hans"
    if language == "eng":
        return "en"
    regions = [part.title() if len(part) == 4 else part.upper() if len(part) == 2 else part for part in rest]
    return "en" if language == "en" else "-".join([language, *regions])


def guess(texts: list[str]) -> str:
    """The language of texts of which nothing is said."""
    return "zh-Hans" if any(_IDEOGRAPH.search(text) for text in texts) else "en"
