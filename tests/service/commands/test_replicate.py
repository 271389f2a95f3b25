"""`rounds replicate`, run as a person runs it: between directories, and a store that is served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sync.embedded import EmbeddedStore
from tests.served import served
from tests.service.commands.test_commands import Terminal

LEFT_OUT = 3


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "data")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    store = EmbeddedStore(tmp_path / "source")
    for name in ("one", "two"):
        database = store.create(name)
        database.set_security({"members": {"names": [], "roles": ["team:north"]}})
        for n in range(3):
            database.put({"_id": f"{name}:{n}", "n": n})
    return tmp_path / "source"


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of a served store; its name and password are in `netrc` beside it."""
    with served(tmp_path / "served") as url:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}"
        netrc = tmp_path / "netrc"
        netrc.write_text(f"machine {host} login {parts.username} password {parts.password}\n")
        netrc.chmod(0o600)
        yield f"http://{host}"


def test_all_databases_go_to_a_store_that_is_served_and_the_second_time_nothing(
    terminal: Terminal, source: Path, address: str, tmp_path: Path
) -> None:
    words = ("replicate", str(source), address, "--credentials", str(tmp_path / "netrc"), "--create")
    first = terminal.json(*words)
    assert {name: tally["written"] for name, tally in first.items()} == {"one": 3, "two": 3}
    assert {name: tally["checked"] for name, tally in terminal.json(*words).items()} == {"one": 0, "two": 0}
    copy = EmbeddedStore(tmp_path / "served")
    assert copy.database("two").get("two:1")["n"] == 1
    assert copy.database("one").security() == EmbeddedStore(source).database("one").security()


def test_a_selector_and_a_database_can_be_chosen(terminal: Terminal, source: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    chosen = ("--database", "one", "--selector", '{"n": {"$gt": 1}}', "--create")
    said = terminal.ok("replicate", str(source), str(tmp_path / "copy"), *chosen)
    assert "one: 1 looked at, 1 written" in said
    copy = EmbeddedStore(tmp_path / "copy")
    assert copy.names() == ["one"]
    assert [row.id for row in copy.database("one").all()] == ["one:2"]


def test_a_place_that_lets_nobody_in_without_a_name_is_a_sentence(
    terminal: Terminal, source: Path, address: str, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("")
    words = ("replicate", str(source), address, "--credentials", str(tmp_path / "netrc"))
    assert terminal.refused(*words).startswith("rounds: ")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("nowhere", "nowhere"), "neither a directory nor an address"),
        (("http://admin:secret@127.0.0.1:1", "."), "Leave name and password out of the address"),
        ((".", ".", "--selector", "{"), "not JSON"),
        ((".", ".", "--selector", "5"), "must be a JSON object"),
        ((".", ".", "--database", "nothing"), "not there at both ends"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(
    terminal: Terminal, words: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    places = [str(tmp_path / "here") if word == "." else word for word in words]
    assert sentence in terminal.refused("replicate", *places)


def test_a_password_that_others_can_read_is_not_used(terminal: Terminal, source: Path, tmp_path: Path) -> None:
    netrc = tmp_path / "open"
    netrc.write_text("machine 127.0.0.1 login a password b\n")
    netrc.chmod(0o644)
    words = ("replicate", str(source), "http://127.0.0.1:1", "--credentials", str(netrc))
    assert "chmod 600" in terminal.refused(*words)


def test_a_refusal_is_shown_as_json_too(terminal: Terminal, tmp_path: Path) -> None:
    """An attachment whose bytes are gone cannot travel; everything else does."""
    database = EmbeddedStore(tmp_path / "source").create("one")
    database.put({"_id": "fine"})
    database.put({"_id": "gone", "_attachments": {"file": {"content_type": "text/plain", "data": "eA=="}}})
    with database._file.writing() as connection:
        connection.execute("DELETE FROM chunk")
    (tmp_path / "copy").mkdir()
    done = terminal.run("replicate", str(tmp_path / "source"), str(tmp_path / "copy"), "--create", "--json")
    assert done.returncode == LEFT_OUT, done.stderr
    [refusal] = json.loads(done.stdout)["one"]["refusals"]
    assert (refusal["id"], refusal["error"]) == ("gone", "damaged")
    assert json.loads(done.stdout)["one"]["written"] == 1
