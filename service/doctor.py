"""What is wrong with an installation: each check looks at one thing and names what it finds. Changes nothing."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from service.auth.keys import load_keys
from service.config import Config, ConfigError
from service.parts import READ_MODEL, open_databases
from service.readmodel.checkpoints import behind
from service.store import FOLDER, is_embedded, open_store
from sync.embedded.examine import Finding, Severity, examine
from sync.embedded.store import EmbeddedStore
from sync.store import StoreError

FREE_BYTES = 1024**3
FREE_SHARE = 0.05
LEAST_BYTES = 64 * 1024**2
AHEAD_SECONDS = 120.0
WANTED = ("reference", "office")


def check(config: Config, now: float, *, attachments: bool, told: Callable[[str], object]) -> list[Finding]:
    """Everything that is found, the worst first. `now` are Unix seconds; `told` hears what is looked at."""
    found: list[Finding] = []
    for name, look in CHECKS:
        told(name)
        found += look(config, now)
    if is_embedded(config):
        found += _databases(config, attachments, told)
    return sorted(found, key=lambda finding: ("error", "warning", "note").index(finding.severity))


def _settings(config: Config, _now: float) -> Iterator[Finding]:
    def warning(code: str, where: str, text: str) -> Finding:
        return Finding("warning", code, where, text)

    host, _ = config.bind
    if not config.is_https and host not in ("127.0.0.1", "::1", "localhost"):
        text = "Tablets that reach this address over plain http cannot keep the app: set ROUNDS_PUBLIC_URL to https."
        yield warning("address_insecure", "public_url", text)
    if config.couchdb_url and config.couchdb_url.startswith("http://") and "@127.0.0.1" not in config.couchdb_url:
        yield warning("couchdb_insecure", "couchdb_url", "CouchDB's password travels unencrypted: use https.")
    if not is_embedded(config) and (config.data / FOLDER).is_dir() and any((config.data / FOLDER).iterdir()):
        text = "ROUNDS_COUCHDB_URL is set, but the data directory holds databases of the embedded store: they lie idle."
        yield warning("store_idle", str(config.data / FOLDER), text)


def _permissions(config: Config, _now: float) -> Iterator[Finding]:
    """Keys can be loaded, and nobody else can read them or what was filled in."""
    if not config.data.is_dir():
        yield Finding("error", "no_data", str(config.data), "There is no data directory: run `rounds init`.")
        return
    try:
        load_keys(config)
    except ConfigError as error:
        yield Finding("error", "keys_unusable", str(config.secrets), str(error))
    for path in [config.secrets, *config.secrets.glob("*")]:
        if path.exists() and path.stat().st_mode & 0o077:
            yield Finding("error", "key_readable", str(path), "Others can read or change it; `chmod go=` ends that.")
    for path in (config.data, config.data / FOLDER):
        mode = path.stat().st_mode if path.exists() else 0
        if mode & stat.S_IWOTH:
            yield Finding("error", "data_writable", str(path), "Everybody on this machine can write here.")
        if path.exists() and not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            yield Finding("error", "data_unusable", str(path), "This user cannot read and write here.")


def _disk(config: Config, _now: float) -> Iterator[Finding]:
    if not config.data.is_dir():
        return
    usage = shutil.disk_usage(config.data)
    if usage.free < max(LEAST_BYTES, min(FREE_BYTES, usage.total * FREE_SHARE)):
        severity: Severity = "error" if usage.free < LEAST_BYTES else "warning"
        text = f"{usage.free // 1024**2} MiB of {usage.total // 1024**2} MiB are free: writing ends when none are."
        yield Finding(severity, "disk_low", str(config.data), text)


def _clock(config: Config, now: float) -> Iterator[Finding]:
    """A clock that is set back is behind what was written before."""
    written = [path for path in config.data.glob("**/*") if path.is_file()] if config.data.is_dir() else []
    newest = max((path.stat().st_mtime for path in written), default=0.0)
    if newest > now + AHEAD_SECONDS:
        text = f"The clock is {(newest - now) / 60:.0f} minutes behind the newest file here: was it set back?"
        yield Finding("error", "clock_behind", str(config.data), text)


def _writers(config: Config, _now: float) -> Iterator[Finding]:
    """Who else has the databases open; Rounds itself, most often."""
    folder = (config.data / FOLDER).resolve()
    strangers = sorted(pid for pid in _processes() if pid != os.getpid() and _has_open(pid, folder))
    if strangers:
        text = f"In use by {', '.join(f'{_command(pid)} ({pid})' for pid in strangers)}."
        yield Finding("note", "in_use", str(folder), text)
    others = {_owner(pid) for pid in strangers} - {_owner(os.getpid())}
    if others:
        text = "Processes of several users write here: files that one makes the other may not be able to open."
        yield Finding("warning", "several_users", str(folder), text)


def _processes() -> Iterator[int]:
    return (int(path.name) for path in Path("/proc").glob("[0-9]*"))


def _has_open(pid: int, folder: Path) -> bool:
    try:
        return any(str(link.readlink()).startswith(f"{folder}{os.sep}") for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it has ended, or is not ours to look at
        return False


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
    except OSError:
        return "a process"


def _owner(pid: int) -> int | None:
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except OSError:
        return None


def _store(config: Config, _now: float) -> Iterator[Finding]:
    """The databases that every installation has are there, and the read model follows the mailboxes."""
    if is_embedded(config) and not (config.data / FOLDER).is_dir():
        yield Finding("error", "database_missing", str(config.data / FOLDER), "No databases: run `rounds init`.")
        return
    try:
        store = open_store(config)
        missing = [name for name in WANTED if name not in store.names()]
    except StoreError as error:
        yield Finding("error", "store_unreachable", "store", str(error))
        return
    for name in missing:
        yield Finding("error", "database_missing", name, "This database is missing: run `rounds init`.")
    if missing or not (config.database_url or (config.data / READ_MODEL).is_file()):
        return
    try:
        readmodel, _ = open_databases(config)
        late = [name for name, is_late in behind(store, readmodel).items() if is_late]
    except (SQLAlchemyError, StoreError) as error:
        yield Finding("error", "readmodel_unusable", "read model", f"{error}. `rounds rebuild` makes it anew.")
        return
    for name in late:
        yield Finding("note", "mailbox_behind", name, "Intake has changes to read here: is it running?")


def _databases(config: Config, attachments: bool, told: Callable[[str], object]) -> Iterator[Finding]:
    folder = config.data / FOLDER
    if not folder.is_dir():
        return
    store = EmbeddedStore(folder)
    for name in store.names():
        told(name)
        yield from examine(store.database(name).path, name, attachments=attachments)


CHECKS: tuple[tuple[str, Callable[[Config, float], Iterator[Finding]]], ...] = (
    ("settings", _settings),
    ("permissions", _permissions),
    ("disk", _disk),
    ("clock", _clock),
    ("other writers", _writers),
    ("store", _store),
)
