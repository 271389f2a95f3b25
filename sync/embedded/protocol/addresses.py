"""Addresses with a slash inside a name: `/north/a%2Fb` is the document `a/b`, not an attachment of `a`.

WSGI hands over paths that are decoded already, in which the two look alike. So the slash that was encoded is put there
as a zero byte, which no name may hold, until the address has been taken apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import request

KEPT = "\0"
TOLD = "rounds.kept_slashes"
Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def keeping_slashes(app: Wsgi, prefix: str) -> Wsgi:
    """The application, told of encoded slashes in addresses below `prefix`."""

    def tell(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        sent = environ.get("RAW_URI") or environ.get("REQUEST_URI") or ""
        path = urlsplit(sent).path if "://" in sent.partition("?")[0] else sent.partition("?")[0]
        if path.startswith(f"{prefix}/") and "%2f" in path.lower() and "%00" not in path:
            kept = path.replace("%2f", "%00").replace("%2F", "%00")
            environ["PATH_INFO"] = unquote_to_bytes(kept).decode("latin-1")
            environ[TOLD] = True
        return app(environ, start_response)

    return tell


def restored(values: dict[str, Any]) -> None:
    """Put the slashes back into the parts of an address. A zero byte that came as one stays, and is refused."""
    if TOLD not in request.environ:
        return
    for name, value in values.items():
        if isinstance(value, str):
            values[name] = value.replace(KEPT, "/")
