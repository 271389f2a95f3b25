"""`rounds forms`: what is wrong by line and column, and what a new version changes."""

from __future__ import annotations

import base64
import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import rounds
from service.form_media import FILE_BYTES
from sync.embedded.store import EmbeddedStore
from sync.pack import lines
from tests.service.commands.test_commands import Terminal

FORM: dict[str, Any] = {
    "form": "count",
    "version": 1,
    "languages": ["en"],
    "title": {"en": "Count"},
    "fields": [
        {"name": "shop", "type": "text", "label": {"en": "Shop"}},
        {"name": "state", "type": "select_one", "label": {"en": "State"},
         "choices": [{"name": "open", "label": {"en": "Open"}}, {"name": "shut", "label": {"en": "Shut"}}]},
    ],
}  # fmt: skip


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    return Terminal(tmp_path / "data")


def check(file: Path) -> list[str]:
    """What `rounds forms check` says of a file; empty where it is sound."""
    done = CliRunner().invoke(rounds, ["forms", "check", str(file)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return [line for line in done.stderr.splitlines() if not line.startswith("rounds:")]


def test_a_mistake_is_named_by_line_and_column(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    text = json.dumps(FORM, indent=1)
    file.write_text("\ufeff" + text, "utf-8")
    assert check(file) == []
    file.write_text(text.replace('"type": "text"', '"type": "text", "relevant": "1 = 1 and ${nix} = 2"'))
    (line,) = check(file)
    at = text.splitlines().index('   "type": "text",') + 1
    assert line.startswith(f"{file}:{at}:43: /shop: “relevant” reads “nix”")
    file.write_text(text.replace('"type": "text"', '"typ": "text"').replace('"version": 1', '"version": 0'))
    assert [line.split(":")[1] for line in check(file)] == ["3", "11"]


@pytest.mark.parametrize(
    ("content", "place"),
    [(b'{"form": "a",\n "form": "b"}', "2:2"), (b"{\n", "2:1"), (b"[]", "1:1"), (b"5", "1:1"), (b"[" * 9_999, "1:")],
)
def test_what_is_no_form_is_named_by_line_and_column(tmp_path: Path, content: bytes, place: str) -> None:
    file = tmp_path / "form.json"
    file.write_bytes(content)
    assert check(file)[0].startswith(f"{file}:{place}")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "form.json"
    file.write_bytes('{"form": "表"}'.encode("gb18030"))
    done = CliRunner().invoke(rounds, ["forms", "check", str(file)])
    assert done.exit_code == 1
    assert "byte 11 is not UTF-8" in done.stderr


def write(file: Path, **changes: Any) -> str:
    file.write_text(json.dumps(FORM | changes), "utf-8")
    return str(file)


def test_a_version_that_loses_values_is_published_only_with_yes(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("init")
    first = write(tmp_path / "1.json")
    second = write(tmp_path / "2.json", version=2, fields=FORM["fields"][1:])
    third = write(tmp_path / "3.json", version=3, fields=[*FORM["fields"][1:], {**FORM["fields"][0], "name": "till"}])
    assert terminal.ok("forms", "publish", first) == "count 1: published\n"
    assert terminal.ok("forms", "publish", first) == "count 1: is published already\n"
    done = terminal.run("forms", "publish", second)
    assert done.returncode == 1
    assert "loses a value: /shop was removed" in done.stdout
    assert "count 2" in done.stderr and "--yes" in done.stderr
    assert [row["version"] for row in terminal.json("forms", "list")] == [1]
    assert "/shop was removed" in terminal.ok("forms", "publish", "--yes", second, third)
    assert [row["version"] for row in terminal.json("forms", "list")] == [1, 2, 3]
    assert terminal.ok("forms", "publish", first, second, third).count("already") == 3
    rows = terminal.json("forms", "diff", "count:2", third)
    assert [(row["path"], row["code"], row["severity"]) for row in rows] == [("/till", "added", "safe")]
    assert "loses a value" in terminal.ok("forms", "diff", "count:1", "count:2")
    assert "not published" in terminal.refused("forms", "diff", "count:1", "count:9")


def test_files_are_compared_without_a_store(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.json"), write(tmp_path / "2.json", languages=["en"], timezone="UTC")

    def say(*words: str) -> Result:
        return CliRunner().invoke(rounds, ["forms", "diff", *words, "--data", str(tmp_path / "no")])

    assert say(first, first).stdout == "Nothing changes for records under way.\n"
    assert "today and now are those of UTC" in say(first, second).stdout
    assert "neither a file nor" in say(first, "nothing").stderr
    assert "different forms" in say(first, write(tmp_path / "3.json", form="other")).stderr
    assert "4.json:1:30: " in say(first, write(tmp_path / "4.json", version=0)).stderr


def test_a_folder_and_what_is_piped_in_are_checked_too(tmp_path: Path) -> None:
    write(tmp_path / "1.json")
    write(tmp_path / "2.json", version=0)
    done = CliRunner().invoke(rounds, ["forms", "check", str(tmp_path), "--json"])
    (row,) = json.loads(done.stdout)
    assert (row["file"], row["line"], row["code"]) == (str(tmp_path / "2.json"), 1, "bad_property")
    assert (done.exit_code, done.stderr) == (1, "rounds: 1 mistake in 1 file.\n")
    piped = CliRunner().invoke(rounds, ["forms", "check", "-"], input='{"form": 1,')
    assert (piped.exit_code, piped.stderr.splitlines()[0]) == (1, "-:1:12: a name in double quotes is expected here")
    (tmp_path / "empty").mkdir()
    assert "no .json file" in CliRunner().invoke(rounds, ["forms", "check", str(tmp_path / "empty")]).stderr


def test_a_draft_is_kept_listed_published_and_then_gone(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("init")
    assert "with 1 mistake\n" in terminal.ok("forms", "draft", write(tmp_path / "1.json", version=0), "--by", "li.wei")
    assert "draft count:1:" in terminal.refused("forms", "publish", "--draft", "count")
    assert terminal.ok("forms", "draft", write(tmp_path / "1.json")) == "count: kept\n"
    (row,) = terminal.json("forms", "drafts")
    assert (row["form"], row["by"], row["mistakes"]) == ("count", "office", 0)
    assert terminal.ok("forms", "publish", "--draft", "count") == "count 1: published\n"
    assert terminal.json("forms", "drafts") == []
    assert "no such draft" in terminal.refused("forms", "draft", "--drop", "count")
    (tmp_path / "2.json").write_text('{"form": "No Id"}')
    assert "must name the form" in terminal.refused("forms", "draft", str(tmp_path / "2.json"))
    terminal.ok("forms", "draft", write(tmp_path / "1.json", version=2))
    assert terminal.ok("forms", "draft", "--drop", "count") == "count: thrown away\n"


SHOWING: dict[str, Any] = {
    **FORM,
    "fields": [{**FORM["fields"][0], "media": {"image": {"en": "shop.png"}, "audio": {"en": "shop.txt"}}}],
}


def test_what_a_form_shows_is_checked_and_published_from_a_folder(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("init")
    media = tmp_path / "media"
    media.mkdir()
    file = write(tmp_path / "1.json", fields=SHOWING["fields"])
    said = CliRunner().invoke(rounds, ["forms", "check", file, "--media", str(media)]).stderr
    assert f"shop.png: there is no such file in {media}" in said
    assert "shop.txt: there is no such kind of audio" in said
    assert "shop.png: a file is missing" in terminal.refused("forms", "publish", file)
    fields = [{**FORM["fields"][0], "media": {"image": {"en": "shop.png"}}}]
    file = write(tmp_path / "1.json", fields=fields)
    (media / "shop.png").write_bytes(b"x" * (FILE_BYTES + 1))
    assert "3 MB at most" in terminal.refused("forms", "publish", file, "--media", str(media))
    assert terminal.ok("forms", "publish", file, "--yes") == "count 1: published\n"
    (media / "shop.png").write_bytes(b"a picture")
    assert terminal.ok("forms", "publish", file, "--media", str(media)) == "count 1: published\n"
    assert "already" in terminal.ok("forms", "publish", file, "--media", str(media))
    (media / "shop.png").write_bytes(b"another picture")
    assert "raise its version" in terminal.refused("forms", "publish", file, "--media", str(media))
    with closing(EmbeddedStore(terminal.data / "db")) as store:
        digest = hashlib.sha256(b"a picture").hexdigest()
        reference = store.database("reference")
        assert reference.get("form:count:1")["files"] == {"shop.png": digest}
        found = reference.attachment(f"file:{digest}", "file")
        assert (found.content_type, b"".join(found.chunks)) == ("image/png", b"a picture")
        (leaf,) = [json.loads(line) for line in lines(reference) if f"file:{digest}".encode() in line]
        assert base64.b64decode(leaf["_attachments"]["file"]["data"]) == b"a picture"


def test_who_published_stands_in_the_audit_trail(terminal: Terminal, tmp_path: Path) -> None:
    terminal.ok("init")
    terminal.ok("forms", "publish", write(tmp_path / "1.json"), "--by", "wu.min")
    terminal.ok("forms", "publish", write(tmp_path / "2.json", version=2, fields=FORM["fields"][:1]), "--yes")
    with closing(EmbeddedStore(terminal.data / "db")) as store:
        first, second = (store.database("audit").get(f"form:count:{version}") for version in (1, 2))
    assert (first["type"], first["by"], first["changes"]) == ("publication", "wu.min", [])
    assert (second["by"], second["changes"]) == ("office", [["/state", "removed", "loses_value"]])
