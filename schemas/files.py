"""The files that answers name: photos, sound, films, signatures and others, each by the digest of its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from schemas.expression.check import FILES
from schemas.form import Field, Form

__all__ = ["FILES", "files_named"]

DIGEST = re.compile(r"[0-9a-f]{64}")


def files_named(form: Form, answers: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests (SHA-256, hex) of all files in the answers, each once, in order; what is no digest names no file."""
    return tuple(sorted({each for each in _named(form.fields, answers) if DIGEST.fullmatch(each)}))


def _named(fields: Iterable[Field], values: Mapping[str, Any]) -> Iterator[str]:
    for field in fields:
        value = values.get(field.name)
        if field.type in FILES:
            yield from (each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str))
        elif field.is_container:
            for row in value if isinstance(value, list) else [value]:
                yield from _named(field.fields, row) if isinstance(row, Mapping) else ()
