"""Another value than those that stand: asked for, and read, as each type of field has it."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.form import Form, parse
from service.office.third_values import typed

CHOICES = [{"name": name, "label": {"en": name}} for name in ("a", "b", "c")]


def form_of(kind: str, **more: Any) -> Form:
    field = {"name": "one", "type": kind, "label": {"en": "One"}, **more}
    return parse({"form": "f", "version": 1, "languages": ["en"], "title": {"en": "F"}, "fields": [field]})


@pytest.mark.parametrize(
    ("kind", "more", "given", "wanted"),
    [
        ("text", {}, [" one \r\n two "], "one \n two"),
        ("text", {}, ["  "], None),
        ("integer", {}, ["-12"], -12),
        ("integer", {}, ["twelve"], "twelve"),
        ("decimal", {"places": 2}, ["1.50"], "1.50"),
        ("date", {}, ["2026-11-23"], "2026-11-23"),
        ("time", {}, ["08:30"], "08:30"),
        ("datetime", {}, ["2026-11-23T08:30"], "2026-11-23T08:30:00+08:00"),
        ("datetime", {}, ["soon"], "soon"),
        ("boolean", {}, ["false"], False),
        ("select_one", {"choices": CHOICES}, ["b"], "b"),
        ("select_many", {"choices": CHOICES}, ["b", "c"], ["b", "c"]),
        ("rank", {"choices": CHOICES}, ["3", "1", "2"], ["b", "c", "a"]),
        ("rank", {"choices": CHOICES}, ["2", "", "1"], ["c", "a"]),
        ("photo", {}, ["d" * 64], ["d" * 64]),
        ("signature", {}, ["d" * 64], "d" * 64),
    ],
)
def test_a_form_field_becomes_a_value_of_its_type(
    kind: str, more: dict[str, Any], given: list[str], wanted: Any
) -> None:
    form = form_of(kind, **more)
    field = form.field("/one")
    assert field is not None
    assert typed(field, form, given) == wanted
