"""The sentences about mistakes in forms: one for every code, in every language, with nothing left unfilled."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import schemas
from schemas.faults import examine, sentences
from schemas.messages import LANGUAGES

FOLDER = Path(schemas.__file__).parent
CODES = re.compile(r'FormProblem\(\w*(?:\.path)?(?:"")?, "([a-z_]+)"|(?:ExpressionError|Doubt)\("([a-z_]+)"')
LABEL = {"en": "A"}


def codes() -> Iterator[str]:
    for file in FOLDER.rglob("*.py"):
        for found in CODES.finditer(file.read_text("utf-8")):
            yield found[1] or found[2]


def test_every_code_has_its_sentence_in_every_language_and_no_sentence_is_left_over() -> None:
    assert set(sentences()) == {*codes(), "near"}
    assert all(tuple(text) == LANGUAGES for text in sentences().values())


def form(*fields: dict[str, Any], **more: Any) -> str:
    whole = {"form": "a", "version": 1, "languages": ["en"], "title": LABEL, "fields": list(fields), **more}
    return json.dumps(whole)


def field(**more: Any) -> dict[str, Any]:
    return {"name": "shops", "type": "text", "label": LABEL, **more}


@pytest.mark.parametrize(
    ("text", "code", "sentence"),
    [
        (form(field(hnit=LABEL)), "unknown_property", "There is no property “hnit” here. Is “hint” meant?"),
        (form(field(), titel=LABEL), "unknown_property", "There is no property “titel” here. Is “title” meant?"),
        (
            form(field(relevant="string-lenght(.) > 1")),
            "unknown_function",
            "“relevant” calls string-lenght(), and there is no such function. Is “string-length” meant?",
        ),
        (form(field(calculate="${qqqqq}")), "unknown_field", "“calculate” reads “qqqqq”, and there is no such field."),
        (form({"name": "shops", "type": "text"}), "missing_property", "a field of type text needs it"),
        (form(field(), languages=["en", "zh-Hans"]), "missing_translation", "“label” has no text in zh-Hans."),
        (form(field(type="select_one", choices={"list": "no"})), "unknown_list", "no list “no”"),
        (form(), "no_fields", "There is no question yet"),
    ],
)
def test_a_sentence_says_what_is_wrong_and_what_was_meant(text: str, code: str, sentence: str) -> None:
    examined = examine(text)
    assert examined.compiled is None
    assert code in {fault.code for fault in examined.faults}
    assert any(sentence in fault.sentence["en"] for fault in examined.faults)
    for fault in examined.faults:
        assert not [text for text in fault.sentence.values() if re.search(r"\{\w+\}", text)]
