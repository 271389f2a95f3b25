"""Third-party code on the tablet is what it was when it was checked, and says whose it is."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[3] / "service/tablet/vendor"


def listed() -> dict[str, str]:
    lines = (VENDOR / "checksums.txt").read_text("utf-8").splitlines()
    return {name: digest for digest, name in (line.split("  ") for line in lines)}


def test_every_vendored_file_is_the_one_that_was_checked() -> None:
    found = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed()}
    assert found == listed()


def test_every_library_is_listed_with_its_licence() -> None:
    libraries = sorted(VENDOR.glob("*.js"))
    assert libraries
    for library in libraries:
        assert {library.name, f"{library.stem}.LICENSE"} <= set(listed())
        assert re.match(r"/\* \S+ \d+\.\d+\.\d+, see \S+\.LICENSE \*/", library.read_text("utf-8")[:80])
