"""Damage is found and named, whatever of a database's file it is in; a sound one is found sound."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.examine import MOST, examine
from sync.embedded.upkeep import compact

PHOTO = base64.b64encode(bytes(range(256)) * 2_000).decode()


def rev(number: int, letter: str) -> str:
    return f"{number}-{letter * 32}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with history, a conflict, a tombstone, attachments and a local document."""
    database = EmbeddedStore(tmp_path).create("north")
    first = database.put({"_id": "a", "n": 1})
    database.put({"_id": "a", "n": 2, "_rev": first})
    gone = database.put({"_id": "gone"})
    database.put({"_id": "gone", "_rev": gone, "_deleted": True})
    database.put_revisions([{"_id": "c", "_rev": rev(1, "a"), "x": 1}, {"_id": "c", "_rev": rev(1, "b"), "x": 2}])
    database.put({"_id": "p", "_attachments": {"file": {"content_type": "image/jpeg", "data": PHOTO}}})
    database.put_local("checkpoint", {"seq": 1})
    return database.path


def change(path: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute(statement, values).rowcount > 0
        connection.commit()


def codes(path: Path) -> set[str]:
    return {finding.code for finding in examine(path, "north")}


def test_a_sound_database_is_sound_before_and_after_compaction(path: Path) -> None:
    assert examine(path, "north") == []
    compact(EmbeddedStore(path.parent).database("north")._file)
    assert examine(path, "north") == []


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE meta SET value = 7 WHERE key = 'live'", "count_wrong"),
        ("UPDATE meta SET value = 1 WHERE key = 'seq'", "sequence_behind"),
        ("UPDATE doc SET tree = 'nonsense' WHERE id = 'a'", "tree_unreadable"),
        ("UPDATE doc SET leaves = '{}' WHERE id = 'a'", "tree_unreadable"),
        (f"UPDATE doc SET rev = '{rev(1, 'a')}' WHERE id = 'c'", "winner_wrong"),
        (f"""UPDATE doc SET leaves = '{{"{rev(1, "f")}":false}}' WHERE id = 'c'""", "leaf_wrong"),
        ("DELETE FROM body WHERE id = 'c'", "body_missing"),
        ("DELETE FROM doc WHERE id = 'c'", "body_orphaned"),
        ("UPDATE doc SET bodies = '{}' WHERE id = 'c'", "body_missing"),
        ("UPDATE doc SET bodies = '{}' WHERE id = 'c'", "body_orphaned"),
        ("UPDATE doc SET bodies = 'nonsense' WHERE id = 'c'", "tree_unreadable"),
        ("UPDATE body SET number = number + 100 WHERE id = 'c'", "body_missing"),
        ("UPDATE body SET id = 'b' WHERE id = 'c'", "body_missing"),
        ("UPDATE doc SET winner = winner + 1 WHERE id = 'c'", "winner_wrong"),
        ("UPDATE body SET body = '{\"n\":' WHERE id = 'a'", "body_unreadable"),
        ("UPDATE body SET body = CAST('{\"x\":3}' AS BLOB) WHERE id = 'c'", "body_damaged"),
        ("UPDATE body SET attachments = replace(attachments, 'jpeg', 'jpEg') WHERE id = 'p'", "body_damaged"),
        ("DELETE FROM blob", "attachment_missing"),
        ("DELETE FROM blob", "bytes_orphaned"),
        ("DELETE FROM chunk WHERE number = 1", "attachment_damaged"),
        ("UPDATE chunk SET data = zeroblob(length(data)) WHERE number = 0", "attachment_damaged"),
        ("UPDATE chunk SET checksum = checksum + 1 WHERE number = 0", "attachment_damaged"),
    ],
)
def test_what_does_not_fit_together_is_named(path: Path, statement: str, code: str) -> None:
    change(path, statement)
    assert code in codes(path)


def test_a_finding_says_which_document(path: Path) -> None:
    change(path, "DELETE FROM body WHERE id = 'gone' AND deleted")
    [finding] = examine(path, "north")
    assert (finding.severity, finding.where) == ("error", "north/gone")


def test_many_findings_of_a_kind_are_counted(tmp_path: Path) -> None:
    database = EmbeddedStore(tmp_path).create("north")
    database.put_many([{"_id": f"{number:03d}"} for number in range(MOST + 5)])
    change(database.path, "DELETE FROM body")
    found = examine(database.path, "north")
    assert len(found) == MOST + 1
    assert "5 more" in found[-1].text


def test_a_page_that_was_written_over_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        [[root]] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'doc'")
        [[size]] = connection.execute("PRAGMA page_size")
    with path.open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xa5" * size)
    assert codes(path) & {"page_damaged", "unreadable"}


def test_a_file_that_is_no_database_is_found(tmp_path: Path) -> None:
    path = tmp_path / "north.sqlite"
    path.write_bytes(b"nothing of the kind" * 500)
    assert codes(path) == {"unreadable"}
