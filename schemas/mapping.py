"""How what older versions of a form hold is read by a newer one: fields that moved, choices that changed their names,
values that changed their type. Edits never change; they pass through this whenever a record is worked out (law 12).

The steps of a form are `[{"version": 2, "moved": {path: path}, "choices": {path: {name: name}},
"converted": {path: type}}]`, the oldest first; paths are schema paths, and those of choices and conversions are the new
ones. A form carries every step since its first version, so that it alone is needed. The twin is `core/mapping.js`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from schemas.canonical import SAFE_INTEGER
from schemas.definition import FormProblem

ROW = re.compile(r"/[0-9A-HJKMNP-TV-Z]{26}(?=/|$)")
_WHOLE = re.compile(r"-?[0-9]{1,16}(\.0+)?")
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T")


@dataclass(frozen=True)
class Step:
    """What has to be done to what versions before `version` hold."""

    version: int
    moved: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    converted: Mapping[str, str] = field(default_factory=dict)

    def schema_path(self, path: str) -> str:
        """Where a field stands after this step; what is below a group or repeat goes with it."""
        end = len(path)
        while end > 0:
            if path[:end] in self.moved:
                return self.moved[path[:end]] + path[end:]
            end = path.rfind("/", 0, end)
        return path

    def path(self, path: str) -> str:
        """The same for a record's path: each row stays in what its repeat became."""
        moved = self.schema_path(ROW.sub("", path))
        for row in reversed(list(ROW.finditer(path))):
            repeat = self.schema_path(ROW.sub("", path[: row.start()]))
            if not f"{ROW.sub('', moved)}/".startswith(f"{repeat}/"):
                return path
            moved = repeat + row[0] + moved[len(repeat) :]
        return moved

    def entry(self, path: str, value: Any) -> tuple[str, Any]:
        """Where a record's path is after this step, and what its value is there. A row has none of its own."""
        moved = self.path(path)
        schema = ROW.sub("", moved)
        if value is None or ROW.fullmatch(moved, max(0, moved.rfind("/"))):
            return moved, value
        chosen = _chosen(value, self.choices[schema]) if schema in self.choices else value
        return moved, converted(chosen, self.converted[schema]) if schema in self.converted else chosen


@dataclass(frozen=True)
class FormMapping:
    """Every step of a form, the oldest first."""

    steps: tuple[Step, ...] = ()

    def since(self, version: int) -> tuple[Step, ...]:
        """The steps that what a version holds has to pass through."""
        return tuple(step for step in self.steps if step.version > version)

    def path(self, path: str, version: int) -> str:
        """Where a path of this version is now."""
        for step in self.since(version):
            path = step.path(path)
        return path

    def choice(self, path: str, name: str, version: int) -> str:
        """What a choice of this version is called now."""
        for step in self.since(version):
            path = step.schema_path(path)
            name = step.choices.get(path, {}).get(name, name)
        return name


def read_mapping(steps: Sequence[Mapping[str, Any]]) -> FormMapping:
    """The mapping of a definition that was checked."""
    return FormMapping(tuple(Step(**step) for step in steps))


def _chosen(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return list(dict.fromkeys(_chosen(item, names) for item in value)) if _are_texts(value) else value
    return names.get(_text(value) or "", value)


def _are_texts(value: list[Any]) -> bool:
    return all(isinstance(item, str) for item in value)


def _text(value: Any) -> str | None:
    """A value that is not made of others, as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | str) else None


def converted(value: Any, kind: str) -> Any:
    """A value in the normal form of another type; as it is where it has none there, for the judge to speak of."""
    text = _text(value)
    if text is None:
        return _joined(value, kind)
    if kind == "integer":
        whole = int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else SAFE_INTEGER + 1
        return whole if abs(whole) <= SAFE_INTEGER else value
    if kind == "decimal":
        return text if _DECIMAL.fullmatch(text) else value
    if kind == "boolean":
        return {"true": True, "false": False}.get(text, value)
    if kind == "date":
        return text[:10] if _MOMENT.match(text) else value
    return [text] if kind == "select_many" else text


def _joined(value: Any, kind: str) -> Any:
    """A list of texts as one text."""
    if not isinstance(value, list) or not value or not _are_texts(value):
        return value
    if kind == "text":
        return " ".join(value)
    return value[0] if kind == "select_one" and len(value) == 1 else value


def check_mapping(definition: Mapping[str, Any], types: Mapping[str, str]) -> Iterator[FormProblem]:
    """What is wrong with the mapping of a definition. `types` has the type of the field at each of its paths."""
    mapping, before = read_mapping(definition.get("mapping", ())), 1
    amounts_to: dict[str, tuple[str, str]] = {}
    for number, step in enumerate(mapping.steps):
        if not before < step.version <= definition["version"]:
            yield FormProblem("", "bad_property", {"property": f"mapping.{number}.version"})
        before = step.version
        for place, path in _places(step):
            now = mapping.path(path, step.version)
            if now not in types:
                yield FormProblem("", "unknown_path", {"property": f"mapping.{number}.{place}", "path": path})
            elif place.startswith("converted"):
                amounts_to[now] = (f"mapping.{number}.{place}", step.converted[path])
        if len(set(step.moved.values())) < len(step.moved):
            yield FormProblem("", "bad_property", {"property": f"mapping.{number}.moved"})
    for path, (place, kind) in amounts_to.items():
        if types[path] != kind:
            yield FormProblem("", "bad_property", {"property": place})


def _places(step: Step) -> Iterator[tuple[str, str]]:
    """Every path that a step speaks of as one of its own version, with where it stands in the step."""
    yield from ((f"moved.{old}", new) for old, new in step.moved.items())
    yield from ((f"choices.{path}", path) for path in step.choices)
    yield from ((f"converted.{path}", path) for path in step.converted)
