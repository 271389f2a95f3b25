"""What makes two records the same thing: the values of a form's `identity` fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from schemas.form import Form

Part = tuple[str, str, Any]
"""The path of a field, its type, and its value."""


def identity(form: Form, answers: Mapping[str, Any]) -> tuple[Part, ...]:
    """The identifying values of a record; none where the form has none, or one of them is not answered."""
    found = [(path, form.field(path), _at(answers, path)) for path in form.identity]
    if not found or any(field is None or value in (None, "", []) for _, field, value in found):
        return ()
    return tuple((path, field.type, value) for path, field, value in found if field is not None)


def _at(answers: Mapping[str, Any], path: str) -> Any:
    found: Any = answers
    for segment in path.split("/")[1:]:
        found = found.get(segment) if isinstance(found, dict) else None
    return found
