"""Values as people in the office read them."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import parse
from schemas.summary import summary
from service.office.values import Reader, show

LABEL = {"en": "x"}
NAMES = {"entity:firm:1": "Steel works", "entity:firm:2": "Mill"}
CHOSEN = {"label": LABEL, "choices": {"entity": "firm"}}
FORM = parse(
    {
        "form": "f",
        "version": 1,
        "languages": ["en"],
        "title": LABEL,
        "summary": ["/one"],
        "fields": [
            {"name": "one", "type": "select_one", "other": {"label": {"en": "Elsewhere"}}, **CHOSEN},
            {"name": "many", "type": "select_many", **CHOSEN},
            {"name": "thing", "type": "entity", "entity": "firm", "label": LABEL},
        ],
    }
)
READER = Reader("en", lambda entity, _language: NAMES.get(entity), lambda *_: pytest.fail("there is no picture"))


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("/one", "entity:firm:1", "Steel works"),
        ("/one", "entity:firm:9", "entity:firm:9"),
        ("/one", "other", "Elsewhere"),
        ("/many", ["entity:firm:2", "entity:firm:1"], "Mill, Steel works"),
        ("/thing", "entity:firm:2", "Mill"),
    ],
)
def test_entities_are_shown_by_their_names_wherever_they_were_chosen(path: str, value: Any, text: str) -> None:
    assert show(FORM.field(path), value, FORM, READER).text == text


@pytest.mark.parametrize(("value", "text"), [("entity:firm:1", "Steel works"), ("other", "Elsewhere")])
def test_a_record_is_called_by_the_entity_that_a_select_chose(value: str, text: str) -> None:
    assert summary(FORM, {"one": value}, READER.entity) == {"en": text}
