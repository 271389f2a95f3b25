"""Form files as they are named on the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from service.cli import Refusal

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
FILES = click.Path(exists=True, allow_dash=True, path_type=Path)
STDIN = Path("-")


def texts_of(files: Iterable[Path]) -> dict[str, str]:
    """The texts of form files by name; a folder stands for the `.json` files in it, `-` for what is piped in."""
    return {str(file): text_of(file) for name in files for file in _each(name)}


def text_of(file: Path) -> str:
    """A file's text. Raises `Refusal` where it cannot be read or is no UTF-8."""
    try:
        data = sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"{file}: byte {error.start + 1} is not UTF-8.") from None
    except OSError as error:
        raise Refusal(f"{file}: {error.strerror}.") from None


def _each(file: Path) -> Iterator[Path]:
    if file == STDIN or not file.is_dir():
        yield file
        return
    found = sorted(file.glob("*.json"))
    if not found:
        raise Refusal(f"{file}: there is no .json file in it.")
    yield from found


def count_of(number: int, thing: str) -> str:
    """A number of things, such as `1 mistake` or `2 mistakes`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
