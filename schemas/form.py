"""Forms: parsed, checked, immutable.

An authored definition holds expressions as text; `compile_form` turns it into the published one, in which each
expression carries its tree. `parse` reads either. Everything wrong is collected, not just the first thing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from schemas import specify
from schemas.definition import EXPRESSIONS, FormError, FormProblem, check_definition, kind_of_entities
from schemas.expression.check import doubts, never_true
from schemas.expression.functions import VOLATILE
from schemas.expression.parse import LAST_SAVED, ExpressionError, Tree, located, walk
from schemas.mapping import FormMapping, check_mapping, read_mapping

__all__ = ["Choice", "Expression", "Field", "Form", "FormError", "FormProblem", "compile_form", "parse"]

Text = Mapping[str, str]

MOMENTARY = frozenset({"now", "today"})

_SHOWN = frozenset({"name", "label", "media"})

_ROW = re.compile(r"/[0-9A-HJKMNP-TV-Z]{26}(?=/|$)")


@dataclass(frozen=True)
class Expression:
    """An expression: what its author wrote, and the tree that is evaluated."""

    text: str
    tree: Tree = field(hash=False)
    columns: Mapping[int, int] = field(default_factory=dict, hash=False, compare=False, repr=False)
    """Where in the text the word of each node of the tree stands, by the node's `id()`."""


@dataclass(frozen=True)
class Choice:
    """One of the choices of a select. `extra` holds its other properties, for `choice_filter`."""

    name: str
    label: Text = field(hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)
    media: Mapping[str, Text] = field(default_factory=dict, hash=False)

    @cached_property
    def row(self) -> Mapping[str, Any]:
        """What `choice_filter` and lookups see of it."""
        return {"label": next(iter(self.label.values()), ""), **self.extra, "name": self.name}


@dataclass(frozen=True, eq=False)
class Field:
    """One question, calculation, group or repeat. `path` is its schema path, such as `/problems/kind`."""

    name: str
    type: str
    path: str
    label: Text
    parent: Field | None = field(default=None, repr=False)
    hint: Text = field(default_factory=dict)
    media: Mapping[str, Text] = field(default_factory=dict)
    message: Text = field(default_factory=dict)
    required_message: Text = field(default_factory=dict)
    row_label: Text = field(default_factory=dict)
    required: bool | Expression = False
    readonly: bool | Expression = False
    relevant: Expression | None = None
    constraint: Expression | None = None
    calculate: Expression | None = None
    trigger: tuple[str, ...] = ()
    choice_filter: Expression | None = None
    other: bool = False
    default: Any = None
    choices: tuple[Choice, ...] = ()
    entity: str = ""
    """The kind of the entities that are chosen from; a select that has one knows no `choices` but `other`."""
    merge: str = "ask"
    value: str = ""
    appearance: str = ""
    unique: bool = False
    max_length: int | None = None
    min: int | str | None = None
    max: int | str | None = None
    places: int | None = None
    max_files: int = 5
    min_rows: int = 0
    max_rows: int | None = None
    row_count: Expression | None = None
    fields: tuple[Field, ...] = ()

    @cached_property
    def precision(self) -> str:
        """How closely a date is asked: `day`, `month` or `year`."""
        looks = set(self.appearance.split())
        return "month" if looks & {"month", "month-year"} else "year" if "year" in looks else "day"

    @property
    def is_container(self) -> bool:
        return self.type in ("group", "repeat")

    @cached_property
    def is_stored(self) -> bool:
        """Whether its calculation runs on the tablet alone: it asks for the time, looks an entity up, or waits for its
        trigger."""
        if self.trigger:
            return True
        nodes = walk(self.calculate.tree) if self.calculate is not None else ()
        return any(node.get("call") in MOMENTARY or node.get("entities") for node in nodes)

    @property
    def is_computed(self) -> bool:
        """Whether whoever judges works its value out anew."""
        return self.calculate is not None and not self.is_stored

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The fields of a group or repeat."""
        return {each.name: each for each in self.fields}

    @cached_property
    def choice_names(self) -> frozenset[str]:
        return frozenset(choice.name for choice in self.choices)

    def walk(self) -> Iterator[Field]:
        """This field and those below it, in the order of the form."""
        yield self
        for each in self.fields:
            yield from each.walk()


@dataclass(frozen=True, eq=False)
class Form:
    """A form version. `definition` is what it was read from."""

    id: str
    version: int
    title: Text
    languages: tuple[str, ...]
    timezone: ZoneInfo
    identity: tuple[str, ...]
    summary: tuple[str, ...]
    lists: Mapping[str, tuple[Choice, ...]]
    mapping: FormMapping
    fields: tuple[Field, ...]
    definition: Mapping[str, Any]

    def walk(self) -> Iterator[Field]:
        """Every field, in the order of the form."""
        for each in self.fields:
            yield from each.walk()

    @cached_property
    def by_name(self) -> Mapping[str, Field]:
        """The outermost fields."""
        return {each.name: each for each in self.fields}

    @cached_property
    def by_path(self) -> Mapping[str, Field]:
        return {each.path: each for each in self.walk()}

    def field(self, path: str) -> Field | None:
        """The field that a path means: a schema path, or a record's path with rows named by their ULIDs."""
        return self.by_path.get(path) or self.by_path.get(_ROW.sub("", path))


