"""Python and JavaScript make the same of the same log, whatever stands in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from schemas.form import Form, parse
from sync.edits import edits_digest, stable
from sync.merge import Collision, fold, union
from tests.sync.logs import FOREIGN, OF_VERSIONS, replicas
from tests.vectors import form

SCRIPT = Path(__file__).parents[1] / "js/fold_lines.mjs"
DEFINITION = form("policies")
FORM = parse(DEFINITION)

MAPPED = form("mapped")

Twin = Callable[..., Any]
twice_as_many = settings(max_examples=2 * settings().max_examples)


@pytest.fixture(scope="module")
def javascript() -> Iterator[Twin]:
    """What the tablet's code makes of a log: one process for all of them."""
    node = shutil.which("node")
    assert node, "the twins need Node"
    with subprocess.Popen([node, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        asked, told = process.stdin, process.stdout

        def run(edits: list[Any], definition: Any = DEFINITION) -> Any:
            asked.write(json.dumps({"edits": edits, "form": definition}) + "\n")
            asked.flush()
            return json.loads(told.readline())

        yield run
        asked.close()


def told(collision: Collision) -> dict[str, Any]:
    heads = [head._asdict() for head in collision.heads]
    return {**asdict(collision), "heads": heads, "in_force": collision.in_force._asdict()}


def python(edits: list[Any], form: Form = FORM) -> Any:
    found = fold(edits, form)
    return {
        "values": found.values,
        "state": found.state,
        "version": found.version,
        "at": found.at,
        "collisions": [told(collision) for collision in found.collisions],
        "heads": [[path, [head._asdict() for head in heads]] for path, heads in found.heads.items()],
        "digest": edits_digest(union(edits)),
    }


@twice_as_many
@given(FOREIGN)
def test_foreign_logs(javascript: Twin, edits: list[Any]) -> None:
    told, ours = javascript(edits), python(edits)
    assert {name: told[name] for name in told if stable(told[name]) != stable(ours[name])} == {}


@given(replicas())
def test_logs_of_replicas(javascript: Twin, logs: list[list[Any]]) -> None:
    edits = [edit for log in logs for edit in log]
    told, ours = javascript(edits), python(edits)
    assert {name: told[name] for name in told if stable(told[name]) != stable(ours[name])} == {}


@given(OF_VERSIONS)
def test_logs_of_several_versions(javascript: Twin, edits: list[Any]) -> None:
    told, ours = javascript(edits, MAPPED), python(edits, parse(MAPPED))
    assert {name: told[name] for name in told if stable(told[name]) != stable(ours[name])} == {}
