"""The files that answers name: photos, sound, films, signatures and others, each by the digest of its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from schemas.expression.check import FILES
from schemas.form import Field, Form

__all__ = ["FILES", "files_named"]

Outline = tuple[tuple[str, "Outline"], ...]
"""The fields that hold files, and the groups and repeats that have such fields: name, and what is in it."""

DIGEST = re.compile(r"[0-9a-f]{64}")


def files_named(form: Form, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests (SHA-256, hex) of all files in the answers, each once, in order; what is no digest names no file."""
    return tuple(sorted({each for each in _named(_outline(form), answers) if DIGEST.fullmatch(each)}))


@lru_cache(maxsize=256)
def _outline(form: Form) -> Outline:
    return _holding_files(form.fields)


def _holding_files(fields: Iterable[Field]) -> Outline:
    below = ((each, _holding_files(each.fields)) for each in fields)
    return tuple((each.name, inner) for each, inner in below if inner or each.type in FILES)


def _named(outline: Outline, values: Mapping[str, Any]) -> Iterator[str]:
    for name, below in outline:
        found = values.get(name)
        for each in found if isinstance(found, list) else [found]:
            if not below and isinstance(each, str):
                yield each
            elif below and isinstance(each, Mapping):
                yield from _named(below, each)
