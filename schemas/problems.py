"""Where in a form's JSON file a problem stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from schemas.definition import MAX_DEPTH, FormProblem
from schemas.positions import Path, Position, Source


def locate(source: Source, problem: FormProblem) -> Position:
    """The line and column of a problem; for an expression, of the character in it that is wrong."""
    base = _field(source.value, problem)
    path = (*base, *_property(_node(source.value, base), str(problem.params.get("property", ""))))
    if problem.code in ("unknown_property", "too_deep"):
        return source.key(path if problem.code == "unknown_property" else (*base, "fields"))
    if "column" in problem.params:
        return source.inside(_expression(source.value, path), int(problem.params["column"]))
    return source.at((*path, *_further(_node(source.value, path), problem)))


def _further(node: Any, problem: FormProblem) -> Path:
    """The way from a field or property to what exactly is wrong in it."""
    inner: dict[str, Path] = {
        "duplicate_name": ("name",),
        "no_fields": ("fields",),
        "unknown_list": ("choices", "list"),
        "bad_choice": (*_named(node, problem.params.get("name")), "name"),
        "unknown_path": _item(node, problem.params.get("path")),
        "missing_translation": ("label",) if isinstance(node, Mapping) and "label" in node else (),
    }
    return inner.get(problem.code, ())


def _field(definition: Any, problem: FormProblem) -> Path:
    """The way to the field that a problem is about: of two with one path, the second is the one too many."""
    found = [way for path, way in fields_of(definition) if path == problem.path] if problem.path else []
    if not found:
        return ()
    return found[-1] if problem.code == "duplicate_name" else found[0]


def fields_of(node: Any, prefix: str = "", way: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every field of a definition, sound or not: its path, and the way to it in the file."""
    entries = node.get("fields") if isinstance(node, Mapping) else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        path = f"{prefix}/{name if isinstance(name, str) else index}"
        here = (*way, "fields", index)
        yield path, here
        if len(here) < 2 * MAX_DEPTH:
            yield from fields_of(entry, path, here)


def _property(node: Any, dotted: str) -> Path:
    """The way that a property such as `lists.area.done` means; as far as there is one."""
    if not dotted:
        return ()
    if isinstance(node, list):
        number, _, rest = dotted.partition(".")
        by_number = number.isdecimal() and int(number) < len(node) and not _named(node, dotted)
        return (int(number), *_property(node[int(number)], rest)) if by_number else _named(node, dotted)
    if not isinstance(node, Mapping):
        return ()
    parts = dotted.split(".")
    for count in range(len(parts), 0, -1):
        name = ".".join(parts[:count])
        if name in node:
            return (name, *_property(node[name], ".".join(parts[count:])))
    return ()


def _named(choices: Any, name: Any) -> Path:
    """The last choice of a name: where there are two, that is the one too many."""
    items = choices if isinstance(choices, list) else ()
    found = [i for i, each in enumerate(items) if isinstance(each, Mapping) and each.get("name") == name]
    return (found[-1],) if found else ()


def _item(items: Any, text: Any) -> Path:
    return next(((i,) for i, each in enumerate(items) if str(each) == text), ()) if isinstance(items, list) else ()


def _expression(definition: Any, path: Path) -> Path:
    """The way to the text of an expression, which a default and a published form have one step further in."""
    for step in ("expression", "text"):
        node = _node(definition, path)
        if isinstance(node, Mapping) and step in node:
            path = (*path, step)
    return path


def _node(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value
