"""The forms that come with Rounds."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


def bundled_texts() -> dict[str, str]:
    """`schemas/forms/*.json` as they were written, by file name."""
    folder = files("schemas").joinpath("forms")
    found = {each.name: each.read_text("utf-8") for each in folder.iterdir() if each.name.endswith(".json")}
    return {f"schemas/forms/{name}": found[name] for name in sorted(found)}


@cache
def bundled() -> dict[str, dict[str, Any]]:
    """The authored definitions of `schemas/forms/*.json`, by form id."""
    found = [json.loads(text) for text in bundled_texts().values()]
    return {definition["form"]: definition for definition in sorted(found, key=lambda each: str(each["form"]))}
