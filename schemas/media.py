"""Pictures, sounds and films that questions and choices show: how a form names the files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

KINDS = {"image": "image/", "big-image": "image/", "audio": "audio/", "video": "video/"}
"""What can be shown, and how the types of such files begin. A big image is what opens where the image is touched."""
_FILE = re.compile(r"(?![._])[^/\\\x00-\x1f]{1,120}")

Media = Mapping[str, Mapping[str, str]]


def is_media(value: Any) -> bool:
    """Whether it names files by kind and language, as in `{"image": {"en": "map.png"}}`."""
    if not isinstance(value, Mapping) or not value or not set(value) <= set(KINDS):
        return False
    return ("big-image" not in value or "image" in value) and all(map(_are_files, value.values()))


def _are_files(names: Any) -> bool:
    if not isinstance(names, Mapping) or not names:
        return False
    return all(isinstance(name, str) and _FILE.fullmatch(name) for name in names.values())


def files_of(definition: Mapping[str, Any]) -> dict[str, set[str]]:
    """The files that a sound definition names, each with how its type may begin."""
    found: dict[str, set[str]] = {}
    for media in _all(definition):
        for kind, names in media.items():
            for name in names.values():
                found.setdefault(name, set()).add(KINDS[kind])
    return found


def _all(definition: Mapping[str, Any]) -> Iterator[Media]:
    for choices in definition.get("lists", {}).values():
        yield from _of(choices)
    yield from _below(definition["fields"])


def _below(fields: list[Mapping[str, Any]]) -> Iterator[Media]:
    for each in fields:
        yield from _of([each])
        choices = each.get("choices")
        yield from _of(choices if isinstance(choices, list) else [])
        yield from _below(each.get("fields", []))


def _of(entries: list[Mapping[str, Any]]) -> Iterator[Media]:
    return (each["media"] for each in entries if "media" in each)
