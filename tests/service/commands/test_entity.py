"""`rounds entity`: tables in and out, one small document per thing that changed."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

from service.campaign import Campaign
from service.cli import rounds
from service.config import Config
from service.store import open_store
from sync.store import START
from tests.service.conftest import ENTERPRISE

HEAD = ["code", "name", "name::zh-Hant", "name::en", "town"]
WORKS = ["M1", "河口五金", "河口五金", "Hekou", "河口"]
MILL = ["M2", "北山面粉", "北山麵粉", "Beishan Mill", "北山"]


@pytest.fixture
def say(config: Config) -> Any:
    def run(*words: str) -> Result:
        done = CliRunner().invoke(rounds, ["entity", *words, "--data", str(config.data)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


def write(file: Path, *rows: Sequence[str], encoding: str = "utf-8-sig") -> str:
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    return str(file)


def changed(config: Config, since: Any = START) -> tuple[list[str], Any]:
    store = open_store(config)
    try:
        page = store.database("reference").changes(since)
        return [change.id for change in page.results], page.last_seq
    finally:
        store.close()


def test_a_file_is_imported_and_again_writes_only_what_changed(say: Any, config: Config, tmp_path: Path) -> None:
    file = write(tmp_path / "mills.csv", HEAD, WORKS, MILL, encoding="gb18030")
    _, before = changed(config)
    dry = say("import", "mill", file, "--dry-run")
    assert "+ M1 河口五金" in dry.stdout
    assert "2 new" in dry.stdout and "nothing was written" in dry.stdout
    assert changed(config, before)[0] == []
    assert say("import", "mill", file).stdout == "mill: 2 new, 0 changed, 0 as before\n"
    ids, before = changed(config, before)
    assert len(ids) == 2
    assert "2 as before" in say("import", "mill", file).stdout
    assert changed(config, before)[0] == []
    file = write(tmp_path / "mills.csv", HEAD, WORKS, [*MILL[:4], "南山"])
    assert "~ M2 北山面粉: town" in say("import", "mill", file, "--dry-run").stdout
    assert "1 changed, 1 as before" in say("import", "mill", file).stdout
    assert len(changed(config, before)[0]) == 1


def test_what_vanished_is_made_inactive_only_where_asked(say: Any, tmp_path: Path) -> None:
    say("import", "mill", write(tmp_path / "a.csv", HEAD, WORKS, MILL))
    file = write(tmp_path / "a.csv", HEAD, WORKS)
    assert "1 not in the file (--retire makes them inactive)" in say("import", "mill", file).stdout
    assert [row["active"] for row in json.loads(say("list", "mill", "--json").stdout)] == [True, True]
    assert "- M2" in say("import", "mill", file, "--retire", "--dry-run").stdout
    assert "1 made inactive" in say("import", "mill", file, "--retire").stdout
    assert [row["active"] for row in json.loads(say("list", "mill", "--json").stdout)] == [True, False]


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_an_export_can_be_imported(say: Any, config: Config, tmp_path: Path, suffix: str) -> None:
    say("import", "mill", write(tmp_path / "a.csv", HEAD, ["=1+1", "+河口", "", "", "-"], ["001", "北山", "", "", "1"]))
    out = tmp_path / f"out.{suffix}"
    assert "2 written" in say("export", "mill", "--out", str(out)).stdout
    _, before = changed(config)
    assert "0 new, 0 changed, 2 as before" in say("import", "mill", str(out)).stdout
    assert changed(config, before)[0] == []
    if suffix == "xlsx":
        cells = [cell.value for row in load_workbook(out).worksheets[0].iter_rows() for cell in row]
        assert "'=1+1" in cells
    else:
        assert b"'=1+1" in out.read_bytes()
        assert b",=" not in out.read_bytes()


def test_entities_that_were_there_keep_their_ids(say: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    say("export", "enterprise", "--out", str(out))
    assert ENTERPRISE.rsplit(":", 1)[1] in out.read_text("utf-8-sig")
    assert "1 as before" in say("import", "enterprise", str(out)).stdout


def test_mistakes_are_told_and_nothing_is_written(say: Any, config: Config, tmp_path: Path) -> None:
    _, before = changed(config)
    file = write(tmp_path / "a.csv", HEAD, WORKS, ["", "x"], WORKS)
    done = say("import", "mill", file)
    assert done.exit_code == 1
    assert f"{file}: row 3, column code: there is no code." in done.stderr
    assert f"{file}: row 4, column code: M1 stands in row 2 as well." in done.stderr
    (tmp_path / "a.txt").write_text("a")
    for words, said in (
        (("import", "Mill!", file), "no kind"),
        (("import", "mill", str(tmp_path / "a.txt")), "neither .csv nor .xlsx"),
        (("export", "mill", "--out", str(tmp_path / "x.csv")), "no entities of the kind 'mill'"),
        (("export", "enterprise", "--out", str(tmp_path / "x.ods")), "neither .csv nor .xlsx"),
        (("list", "a:b"), "no kind"),
    ):
        done = say(*words)
        assert (done.exit_code, said in done.stderr) == (1, True), done.stderr
    assert changed(config, before)[0] == []


def test_a_list_shows_names_and_ids(say: Any) -> None:
    lines = say("list", "enterprise").stdout.splitlines()
    assert lines[0].split() == ["CODE", "NAME", "ACTIVE", "ID"]
    assert ENTERPRISE in lines[1]
    assert say("list", "nothing").exit_code == 0


def test_thousands_are_written_in_batches(
    config: Config, monkeypatch: pytest.MonkeyPatch, say: Any, tmp_path: Path
) -> None:
    sizes: list[int] = []
    put = Campaign.put_entities

    def counted(self: Campaign, entities: Any) -> int:
        sizes.append(len(entities))
        return put(self, entities)

    monkeypatch.setattr(Campaign, "put_entities", counted)
    rows = [[f"C{number}", f"厂{number}"] for number in range(2_100)]
    assert "2100 new" in say("import", "works", write(tmp_path / "a.csv", ["code", "name"], *rows)).stdout
    rows[7] = ["C7", "改名"]
    assert "1 changed" in say("import", "works", write(tmp_path / "a.csv", ["code", "name"], *rows)).stdout
    assert sizes == [2_100, 1]
