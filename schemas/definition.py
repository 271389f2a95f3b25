"""The shape of a form definition: which properties there are, and what each may hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.media import is_media
from schemas.specify import name_of

LEAVES = frozenset(
    [
        "text",
        "integer",
        "decimal",
        "date",
        "time",
        "datetime",
        "boolean",
        "select_one",
        "select_many",
        "rank",
        "entity",
        "photo",
        "audio",
        "video",
        "file",
        "signature",
        "barcode",
        "geopoint",
        "geotrace",
        "geoshape",
        "calculate",
        "note",
        "score",
    ]
)
TYPES = LEAVES | {"group", "repeat"}
SELECTS = frozenset({"select_one", "select_many", "rank"})
FILES = frozenset({"photo", "audio", "video", "file"})
NUMBERS = frozenset({"integer", "decimal"})
UNIQUE = frozenset({"text", "barcode", "integer", "date", "time", "datetime", "select_one", "entity"})
"""Types whose values are the same only where they are written alike."""
COMPUTED = frozenset({"calculate", "score"})
POLICIES = ("ask", "latest", "union", "max", "min")
EXPRESSIONS = ("required", "readonly", "relevant", "constraint", "calculate", "choice_filter", "row_count")
FORM_PROPERTIES = (
    "$schema",
    "form",
    "version",
    "timezone",
    "languages",
    "title",
    "identity",
    "summary",
    "mapping",
    "lists",
    "fields",
)
"""In the order in which a definition is written."""
CONVERSIONS = frozenset({"text", "integer", "decimal", "boolean", "date", "select_one", "select_many"})
"""The types that the values of an older version can be turned into."""
MAX_FIELDS = 2_000
MAX_DEPTH = 10

_OLD_PATH = re.compile(r"(/[a-z][a-z0-9_]{0,63})+")
ENTITY_KIND = re.compile(r"[a-z][a-z0-9_-]*")
FORM_ID = re.compile(r"[a-z][a-z0-9-]{0,60}")
_FIELD_NAME = re.compile(r"(?!constructor$)[a-z][a-z0-9_]{0,63}")
"""Every object of JavaScript has a `constructor` of its own."""


@dataclass(frozen=True)
class FormProblem:
    """One thing wrong with a definition: where (a field's path), a slug, and what the sentence needs."""

    path: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        told = ", ".join(f"{name} {value!r}" for name, value in self.params.items())
        return f"{self.path or '/'}: {self.code.replace('_', ' ')}" + (f" ({told})" if told else "")


class FormError(ValueError):
    """A definition that is no form; `problems` names everything that is wrong."""

    def __init__(self, problems: Sequence[FormProblem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Property:
    """A property of a field: the types that may have it, and whether a value fits."""

    types: frozenset[str]
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(each, str) for each in value.values())


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, Mapping) and isinstance(value.get("text"), str))


