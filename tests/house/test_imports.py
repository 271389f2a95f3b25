"""Dependencies point one way: service → sync → schemas (docs/architecture.md)."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_IMPORT = {
    "schemas": {"schemas"},
    "sync": {"sync", "schemas"},
    "service": {"service", "sync", "schemas"},
}
OURS = set(MAY_IMPORT)
WEB = {"flask", "werkzeug", "flask_smorest", "flask_wtf", "gunicorn"}
STORAGE = {"sqlite3", "sqlalchemy", "ibmcloudant", "requests", "urllib", "http", "socket", "subprocess"}


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports, wherever in it the import stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def modules(room: str) -> list[Path]:
    found = sorted((ROOT / room).rglob("*.py"))
    assert found, f"{room} has no modules"
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    strays = {
        str(path.relative_to(ROOT)): sorted(bad)
        for path in modules(room)
        if (bad := (imported(path) & (OURS | {"tests", "examples"})) - MAY_IMPORT[room])
    }
    assert strays == {}


def test_schemas_does_no_input_or_output() -> None:
    strays = {str(path): sorted(bad) for path in modules("schemas") if (bad := imported(path) & (WEB | STORAGE))}
    assert strays == {}


def test_sync_knows_flask_only_in_the_protocol() -> None:
    strays = {
        str(path.relative_to(ROOT))
        for path in modules("sync")
        if imported(path) & WEB
        and not str(path.relative_to(ROOT)).startswith(("sync/embedded/protocol", "sync/embedded/serving"))
    }
    # `python -m sync.embedded` starts a server of its own.
    assert strays <= {"sync/embedded/__main__.py"}


def test_the_check_sees_an_import_that_points_up(tmp_path: Path) -> None:
    module = tmp_path / "stray.py"
    module.write_text("def f() -> None:\n    from service import app\n")
    assert "service" in imported(module)