def parse(definition: Mapping[str, Any]) -> Form:
    """Read a form definition, authored or published. Raises `FormError` with everything that is wrong with it."""
    problems = check_definition(definition)
    if problems:
        raise FormError(problems)
    return _Parser(definition).form()


def compile_form(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The published definition: every expression with its tree. Raises `FormError`."""
    form = parse(definition)
    compiled = {**definition, "fields": [_compiled(each, form) for each in definition["fields"]]}
    compiled.pop("$schema", None)
    return compiled


def _compiled(entry: Mapping[str, Any], form: Form, prefix: str = "") -> dict[str, Any]:
    path = f"{prefix}/{entry['name']}"
    found = form.by_path[path]
    compiled = dict(entry)
    for name in EXPRESSIONS:
        expression = getattr(found, name)
        if isinstance(expression, Expression):
            compiled[name] = {"text": expression.text, "tree": expression.tree}
    if isinstance(found.default, Expression):
        compiled["default"] = {"expression": {"text": found.default.text, "tree": found.default.tree}}
    if "other" in entry:
        compiled["other"] = specify.in_full(entry["other"], entry["label"])
    if "fields" in entry:
        compiled["fields"] = [_compiled(each, form, path) for each in entry["fields"]]
    return compiled


_PLAIN = {each.name for each in fields(Field)} - {
    "name",
    "path",
    "parent",
    "fields",
    "choices",
    "other",
    "default",
    *EXPRESSIONS,
}


class _Parser:
    """Builds a form from a definition that has the right shape; collects what is wrong with its expressions."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        self._definition = definition
        self._lists = {name: _choices(entries) for name, entries in definition.get("lists", {}).items()}
        self._paths = {name: path for path, name in _names(definition["fields"])}
        self._known = frozenset(self._paths.values())
        self._problems: list[FormProblem] = []

    def form(self) -> Form:
        source = self._definition
        form = Form(
            id=source["form"],
            version=source["version"],
            title=source["title"],
            languages=tuple(source["languages"]),
            timezone=ZoneInfo(source.get("timezone", "Asia/Shanghai")),
            identity=tuple(source.get("identity", ())),
            summary=tuple(source.get("summary", ())),
            lists=self._lists,
            mapping=read_mapping(source.get("mapping", ())),
            fields=self._fields(source["fields"], None),
            definition=source,
        )
        from schemas.cost import LIMIT, least_cost  # noqa: PLC0415 - they need the classes of this module
        from schemas.dependencies import cycle  # noqa: PLC0415

        self._problems += check_mapping(source, {each.path: each.type for each in form.walk()})
        if not self._problems:
            self._problems += [*_doubts(form), *_misnamed(form)]
        if not self._problems and (found := cycle(form)):
            self._problems.append(FormProblem(found, "cycle", {"path": found}))
        if not self._problems and least_cost(form) > LIMIT:
            self._problems.append(FormProblem("", "too_costly", {"max": LIMIT}))
        if self._problems:
            raise FormError(self._problems)
        return form

    def _fields(self, entries: Sequence[Mapping[str, Any]], parent: Field | None) -> tuple[Field, ...]:
        return tuple(self._field(each, parent) for entry in entries for each in _with_text(entry, parent))

    def _field(self, entry: Mapping[str, Any], parent: Field | None) -> Field:
        path = f"{parent.path if parent else ''}/{entry['name']}"
        plain = {name: value for name, value in entry.items() if name in _PLAIN}
        plain.setdefault("label", {})
        plain["trigger"] = tuple(entry.get("trigger", ()))
        plain["entity"] = kind_of_entities(entry)
        found = Field(
            name=entry["name"],
            path=path,
            parent=parent,
            choices=self._choices_of(entry),
            other="other" in entry,
            default=self._default(entry.get("default"), path),
            **{
                name: self._expression(entry.get(name), path, name)
                for name in EXPRESSIONS
                if entry.get(name) is not None
            },
            **plain,
        )
        object.__setattr__(found, "fields", self._fields(entry.get("fields", ()), found))
        return found

    def _choices_of(self, entry: Mapping[str, Any]) -> tuple[Choice, ...]:
        choices = entry.get("choices", ())
        of_list = isinstance(choices, Mapping)
        found = self._lists.get(choices.get("list", ""), ()) if of_list else _choices(choices)
        if "other" not in entry or any(choice.name == specify.OTHER for choice in found):
            return found
        return (*found, Choice(specify.OTHER, specify.in_full(entry["other"], entry["label"])["label"]))

    def _path_of(self, called: str, path: str) -> str | None:
        """The path of a field by its name, or by the way to it from the field at `path`."""
        if not called.startswith("../"):
            return self._paths.get(called)
        while called.startswith("../"):
            path, called = path.rpartition("/")[0], called[3:]
        found = f"{path}/{called}"
        return found if found in self._known else None

    def _default(self, default: Any, path: str) -> Any:
        if isinstance(default, Mapping) and "expression" in default:
            return self._expression(default["expression"], path, "default")
        return default

    def _expression(self, source: Any, path: str, name: str) -> Any:
        if isinstance(source, bool):
            return source
        text = source if isinstance(source, str) else source["text"]
        try:
            tree, columns = located(text, lambda called: self._path_of(called, path), items=name == "choice_filter")
        except ExpressionError as error:
            params = {"property": name, "column": error.column, "name": error.name}
            self._problems.append(FormProblem(path, error.code, params))
            return Expression(text, {"lit": ""})
        for look in (node for node in walk(tree) if "lookup" in node and node["lookup"] not in self._lists):
            look["entities"] = True
            if name not in ("calculate", "default"):
                params = {"property": name, "name": look["lookup"]}
                self._problems.append(FormProblem(path, "only_in_calculate", params))
        volatile = {node["call"] for node in walk(tree) if node.get("call") in VOLATILE}
        volatile |= {LAST_SAVED for node in walk(tree) if "last" in node}
        if volatile and name != "default":
            self._problems.append(FormProblem(path, "only_in_default", {"property": name, "name": min(volatile)}))
        return Expression(text, tree, columns)


def _doubts(form: Form) -> Iterator[FormProblem]:
    """What can be seen to be wrong without any answers."""
    for each in form.walk():
        for name in EXPRESSIONS:
            expression = getattr(each, name)
            if not isinstance(expression, Expression):
                continue
            for doubt in doubts(expression.tree, form.by_path.get):
                place = {"property": name, "column": expression.columns.get(id(doubt.node), 1)}
                yield FormProblem(each.path, doubt.code, {**place, "name": doubt.name})
            if name == "relevant" and (node := never_true(expression.tree, form.by_path.get)) is not None:
                place = {"property": name, "column": expression.columns.get(id(node), 1)}
                yield FormProblem(each.path, "never_true", {**place, "name": expression.text})


def _misnamed(form: Form) -> Iterator[FormProblem]:
    """Choices that a mapping leads to and that there are not."""
    for number, step in enumerate(form.mapping.steps):
        for path, names in step.choices.items():
            field = form.by_path[form.mapping.path(path, step.version)]
            for old, new in names.items():
                name = form.mapping.choice(path, new, step.version)
                if field.choices and name not in field.choice_names:
                    params = {"property": f"mapping.{number}.choices.{path}.{old}", "name": new}
                    yield FormProblem("", "unknown_choice", params)


def _choices(entries: Sequence[Mapping[str, Any]]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            each["name"],
            each["label"],
            {key: value for key, value in each.items() if key not in _SHOWN},
            each.get("media", {}),
        )
        for each in entries
    )


def _with_text(entry: Mapping[str, Any], parent: Field | None) -> list[Mapping[str, Any]]:
    """A field, and the text beside it where it is a select that takes something else."""
    path = f"{parent.path if parent else ''}/{entry['name']}"
    return [entry, specify.question(entry, path)] if "other" in entry else [entry]


def _names(entries: Sequence[Mapping[str, Any]], prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in entries:
        path = f"{prefix}/{entry['name']}"
        yield path, entry["name"]
        if "other" in entry:
            yield specify.name_of(path), specify.name_of(entry["name"])
        yield from _names(entry.get("fields", ()), path)
