"""Which files the tablet app is made of, and the digest that names them all.

The pages and the service worker are rendered from one list: what the browser may ask for is what it keeps for offline.
The digest stands in the path of every file, so that relative imports inherit it and a new version never mixes with an
old one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import schemas

FOLDER = Path(__file__).parent
TOKENS = FOLDER.parent / "static/tokens.css"
MESSAGES = Path(schemas.__file__).parent / "messages.json"
FOREVER = "public, max-age=31536000, immutable"
MEDIA_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".html": "text/html",
    ".webmanifest": "application/manifest+json",
}
PARTS = (
    ("app", "*.js"),
    ("app", "*.css"),
    ("app", "*.json"),
    ("vendor", "*.js"),
    ("icons", "*.svg"),
    ("icons", "*.png"),
)
TEMPLATES = ("index.html", "sw.js", "manifest.webmanifest")


@dataclass(frozen=True)
class File:
    """One file as it is sent."""

    content: bytes
    media_type: str

    @property
    def etag(self) -> str:
        """Changes with the content."""
        return hashlib.sha256(self.content).hexdigest()[:20]


@dataclass(frozen=True)
class Bundle:
    """All files by their path below the digest, and the three pages that name the digest."""

    digest: str
    files: Mapping[str, File]
    shell: File
    worker: File
    manifest: File

    @staticmethod
    def read(prefix: str) -> Bundle:
        """Read the app from disk. `prefix` is the address it is served at, without a slash at the end."""
        files = {name: _file(path) for name, path in sorted(_sources())}
        digest = _digest(files)
        shell, worker, manifest = (_render(name, prefix, digest, list(files)) for name in TEMPLATES)
        return Bundle(digest, files, shell, worker, manifest)


def _sources() -> Iterator[tuple[str, Path]]:
    yield "app/style/tokens.css", TOKENS
    yield "app/i18n/problems.json", MESSAGES
    for folder, pattern in PARTS:
        for path in (FOLDER / folder).rglob(pattern):
            yield path.relative_to(FOLDER).as_posix(), path


def _file(path: Path) -> File:
    return File(path.read_bytes(), MEDIA_TYPES[path.suffix])


def _digest(files: Mapping[str, File]) -> str:
    whole = hashlib.sha256()
    for name, file in files.items():
        whole.update(f"{name}\0{len(file.content)}\0".encode() + file.content)
    for name in TEMPLATES:
        whole.update((FOLDER / "pages" / name).read_bytes())
    return whole.hexdigest()[:16]


def _render(name: str, prefix: str, digest: str, files: list[str]) -> File:
    path = FOLDER / "pages" / name
    base = f"{prefix}/{digest}"
    addresses = [f"{prefix}/", f"{prefix}/manifest.webmanifest", *(f"{base}/{file}" for file in files)]
    text = path.read_text("utf-8")
    for mark, value in (("%BASE%", base), ("%DIGEST%", digest), ('"%FILES%"', json.dumps(addresses))):
        text = text.replace(mark, value)
    return File(text.encode(), MEDIA_TYPES[path.suffix])
