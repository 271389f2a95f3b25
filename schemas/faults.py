"""Everything wrong with the text of a form: where in the file it stands, and a sentence that says what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.definition import FORM_PROPERTIES, PROPERTIES, FormError, FormProblem
from schemas.expression.functions import FUNCTIONS
from schemas.form import compile_form
from schemas.messages import LANGUAGES, Text, filled
from schemas.positions import JsonError, Position, read
from schemas.problems import fields_of, locate


@dataclass(frozen=True, order=True)
class Fault:
    """One mistake. `code` is `not_json` where the text cannot be read; `path` is the field's, empty for the form."""

    position: Position
    path: str
    code: str
    sentence: Text

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.position.line}:{self.position.column}: {where}{self.sentence['en']}"


@dataclass(frozen=True)
class Examined:
    """What the text of a form amounts to. `compiled` is what would be published; None where there are faults."""

    compiled: dict[str, Any] | None
    faults: tuple[Fault, ...]


def examine(text: str) -> Examined:
    """Read and check the text of a form. Never raises."""
    try:
        source = read(text)
    except JsonError as error:
        return Examined(None, (Fault(error.position, "", "not_json", dict.fromkeys(LANGUAGES, error.reason)),))
    try:
        return Examined(compile_form(source.value), ())
    except FormError as error:
        found = [_fault(locate(source, each), each, source.value) for each in error.problems]
        return Examined(None, tuple(sorted(found, key=lambda fault: (fault.position, fault.path, fault.code))))


@cache
def sentences() -> Mapping[str, Text]:
    """A sentence for every code of `FormProblem`, in the languages of the screens."""
    found: dict[str, Text] = json.loads(files("schemas").joinpath("faults.json").read_text("utf-8"))
    return found


def _fault(position: Position, problem: FormProblem, definition: Any) -> Fault:
    params = {name: str(value) for name, value in problem.params.items()}
    sentence = {language: filled(text, params) for language, text in sentences()[problem.code].items()}
    if near := _near(problem, definition):
        meant = {language: filled(text, {"near": near}) for language, text in sentences()["near"].items()}
        gap = {"en": " "}
        sentence = {language: text + gap.get(language, "") + meant[language] for language, text in sentence.items()}
    return Fault(position, problem.path, problem.code, sentence)


def _near(problem: FormProblem, definition: Any) -> str:
    """The name that was probably meant; empty where none is like it."""
    written = str(problem.params.get("property" if problem.code == "unknown_property" else "name", ""))
    found = get_close_matches(written, _there_are(problem, definition), n=1, cutoff=0.7)
    return found[0] if found else ""


def _there_are(problem: FormProblem, definition: Any) -> list[str]:
    """The names that a problem's name could be instead."""
    if problem.code == "unknown_property":
        kind = problem.params.get("type")
        return (
            sorted(each for each in PROPERTIES if kind in PROPERTIES[each].types) if kind else sorted(FORM_PROPERTIES)
        )
    if problem.code == "unknown_function":
        return sorted(FUNCTIONS)
    if problem.code == "unknown_list":
        return sorted(definition["lists"]) if isinstance(definition.get("lists"), Mapping) else []
    if problem.code == "unknown_field":
        return sorted(path.rsplit("/", 1)[1] for path, _ in fields_of(definition))
    return []
