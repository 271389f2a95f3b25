"""`rounds forms import` and `export`, run as a person runs them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook

from schemas.bundled import bundled
from tests.live import ROOT, Live
from tests.schemas.workbooks import book


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [*Live.command("forms"), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    file = tmp_path / "shop visit.xlsx"
    rows = [
        ["type", "name", "label", "calculation"],
        ["text", "shop", "店名", None],
        ["calculate", "angle", None, "extract-signed(1)"],
    ]
    file.write_bytes(book(survey=rows))
    return file


def test_a_workbook_is_printed_as_a_form_and_its_notes_beside_it(workbook: Path) -> None:
    done = run("import", str(workbook))
    assert done.returncode == 0, done.stderr
    definition = json.loads(done.stdout)
    assert (definition["form"], definition["languages"]) == ("shop-visit", ["zh-Hans"])
    assert done.stderr == (
        "survey, row 3, column calculation: dropped: Rounds has no function extract-signed(): extract-signed(1)\n"
        "1 dropped\n"
    )


def test_a_workbook_becomes_a_file_that_is_a_form(workbook: Path, tmp_path: Path) -> None:
    out = tmp_path / "form.json"
    done = run("import", str(workbook), "--out", str(out))
    assert (done.returncode, done.stdout) == (0, "")
    assert run("check", str(out)).returncode == 0


def test_a_form_goes_out_and_comes_back(tmp_path: Path) -> None:
    source, table, back = ROOT / "schemas/forms/self-check.json", tmp_path / "form.xlsx", tmp_path / "back.json"
    done = run("export", str(source), "--out", str(table))
    assert done.returncode == 0, done.stderr
    assert "column rounds::merge: changed" in done.stderr
    assert load_workbook(table).sheetnames == ["survey", "choices", "settings"]
    assert run("import", str(table), "--out", str(back)).returncode == 0
    assert json.loads(back.read_bytes()) == bundled()["self-check"]


def test_what_cannot_be_done_ends_with_a_sentence(workbook: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    broken = tmp_path / "broken.xlsx"
    for data in (b"", b"not a workbook", workbook.read_bytes()[:500]):
        broken.write_bytes(data)
        done = run("import", str(broken), "--out", str(out))
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "no form could be made of it" in done.stderr
        assert not out.exists()
    broken.write_bytes(book(survey=[["type", "name", "label"], ["hologram", "h", "H"]]))
    assert "survey, row 2: refused" in run("import", str(broken)).stderr
    broken.write_text('{"form": "x"}')
    done = run("export", str(broken), "--out", str(out))
    assert (done.returncode, out.exists()) == (1, False)
    assert "rounds forms check" in done.stderr
    done = run("import", str(workbook), "--out", str(tmp_path / "nowhere" / "form.json"))
    assert done.returncode == 1
    assert "No such file" in done.stderr
