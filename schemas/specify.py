""" "Other, please specify": a choice that every select may have, and the text that is asked for where it is chosen.

The select `kind` holds `other` like any choice; what was meant stands in a text of its own beside it, `kind_other`. So
expressions, merging, exports and reports need to know of nothing else. The twin is in `core/form.js`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OTHER = "other"
LENGTH = 200
APPEARANCE = "specify"
LABEL = {"zh-Hans": "其他", "zh-Hant": "其他", "en": "Other"}
_SPECIFY = {"zh-Hans": "请注明", "zh-Hant": "請註明", "en": "please specify"}


def name_of(select: str) -> str:
    """What the text beside a select is called."""
    return f"{select}_{OTHER}"


def in_full(other: Any, label: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The property `other` with all its texts: what the choice is called, and what is asked where it is chosen.

    `other` is `true`, or has `label` and `specify`, or one of them; `label` is that of the select.
    """
    given = other if isinstance(other, Mapping) else {}
    specify = {tag: f"{text} · {_SPECIFY.get(tag, _SPECIFY['en'])}" for tag, text in label.items()}
    called = {tag: LABEL.get(tag, LABEL["en"]) for tag in label}
    return {"label": dict(given.get("label", called)), "specify": dict(given.get("specify", specify))}


def question(entry: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The text beside a select, as a field of a definition. `path` is the select's."""
    tree = {"call": "selected", "args": [{"ref": path}, {"lit": OTHER}]}
    asked: dict[str, Any] = {
        "name": name_of(entry["name"]),
        "type": "text",
        "label": in_full(entry["other"], entry["label"])["specify"],
        "required": True,
        "relevant": {"text": f"selected(${{{entry['name']}}}, '{OTHER}')", "tree": tree},
        "max_length": LENGTH,
        "appearance": APPEARANCE,
    }
    if "readonly" in entry:
        asked["readonly"] = entry["readonly"]
    return asked | ({"merge": "latest"} if entry.get("merge") == "latest" else {})
