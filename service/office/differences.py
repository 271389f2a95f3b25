"""What differs between two texts, marked piece by piece: words of Latin script, single characters of Chinese. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

SAME, ADDED, GONE = "", "ins", "del"
LONGEST = 2000
"""Tokens of a text beyond which comparing takes longer than anybody waits for a page: then the whole is marked."""
_TOKEN = re.compile(r"[A-Za-z0-9À-ɏ]+|\s+|.", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """A stretch of text; `mark` is the HTML element that says what became of it, or empty."""

    text: str
    mark: str = SAME


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """The later text in pieces, with what it has lost of the earlier one in between."""
    return between(_TOKEN.findall(before), _TOKEN.findall(after))


def between(before: Sequence[str], after: Sequence[str], joint: str = "") -> tuple[Piece, ...]:
    """The same of two lists of words, which `joint` stands between."""
    if max(len(before), len(after)) > LONGEST:
        return tuple(_marked(joint.join(before), joint.join(after)))
    return tuple(_pieces(before, after, joint))


def _pieces(before: Sequence[str], after: Sequence[str], joint: str) -> Iterator[Piece]:
    for what, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            yield Piece(joint.join(after[j1:j2]))
        else:
            yield from _marked(joint.join(before[i1:i2]), joint.join(after[j1:j2]))


def _marked(gone: str, added: str) -> Iterator[Piece]:
    if gone:
        yield Piece(gone, GONE)
    if added:
        yield Piece(added, ADDED)
