"""A tablet that starts from a pack: real PouchDB against the real service (law 27)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sync.store import Document
from tests.contract.revisions import A, B, C, revision
from tests.live import ROOT
from tests.service.conftest import Office
from tests.service.serving import listening

SCRIPT = Path(__file__).with_name("from_pack.mjs")
RECORDS = 1200


def record(number: int) -> Document:
    ulid = f"01JD{number:022d}"
    edit = {
        **{"id": ulid, "at": "2026-03-02T03:00:00.000Z/0000/aa", "by": "li.wei", "device": "aa", "app": "1"},
        **{"version": 1, "set": {}, "unset": [], "seen": {}, "note": None, "sig": "x"},
    }
    members = {"type": "record", "form": "enterprise-visit", "version": 1, "team": "north", "answers": {}}
    return {**revision(f"record:enterprise-visit:{ulid}", A), **members, "edits": [edit]}


def task(name: str, *hashes: str, **members: Any) -> Document:
    return revision(f"task:{name}", *hashes, type="task", team="north", **members)


@pytest.fixture
def happened(office: Office) -> dict[str, Any]:
    """What the script told of a mailbox with records of one's own, a conflict, and deletions."""
    docs = [record(number) for number in range(RECORDS)]
    docs += [task("conflict", B, A, n=1), task("conflict", C, A, n=2), task("changed", C, B, A)]
    docs += [task("deleted", B, A, _deleted=True), task("branch", B, A), task("branch", C, A, _deleted=True)]
    assert office.mailbox("north").put_revisions(docs) == []
    with listening(office.app) as url:
        command = ["node", str(SCRIPT), url, office.token("li.wei"), "mailbox-north", "li.wei"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_pack_amounts_to_replication_without_the_first_pass(happened: dict[str, Any]) -> None:
    assert happened["same"] is True
    assert happened["leaves"] == RECORDS + 6 + 1
    assert (happened["conflicts"], happened["gone"]) == (1, "deleted")
    assert happened["joining"]["revsDiff"] == happened["joining"]["bulkGet"] == 0
    # What it spares: the plain tablet asks for every document, and offers its owner's own ones back.
    assert happened["replicating"]["revsDiff"] >= RECORDS / 50
    assert happened["replicating"]["bulkGet"] > 0
    assert happened["joining"]["requests"] < happened["replicating"]["requests"] / 2
    # From then on each direction moves what is new, and that alone.
    assert happened["offered"] == ["record:enterprise-visit:01JDZZZZZZZZZZZZZZZZZZZZZZ"]
    assert happened["sent"] == [1, 0]
    assert happened["fetched"] == [1, 1]
    first, last = happened["progress"]
    assert 0 < first["bytes"] <= first["size"] == last["bytes"]
    assert last["documents"] == last["of"] == RECORDS + 4
