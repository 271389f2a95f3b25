"""The files that a form shows, on their way from a folder into the reference database."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from schemas.media import files_of
from sync.store import Conflict, Database, NotFound

FILE_BYTES = 3 * 1024 * 1024
FORM_BYTES = 20 * 1024 * 1024
"""Of all files of one form: every tablet keeps them, and a new one takes them in over a weak network."""
TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "amr": "audio/amr",
    "mp4": "video/mp4",
    "webm": "video/webm",
    "3gp": "video/3gpp",
}
"""By the end of a file's name. Nothing that can hold a script is among them."""


@dataclass(frozen=True)
class Shown:
    """One file."""

    content_type: str
    data: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256, by which a form names it and under which it is kept once, whoever shows it."""
        return hashlib.sha256(self.data).hexdigest()


def gathered(definition: Mapping[str, Any], folder: Path | None) -> tuple[dict[str, Shown], list[str]]:
    """The files that a sound definition names, from a folder, and a sentence for each that cannot be taken."""
    found: dict[str, Shown] = {}
    problems: list[str] = []
    for name, kinds in sorted(files_of(definition).items()):
        content_type = TYPES.get(name.rpartition(".")[2].lower(), "")
        path = folder / name if folder else None
        if not all(content_type.startswith(kind) for kind in kinds):
            wanted = " and ".join(sorted(kind.rstrip("/") for kind in kinds))
            problems.append(f"{name}: there is no such kind of {wanted}; {', '.join(TYPES)} are known.")
        elif path is None or not path.is_file():
            problems.append(f"{name}: {f'there is no such file in {folder}' if folder else 'a file is missing'}.")
        elif path.stat().st_size > FILE_BYTES:
            problems.append(f"{name}: a file may have {FILE_BYTES // 1024 // 1024} MB at most.")
        else:
            found[name] = Shown(content_type, path.read_bytes())
    if sum(len(each.data) for each in found.values()) > FORM_BYTES:
        problems.append(f"The files of a form may have {FORM_BYTES // 1024 // 1024} MB at most, all together.")
    return found, problems


def keep(reference: Database, files: Mapping[str, Shown]) -> None:
    """Put files into the reference database, each once: `file:<sha256>` with one attachment `file`."""
    for each in files.values():
        try:
            reference.get(f"file:{each.digest}")
        except NotFound:
            with suppress(Conflict):  # somebody else has just done so
                reference.put(_document(each))


def _document(shown: Shown) -> dict[str, Any]:
    data = base64.b64encode(shown.data).decode("ascii")
    return {
        "_id": f"file:{shown.digest}",
        "type": "file",
        "content_type": shown.content_type,
        "length": len(shown.data),
        "_attachments": {"file": {"content_type": shown.content_type, "data": data}},
    }
