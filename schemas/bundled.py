"""The forms that come with Rounds."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def bundled() -> dict[str, dict[str, Any]]:
    """The authored definitions of `schemas/forms/*.json`, by form id."""
    folder = files("schemas").joinpath("forms")
    found = [json.loads(each.read_text("utf-8")) for each in folder.iterdir() if each.name.endswith(".json")]
    return {definition["form"]: definition for definition in sorted(found, key=lambda each: str(each["form"]))}
