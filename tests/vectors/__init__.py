"""Cases that Python and JavaScript both run: inputs, and the outcome that the laws demand. One case per line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent

Case = dict[str, Any]


def cases(name: str) -> Sequence[Any]:
    """The cases of a file as parameters of a test, each under its name."""
    found: list[Case] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return [pytest.param(case, id=case["name"]) for case in found]


def form(name: str) -> Case:
    """One of the published definitions that cases refer to."""
    found: Case = json.loads((FOLDER / "forms" / f"{name}.json").read_text("utf-8"))
    return found
