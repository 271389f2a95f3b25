"""docs/architecture.md names every module with its responsibility."""

from __future__ import annotations

from tests.house.modules import PAGE, modules, purpose, table


def test_every_module_says_what_it_is_for() -> None:
    assert [path.name for _, path in modules() if len(purpose(path)) < 15] == []


def test_the_table_of_the_architecture_is_that_of_the_code() -> None:
    assert table() in PAGE.read_text("utf-8"), "run: .venv/bin/python -m tests.house.modules"
