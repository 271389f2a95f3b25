"""Every property, type, function and code of forms is documented, and nothing is documented that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from schemas.definition import FORM_PROPERTIES, PROPERTIES, TYPES
from schemas.expression.functions import FUNCTIONS
from schemas.messages import catalogue

PAGE = (Path(__file__).parents[2] / "docs/forms.md").read_text("utf-8")
OPERATORS = {"or", "and", "div", "mod", "neg"}


def rows(title: str) -> set[str]:
    """The code in the first cells of a section's table."""
    section = PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return set(re.findall(r"^\| `([^`]+)`", section, flags=re.MULTILINE))


def test_every_property_of_a_form_is_documented() -> None:
    assert rows("The form") == set(FORM_PROPERTIES) - {"$schema"}


def test_every_property_of_a_field_is_documented() -> None:
    assert rows("Fields") == set(PROPERTIES)


def test_every_type_is_documented() -> None:
    assert rows("Types and their values") == TYPES


def test_every_function_is_documented() -> None:
    listed = PAGE.split("and these functions:\n\n", 1)[1].split("\n\n", 1)[0]
    written = set(re.findall(r"`([a-z][a-z0-9-]*)`", listed))
    assert written == {name for name in FUNCTIONS if name[0].isalpha()} - OPERATORS


def test_every_code_is_documented_with_its_sentence() -> None:
    assert rows("What the judge says") == set(catalogue())
    for code, texts in catalogue().items():
        assert f"| `{code}` | {texts['en']} |" in PAGE
