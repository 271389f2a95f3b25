"""The words that docs and code may not contain, and the house rules that a machine can hold."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in out.decode().split("\0") if name and (ROOT / name).exists()]


def test_the_lock_names_versions_and_no_addresses() -> None:
    lines = (ROOT / "deploy/requirements.lock").read_text().splitlines()
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.\-]+==[A-Za-z0-9_.+!\-]+", line)] == []


def test_the_npm_lock_names_no_addresses() -> None:
    lock = json.loads((ROOT / "tests/package-lock.json").read_text())
    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []


def test_every_dependency_is_locked() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    wanted = config["options"]["install_requires"] + "".join(config["options.extras_require"].values())
    names = {re.split(r"[\[ ><=!]", line.strip())[0].lower().replace("_", "-") for line in wanted.splitlines() if line}
    locked = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (ROOT / "deploy/requirements.lock").read_text().splitlines()
    }
    assert names - locked - {""} == set()


def test_top_level_holds_only_what_the_layout_names() -> None:
    allowed = {"service", "schemas", "sync", "deploy", "tests", "docs", "examples"}
    files = {"setup.cfg", "pyproject.toml", "Makefile", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md"}
    files |= {"CONTRIBUTING.md"}
    tops = {path.relative_to(ROOT).parts[0] for path in tracked()}
    assert {top for top in tops if not top.startswith(".")} <= allowed | files
