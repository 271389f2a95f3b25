"""What tests of forms share."""

from __future__ import annotations

import pytest

from schemas.bundled import bundled
from schemas.form import Form, compile_form, parse


@pytest.fixture(scope="module")
def forms() -> dict[str, Form]:
    return {name: parse(compile_form(definition)) for name, definition in bundled().items()}
