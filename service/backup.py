"""What a backup of an installation holds: the databases of the embedded store, and what people entered beside them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from service.config import Config, ConfigError
from service.parts import OPERATIONAL, READ_MODEL
from service.store import FOLDER, is_embedded
from service.version import VERSION
from sync.embedded import backup
from sync.embedded.backup import Contents
from sync.embedded.store import EmbeddedStore

KEPT_BESIDE = (OPERATIONAL,)
"""Files in the data directory that no document can make again. Keys are not among them: they are kept apart."""


def make(config: Config, target: Path, now: datetime, told: Callable[[str], object]) -> Contents:
    """Copy the installation into the new folder `target`. Raises `BackupError`, `ConfigError`."""
    folder = _folder(config)
    if not (folder / "uuid").is_file():
        raise ConfigError(f"{config.data} holds no installation.")
    store = EmbeddedStore(folder)
    databases = {name: store.database(name).path for name in store.names()}
    others = [folder / "uuid", *(path for name in KEPT_BESIDE if (path := config.data / name).is_file())]
    return backup.back_up(databases, others, target, made=now.isoformat(), version=VERSION, told=told)


def bring_back(config: Config, source: Path, told: Callable[[str], object]) -> Contents:
    """Restore a backup into the data directory, where nothing of the kind may be. Raises `BackupError`, `ConfigError`.

    The read model is not in a backup: intake makes it anew from the documents.
    """
    folder = _folder(config)
    if (config.data / READ_MODEL).exists():
        raise ConfigError(f"{config.data} is in use: it holds a read model. Restore into an empty directory.")
    contents = backup.read_contents(source)
    backup.verify(source, contents, told=told)
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    backup.restore(source, contents, folder, config.data)
    return contents


def _folder(config: Config) -> Path:
    if not is_embedded(config):
        raise ConfigError("The documents are in CouchDB: replicate them elsewhere, or copy its data directory.")
    return config.data / FOLDER
