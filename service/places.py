"""Places that documents are replicated between: a directory of this machine, or the address of a CouchDB.

Names and passwords stand in a netrc file, never in an address: a command line can be read by everybody on the machine.
Source: https://docs.python.org/3/library/netrc.html
"""

from __future__ import annotations

import netrc
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from service.store import FOLDER
from sync.embedded import EmbeddedStore
from sync.store import Database, Exists, Store

NETRC = Path("~/.netrc")
KEEPER = "replication"


class PlaceError(Exception):
    """A place that cannot be opened; the sentence says why."""


def open_place(place: str, credentials: Path | None) -> Store:
    """The store at a place: a Rounds data directory, a directory of the embedded store, or an http(s) address.

    :param credentials: a netrc file, whose machines are `host:port` or `host`; `~/.netrc` where None
    """
    if place.startswith(("http://", "https://")):
        return _remote(place, credentials)
    path = Path(place).expanduser()
    if not path.is_dir():
        raise PlaceError(f"{place} is neither a directory nor an address that begins with http:// or https://.")
    return EmbeddedStore(path / FOLDER if (path / FOLDER).is_dir() else path)


def open_keeper(data: Path) -> Database:
    """Where this installation keeps checkpoints and refusals of its replications: never served to anybody."""
    store = EmbeddedStore(data / KEEPER)
    with suppress(Exists):
        store.create(KEEPER)
    return store.database(KEEPER)


def _remote(url: str, credentials: Path | None) -> Store:
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise PlaceError("Leave name and password out of the address: put them into a netrc file (--credentials).")
    from sync.couch import CouchStore  # noqa: PLC0415 - its client takes a second to load

    user, password = _sign_in(parts.netloc, parts.hostname or "", credentials)
    return CouchStore(url, user=user, password=password)


def _sign_in(address: str, host: str, file: Path | None) -> tuple[str | None, str | None]:
    path = (file or NETRC).expanduser()
    if file is None and not path.exists():
        return None, None
    _refuse_open_file(path)
    try:
        known = netrc.netrc(path)
    except (OSError, netrc.NetrcParseError) as error:
        raise PlaceError(f"{path} cannot be read: {error}") from None
    found = known.hosts.get(address) or known.hosts.get(host)
    return (found[0], found[2]) if found else (None, None)


def _refuse_open_file(path: Path) -> None:
    with suppress(OSError):
        if path.stat().st_mode & 0o077:
            raise PlaceError(f"{path} can be read by others than its owner: run `chmod 600 {path}`.")
