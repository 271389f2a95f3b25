"""`python -m sync.embedded`: the embedded store alone, with CouchDB's HTTP API at the root."""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
from pathlib import Path

from flask import Flask, Request, Response, request
from werkzeug.exceptions import HTTPException

from sync.embedded.protocol import create_blueprint
from sync.embedded.protocol.answer import http_failure
from sync.embedded.serving.server import WebServer
from sync.embedded.store import EmbeddedStore
from sync.gate import check
from sync.store import ADMIN, Unauthorized, UserContext

NOBODY = UserContext(None)
WORKERS, THREADS = 2, 32
GRACE_SECONDS = 8
"""What a request may take once the server is to stop."""


def create_app(store: EmbeddedStore, admin: str | None) -> Flask:
    """The store's application. `admin` is `NAME:PASSWORD`; without one, everyone is an administrator."""
    app = Flask(__name__)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(create_blueprint(store, lambda asked: _who(asked, admin)))
    app.register_error_handler(HTTPException, http_failure)  # what no address of the store takes
    app.after_request(_allow_origin)
    return app


def _who(asked: Request, admin: str | None) -> UserContext:
    if admin is None:
        return ADMIN
    given = asked.headers.get("Authorization", "")
    if not given:
        return NOBODY
    try:
        credentials = base64.b64decode(given.removeprefix("Basic "), validate=True)
    except (binascii.Error, ValueError):
        credentials = b""
    if not hmac.compare_digest(credentials, admin.encode()):
        raise Unauthorized("Name or password is incorrect.")
    return UserContext(admin.partition(":")[0], ADMIN.roles)


def _allow_origin(response: Response) -> Response:
    """Pages of other origins may use the store, as with CouchDB's CORS settings, with credentials of theirs."""
    origin = request.headers.get("Origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Headers"] = "accept, authorization, content-type, origin, referer"
        response.headers["Access-Control-Allow-Methods"] = "GET, PUT, POST, HEAD, DELETE"
    return response


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sync.embedded", description=__doc__)
    parser.add_argument("--port", type=int, default=5984)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the databases")
    parser.add_argument("--admin", metavar="NAME:PASSWORD", help="without it, everyone is an administrator")
    options = parser.parse_args(arguments)

    def make() -> Flask:
        return create_app(EmbeddedStore(options.data, gate=check), options.admin)

    bind = (options.host, options.port)
    WebServer(make, bind, workers=WORKERS, threads=THREADS, graceful_timeout=GRACE_SECONDS).run()


if __name__ == "__main__":
    main()
