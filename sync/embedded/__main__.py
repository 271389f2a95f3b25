"""`python -m sync.embedded`: the embedded store alone, with CouchDB's HTTP API at the root."""

from __future__ import annotations

import argparse
import secrets
import time
from pathlib import Path

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from sync.embedded.protocol import create_blueprint
from sync.embedded.protocol.answer import http_failure
from sync.embedded.protocol.sign_in import SignIn
from sync.embedded.serving.server import WebServer
from sync.embedded.store import EmbeddedStore
from sync.gate import check

METHODS = "GET, HEAD, PUT, POST, DELETE, COPY"
HEADERS = "accept, authorization, content-type, destination, if-match, if-none-match, last-event-id, origin, referer"
SHOWN = "content-length, content-range, etag, location, x-couch-request-id"
WORKERS, THREADS = 2, 32
GRACE_SECONDS = 8
"""What a request may take once the server is to stop."""


def create_app(store: EmbeddedStore, sign_in: SignIn) -> Flask:
    """The store's application, at the root of its address."""
    app = Flask(__name__, static_folder=None)
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False
    app.register_blueprint(create_blueprint(store, sign_in))
    app.register_error_handler(HTTPException, http_failure)  # what no address of the store takes
    app.before_request(_answer_preflight)
    app.after_request(_allow_origin)
    return app


def _answer_preflight() -> Response | None:
    """A browser asks before a page may ask, and does not say who it is."""
    return Response(status=204) if request.method == "OPTIONS" else None


def _allow_origin(response: Response) -> Response:
    """Pages of other origins may use the store, as with CouchDB's CORS settings, with credentials of theirs."""
    origin = request.headers.get("Origin")
    if origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers["Access-Control-Expose-Headers"] = SHOWN
        response.headers.add("Vary", "Origin")
    if origin and request.method == "OPTIONS":
        response.headers["Access-Control-Allow-Headers"] = HEADERS
        response.headers["Access-Control-Allow-Methods"] = METHODS
        response.headers["Access-Control-Max-Age"] = "600"
    return response


def _key(given: str) -> tuple[str, str]:
    name, _, path = given.partition("=")
    if not name or not path:
        raise argparse.ArgumentTypeError("a key is given as KID=FILE")
    return name, Path(path).read_text("ascii")


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m sync.embedded", description=__doc__)
    parser.add_argument("--port", type=int, default=5984)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: this machine alone)")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the databases")
    parser.add_argument("--admin", metavar="NAME:PASSWORD", help="without it, everyone is an administrator")
    key_help = "a public key of bearer tokens: PEM, ES256; may be given more than once"
    parser.add_argument("--jwt-key", metavar="KID=FILE", type=_key, action="append", default=[], help=key_help)
    parser.add_argument("--certificate", metavar="FILE", help="serve https with the key and the chain in this PEM file")
    options = parser.parse_args(arguments)
    secret = secrets.token_bytes(32)  # one for all workers

    def make() -> Flask:
        sign_in = SignIn(options.admin, keys=dict(options.jwt_key), secret=secret, clock=time.time)
        return create_app(EmbeddedStore(options.data, gate=check), sign_in)

    bind = (options.host, options.port)
    more = {"graceful_timeout": GRACE_SECONDS, "certfile": options.certificate}
    WebServer(make, bind, workers=WORKERS, threads=THREADS, **more).run()


if __name__ == "__main__":
    main()
