"""In which order the fields of a form are worked out: what reads another field comes after it."""

from __future__ import annotations

from functools import lru_cache

from schemas.expression.parse import references
from schemas.form import Expression, Field, Form


def _reads(field: Field) -> frozenset[str]:
    """The fields that must be settled before this one: those its relevance and calculation read, and its parent."""
    paths = {field.parent.path} if field.parent else set()
    for expression in (field.relevant, field.calculate if not field.trigger else None):
        if isinstance(expression, Expression):
            paths |= references(expression.tree)
    return frozenset(paths)


@lru_cache(maxsize=256)
def order(form: Form) -> tuple[Field, ...]:
    """The fields that have a relevance or a calculation, each after those that it depends on, otherwise in the form's
    order. A cycle is cut where it closes."""
    found: dict[str, Field] = {}
    for field in form.walk():
        _visit(form, field.path, found, [])
    return tuple(field for field in found.values() if field.relevant is not None or field.calculate is not None)


def cycle(form: Form) -> str | None:
    """The path of a field whose relevance or value depends on itself; None where there is none."""
    found: dict[str, Field] = {}
    for field in form.walk():
        if looped := _visit(form, field.path, found, []):
            return looped
    return None


def _visit(form: Form, path: str, found: dict[str, Field], way: list[str]) -> str | None:
    if path in found:
        return None
    if path in way:
        return path
    looped = None
    for needed in sorted(_reads(form.by_path[path])):
        looped = _visit(form, needed, found, [*way, path]) or looped
    found.setdefault(path, form.by_path[path])
    return looped
