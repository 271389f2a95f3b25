"""A backup is one state of each database, checked, and comes back as it was; nothing is ever written over."""

from __future__ import annotations

import base64
import threading
from pathlib import Path

import pytest

from sync.embedded import EmbeddedStore
from sync.embedded.backup import CONTENTS, LEAP, BackupError, Contents, back_up, read_contents, restore, verify

PHOTO = base64.b64encode(bytes(range(256)) * 2_000).decode()


def backed_up(store: EmbeddedStore, folder: Path, target: Path) -> Contents:
    databases = {name: store.database(name).path for name in store.names()}
    return back_up(databases, [folder / "uuid"], target, made="2026-11-25", version="1", told=lambda _: None)


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    found = EmbeddedStore(tmp_path / "db")
    north = found.create("north")
    north.set_security({"members": {"roles": ["team:north"]}})
    north.put({"_id": "a", "n": 1})
    north.put({"_id": "p", "_attachments": {"file": {"content_type": "image/jpeg", "data": PHOTO}}})
    north.put_local("checkpoint", {"seq": 1})
    found.create("south").put({"_id": "b"})
    return found


def brought_back(source: Path, folder: Path) -> EmbeddedStore:
    contents = read_contents(source)
    verify(source, contents, told=lambda _: None)
    restore(source, contents, folder / "db", folder)
    return EmbeddedStore(folder / "db")


def test_everything_comes_back(store: EmbeddedStore, tmp_path: Path) -> None:
    contents = backed_up(store, tmp_path / "db", tmp_path / "backup")
    assert [(each.name, each.seq, each.documents) for each in contents.databases] == [("north", 2, 2), ("south", 1, 1)]
    (tmp_path / "new").mkdir()
    again = brought_back(tmp_path / "backup", tmp_path / "new")
    assert again.uuid == store.uuid
    north, was = again.database("north"), store.database("north")
    assert north.get("a") == was.get("a")
    assert north.security() == was.security()
    assert north.get_local("checkpoint") == was.get_local("checkpoint")
    assert b"".join(north.attachment("p", "file").chunks) == base64.b64decode(PHOTO)


def test_whoever_read_further_than_the_backup_hears_of_what_comes_after(store: EmbeddedStore, tmp_path: Path) -> None:
    backed_up(store, tmp_path / "db", tmp_path / "backup")
    for number in range(50):
        store.database("north").put({"_id": f"later:{number}"})
    reached = store.database("north").info().update_seq
    (tmp_path / "new").mkdir()
    north = brought_back(tmp_path / "backup", tmp_path / "new").database("north")
    assert north.info().update_seq == 2 + LEAP
    north.put({"_id": "new"})
    assert [change.id for change in north.changes(reached).results] == ["new"]


def test_a_backup_while_somebody_writes_is_one_state(store: EmbeddedStore, tmp_path: Path) -> None:
    stop, north = threading.Event(), store.database("north")

    def write() -> None:
        number = 0
        while not stop.is_set():
            north.put_many([{"_id": f"pair:{number}:{half}"} for half in "ab"])
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        targets = [tmp_path / f"backup-{number}" for number in range(5)]
        for target in targets:
            backed_up(store, tmp_path / "db", target)
    finally:
        stop.set()
        writer.join()
    for target in targets:
        folder = tmp_path / f"{target.name}-back"
        folder.mkdir()
        ids = [row.id for row in brought_back(target, folder).database("north").all(start="pair:", end="pair;")]
        assert len(ids) % 2 == 0


def test_nothing_is_written_over(store: EmbeddedStore, tmp_path: Path) -> None:
    backed_up(store, tmp_path / "db", tmp_path / "backup")
    with pytest.raises(BackupError, match="there already"):
        backed_up(store, tmp_path / "db", tmp_path / "backup")
    with pytest.raises(BackupError, match="never writes over"):
        restore(tmp_path / "backup", read_contents(tmp_path / "backup"), tmp_path / "db", tmp_path)
    assert store.database("north").get("a")["n"] == 1


def test_a_backup_that_has_changed_is_refused(store: EmbeddedStore, tmp_path: Path) -> None:
    backed_up(store, tmp_path / "db", tmp_path / "backup")
    file = tmp_path / "backup" / "north.sqlite"
    content = bytearray(file.read_bytes())
    content[5000] ^= 1
    file.write_bytes(content)
    with pytest.raises(BackupError, match="has changed"):
        verify(tmp_path / "backup", read_contents(tmp_path / "backup"), told=lambda _: None)


def test_a_folder_without_its_contents_is_no_backup(store: EmbeddedStore, tmp_path: Path) -> None:
    backed_up(store, tmp_path / "db", tmp_path / "backup")
    (tmp_path / "backup" / CONTENTS).unlink()
    with pytest.raises(BackupError, match="no whole backup"):
        read_contents(tmp_path / "backup")


def test_contents_that_name_files_elsewhere_are_refused(store: EmbeddedStore, tmp_path: Path) -> None:
    backed_up(store, tmp_path / "db", tmp_path / "backup")
    contents = tmp_path / "backup" / CONTENTS
    contents.write_bytes(contents.read_bytes().replace(b'"north.sqlite"', b'"../north.sqlite"'))
    with pytest.raises(BackupError, match="outside"):
        read_contents(tmp_path / "backup")


def test_a_damaged_database_makes_no_backup(store: EmbeddedStore, tmp_path: Path) -> None:
    with store.database("north")._file.writing() as connection:
        connection.execute("DELETE FROM blob")
    with pytest.raises(BackupError, match="not sound"):
        backed_up(store, tmp_path / "db", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()
    assert [path.name for path in tmp_path.iterdir() if "draft" in path.name] == []
