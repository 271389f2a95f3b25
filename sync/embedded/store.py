"""The embedded store: `sync.store.Store` on a folder of SQLite files."""

from __future__ import annotations

import os
import re
import uuid
from pathlib import Path
from threading import Event
from urllib.parse import quote, unquote

from sync.embedded.database import EmbeddedDatabase
from sync.embedded.files import File
from sync.embedded.signals import Signals
from sync.embedded.updates import UpdateLog
from sync.embedded.writes import Gate
from sync.store import START, BadRequest, Exists, NotFound, Seq, Updates

NAME = re.compile(r"[a-z][a-z0-9_$()+/-]{0,237}")
SUFFIX = ".sqlite"
FILE_NAME_CHARACTERS = 200
"""File systems allow 255 bytes; the rest is for SQLite's logs and for drafts."""
UUID_FILE = "uuid"


class IllegalName(BadRequest):
    """A name that no database may have."""

    code = "illegal_database_name"


class EmbeddedStore:
    """Databases in a folder. Several processes may open the same one."""

    def __init__(self, path: Path, *, gate: Gate | None = None) -> None:
        self._path = path
        self._gate = gate
        self._signals = Signals()
        self._open: dict[str, EmbeddedDatabase] = {}
        path.mkdir(parents=True, exist_ok=True)
        self._updates = UpdateLog(path, self.names, self._file, lambda name: self.database(name).info())
        self._uuid = _settled_uuid(path / UUID_FILE)

    @property
    def uuid(self) -> str:
        return self._uuid

    def names(self) -> list[str]:
        return sorted(unquote(each.name.removesuffix(SUFFIX)) for each in self._path.glob(f"*{SUFFIX}"))

    def database(self, name: str) -> EmbeddedDatabase:
        found = self._open.get(name)
        if found is None:
            found = self._open[name] = EmbeddedDatabase(File(self._file(name), name), self._signals, self._gate)
        if not found.path.exists():
            raise NotFound("Database does not exist.")
        return found

    def create(self, name: str) -> EmbeddedDatabase:
        try:
            File(self._file(name), name).create()
        except FileExistsError:
            raise Exists("The database could not be created, the file already exists.") from None
        return self.database(name)

    def delete(self, name: str) -> None:
        self.database(name)
        File(self._file(name), name).delete()

    def updates(
        self,
        since: Seq = START,
        *,
        limit: int | None = None,
        wait: float = 0.0,
        stop: Event | None = None,
    ) -> Updates:
        place = self._updates.last() if since == "now" else since
        return self._updates.after(place, limit=limit, wait=wait, stop=stop)

    def close(self) -> None:
        """Connections close with the threads that hold them."""
        self._open.clear()

    def _file(self, name: str) -> Path:
        if not NAME.fullmatch(name):
            raise IllegalName(
                "A database's name begins with a lower-case letter and holds lower-case letters, digits and _$()+-/.",
                details={"name": name[:80]},
            )
        file = quote(name, safe="")
        if len(file) > FILE_NAME_CHARACTERS:
            raise IllegalName("The database's name is too long.", details={"name": name[:80]})
        return self._path / f"{file}{SUFFIX}"


def _settled_uuid(path: Path) -> str:
    """The store's identity: whoever comes first writes it, once."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{uuid.uuid4().hex}")
    if not path.exists():
        draft.write_text(uuid.uuid4().hex, "ascii")
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text("ascii")
