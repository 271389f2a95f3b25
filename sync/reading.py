"""Edits of older form versions as a newer one reads them. The edits themselves never change (law 12).

The twin is `core/mapping.js`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.form import Form
from schemas.mapping import Step
from sync.edits import Edit, is_edit


def read_by(edits: Iterable[Edit], form: Form | None) -> list[Edit]:
    """The edits with the paths and values that a form version has for them.

    What an edit has replaced (`seen`) is read alike, so that an old edit and a new one of one field still know of each
    other, and collide where they do not.
    """
    if form is None or not form.mapping.steps:
        return list(edits)
    return [_read(edit, form.mapping.since(edit["version"])) for edit in edits]


def read_edit(edit: Any, form: Form | None) -> Any:
    """One entry of a log, whatever it is, as a form version reads it."""
    return read_by([edit], form)[0] if is_edit(edit) else edit


def _read(edit: Edit, steps: Iterable[Step]) -> Edit:
    for step in steps:
        seen: dict[str, list[str]] = {}
        for path, ids in edit["seen"].items():
            seen[step.path(path)] = [*seen.get(step.path(path), ()), *ids]
        set_ = dict(step.entry(path, value) for path, value in _moved_last(step, edit["set"]))
        edit = {**edit, "set": set_, "unset": [step.path(path) for path in edit["unset"]], "seen": seen}
    return edit


def _moved_last(step: Step, values: dict[str, Any]) -> list[tuple[str, Any]]:
    """What moved to a place prevails over what an edit has there that should not be."""
    return sorted(values.items(), key=lambda item: (step.path(item[0]) != item[0], item[0]))