def _is_condition(value: Any) -> bool:
    return isinstance(value, bool) or _is_expression(value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_bound(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _is_choices(value: Any) -> bool:
    if isinstance(value, Mapping):
        return (set(value) == {"list"} and isinstance(value["list"], str)) or _is_of_entities(value)
    return isinstance(value, list) and bool(value) and all(_is_choice(each) for each in value)


def _is_of_entities(value: Mapping[str, Any]) -> bool:
    kind = value.get("entity")
    return set(value) == {"entity"} and isinstance(kind, str) and ENTITY_KIND.fullmatch(kind) is not None


def kind_of_entities(entry: Mapping[str, Any]) -> str:
    """The kind of the entities that a field chooses from; empty where it does not."""
    choices = entry.get("choices")
    return str(entry.get("entity") or (choices.get("entity", "") if isinstance(choices, Mapping) else ""))


def _is_choice(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("name"), str) or not _is_text(value.get("label")):
        return False
    return "media" not in value or is_media(value["media"])


def _is_other(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) <= {"label", "specify"} and all(map(_is_text, value.values()))
    return value is True


def _is_paths(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def _is_default(value: Any) -> bool:
    return not isinstance(value, Mapping) or "expression" not in value or _is_expression(value["expression"])


def _is_mapping(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_step, value))


def _is_step(value: Any) -> bool:
    if not isinstance(value, Mapping) or not set(value) <= {"version", "moved", "choices", "converted"}:
        return False
    moved, choices, kinds = (value.get(name, {}) for name in ("moved", "choices", "converted"))
    return (
        _is_count(value.get("version"))
        and _are_names(moved)
        and all(map(_OLD_PATH.fullmatch, moved))
        and isinstance(choices, Mapping)
        and all(map(_are_names, choices.values()))
        and _are_names(kinds)
        and set(kinds.values()) <= CONVERSIONS
    )


def _are_names(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(name, str) for pair in value.items() for name in pair)


_FILLED = LEAVES - {"note"} - COMPUTED

PROPERTIES: dict[str, Property] = {
    "name": Property(TYPES, lambda value: isinstance(value, str) and _FIELD_NAME.fullmatch(value) is not None),
    "type": Property(TYPES, lambda value: isinstance(value, str) and value in TYPES),
    "label": Property(TYPES, _is_text),
    "hint": Property(TYPES, _is_text),
    "media": Property(TYPES, is_media),
    "message": Property(TYPES, _is_text),
    "required_message": Property(_FILLED, _is_text),
    "required": Property(_FILLED, _is_condition),
    "readonly": Property(TYPES, _is_condition),
    "relevant": Property(TYPES, _is_expression),
    "constraint": Property(LEAVES - {"note"}, _is_expression),
    "calculate": Property(LEAVES - {"note"}, _is_expression),
    "trigger": Property(LEAVES - {"note"}, _is_paths),
    "default": Property(_FILLED, _is_default),
    "choices": Property(SELECTS, _is_choices),
    "unique": Property(UNIQUE, lambda value: isinstance(value, bool)),
    "other": Property(frozenset({"select_one", "select_many"}), _is_other),
    "choice_filter": Property(SELECTS | {"entity"}, _is_expression),
    "entity": Property(frozenset({"entity"}), lambda value: isinstance(value, str) and bool(value)),
    "merge": Property(LEAVES - {"note"}, lambda value: value in POLICIES),
    "appearance": Property(TYPES, lambda value: isinstance(value, str)),
    "max_length": Property(frozenset({"text", "barcode"}), _is_count),
    "min": Property(NUMBERS, _is_bound),
    "max": Property(NUMBERS, _is_bound),
    "places": Property(frozenset({"decimal"}), _is_count),
    "max_files": Property(FILES, _is_count),
    "min_rows": Property(frozenset({"repeat"}), _is_count),
    "max_rows": Property(frozenset({"repeat"}), _is_count),
    "row_count": Property(frozenset({"repeat"}), _is_expression),
    "row_label": Property(frozenset({"repeat"}), _is_text),
    "value": Property(COMPUTED, lambda value: value in ("text", "integer", "decimal", "boolean", "date")),
    "fields": Property(frozenset({"group", "repeat"}), lambda value: isinstance(value, list) and bool(value)),
}
"""Every property of a field; `form.schema.json` describes the same ones."""


def check_definition(definition: Any) -> list[FormProblem]:
    """What is wrong with the shape of a definition; its expressions are looked at when it is parsed."""
    if not isinstance(definition, Mapping):
        return [FormProblem("", "not_an_object")]
    problems = [*_check_head(definition), *_check_lists(definition)]
    entries = definition.get("fields")
    if not isinstance(entries, list) or not entries:
        return [*problems, FormProblem("", "no_fields")]
    names: dict[str, str] = {}
    for entry, path, depth in _walk(entries):
        problems += _check_field(entry, path, depth, definition)
        for name in _names(entry):
            if name in names:
                problems.append(FormProblem(path, "duplicate_name", {"name": name, "other": names[name]}))
            names.setdefault(name, path)
    if len(names) > MAX_FIELDS:
        problems.append(FormProblem("", "too_many_fields", {"max": MAX_FIELDS}))
    if not problems:
        problems += _check_paths(definition, set(_paths(entries)))
    return problems


def _names(entry: Any) -> list[str]:
    """What a field is called, and the text beside it where it is a select that takes something else."""
    name = entry.get("name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str):
        return []
    return [name, name_of(name)] if entry.get("other") else [name]


def _paths(entries: Any) -> Iterator[str]:
    for entry, path, _ in _walk(entries):
        above = path.rpartition("/")[0]
        yield from (f"{above}/{name}" for name in _names(entry))


def _walk(entries: Any, prefix: str = "", depth: int = 1) -> Iterator[tuple[Any, str, int]]:
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        path = f"{prefix}/{name if isinstance(name, str) else index}"
        yield entry, path, depth
        if isinstance(entry, Mapping) and depth < MAX_DEPTH:
            yield from _walk(entry.get("fields"), path, depth + 1)


def _check_head(definition: Mapping[str, Any]) -> Iterator[FormProblem]:
    for name in sorted(set(definition).difference(FORM_PROPERTIES), key=str):
        yield FormProblem("", "unknown_property", {"property": name})
    form, version, languages = (definition.get(name) for name in ("form", "version", "languages"))
    if not isinstance(form, str) or not FORM_ID.fullmatch(form):
        yield FormProblem("", "bad_property", {"property": "form"})
    if not _is_count(version) or version == 0:
        yield FormProblem("", "bad_property", {"property": "version"})
    if not isinstance(languages, list) or not languages or not all(isinstance(each, str) for each in languages):
        yield FormProblem("", "bad_property", {"property": "languages"})
        return
    if not _is_mapping(definition.get("mapping", [])):
        yield FormProblem("", "bad_property", {"property": "mapping"})
    yield from _check_text(definition.get("title"), "", "title", languages)
    try:
        ZoneInfo(definition.get("timezone", "Asia/Shanghai"))
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        yield FormProblem("", "bad_property", {"property": "timezone"})


def _check_text(text: Any, path: str, name: str, languages: Sequence[str]) -> Iterator[FormProblem]:
    if not _is_text(text):
        yield FormProblem(path, "bad_property", {"property": name})
        return
    for language in languages:
        if not text.get(language):
            yield FormProblem(path, "missing_translation", {"property": name, "language": language})


def _check_lists(definition: Mapping[str, Any]) -> Iterator[FormProblem]:
    lists = definition.get("lists", {})
    if not isinstance(lists, Mapping):
        yield FormProblem("", "bad_property", {"property": "lists"})
        return
    for name, choices in lists.items():
        if not isinstance(choices, list) or not _is_choices(choices):
            yield FormProblem("", "bad_property", {"property": f"lists.{name}"})
        else:
            yield from _check_choices(choices, "", f"lists.{name}", _languages(definition))


def _check_choices(choices: Any, path: str, name: str, languages: Sequence[str]) -> Iterator[FormProblem]:
    seen: set[str] = set()
    for choice in choices:
        if choice["name"] in seen or not choice["name"] or any(map(str.isspace, choice["name"])):
            yield FormProblem(path, "bad_choice", {"property": name, "name": choice["name"]})
        seen.add(choice["name"])
        yield from _check_text(choice["label"], path, f"{name}.{choice['name']}", languages)


def _languages(definition: Mapping[str, Any]) -> list[str]:
    languages = definition.get("languages")
    return [each for each in languages if isinstance(each, str)] if isinstance(languages, list) else []


def _check_field(entry: Any, path: str, depth: int, definition: Mapping[str, Any]) -> Iterator[FormProblem]:
    if not isinstance(entry, Mapping):
        yield FormProblem(path, "not_an_object")
        return
    if depth >= MAX_DEPTH and "fields" in entry:
        yield FormProblem(path, "too_deep", {"max": MAX_DEPTH})
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in TYPES:
        yield FormProblem(path, "bad_property", {"property": "type", "value": str(kind)})
        return
    for name, value in entry.items():
        known = PROPERTIES.get(name)
        if known is None or kind not in known.types:
            yield FormProblem(path, "unknown_property", {"property": str(name), "type": kind})
        elif not known.fits(value):
            yield FormProblem(path, "bad_property", {"property": name})
        elif name in ("label", "hint", "message", "required_message", "row_label"):
            yield from _check_text(value, path, name, _languages(definition))
        elif name == "other" and value is not True:
            for part, text in value.items():
                yield from _check_text(text, path, f"other.{part}", _languages(definition))
    for name in _needed(kind):
        if name not in entry:
            yield FormProblem(path, "missing_property", {"property": name, "type": kind})
    yield from _check_selection(entry, path, definition)


def _needed(kind: str) -> list[str]:
    needed = ["name", "label"]
    needed += ["choices"] if kind in SELECTS else []
    needed += ["entity"] if kind == "entity" else []
    needed += ["calculate", "value"] if kind in COMPUTED else []
    needed += ["fields"] if kind in ("group", "repeat") else []
    return needed


def _check_selection(entry: Mapping[str, Any], path: str, definition: Mapping[str, Any]) -> Iterator[FormProblem]:
    choices = entry.get("choices")
    if not _is_choices(choices):
        return
    if isinstance(choices, Mapping) and "entity" in choices:
        if entry["type"] == "rank":
            yield FormProblem(path, "bad_property", {"property": "choices"})
    elif isinstance(choices, Mapping):
        lists = definition.get("lists", {})
        if not isinstance(lists, Mapping) or choices["list"] not in lists:
            yield FormProblem(path, "unknown_list", {"name": choices["list"]})
    else:
        yield from _check_choices(choices, path, "choices", _languages(definition))


def _check_paths(definition: Mapping[str, Any], known: set[str]) -> Iterator[FormProblem]:
    for name in ("identity", "summary"):
        paths = definition.get(name, [])
        if not isinstance(paths, list):
            yield FormProblem("", "bad_property", {"property": name})
            continue
        for path in paths:
            if not isinstance(path, str) or path not in known:
                yield FormProblem("", "unknown_path", {"property": name, "path": str(path)})
    for entry, at, _ in _walk(definition["fields"]):
        for path in entry.get("trigger", ()):
            if path not in known or path == at:
                yield FormProblem(at, "unknown_path", {"property": "trigger", "path": path})
