"""A tablet app that was installed from the office syncs with a hub: the browser asks the hub whether it may.

Only the office's origin is let in, only with a bearer token (no cookies cross), and only to the API and the store.
Source: https://fetch.spec.whatwg.org/#http-cors-protocol and, for private networks, https://wicg.github.io/local-network-access/
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, request

from service.hub.identity import Identity

PATHS = ("/api/", "/db/", "/healthz")
METHODS = "GET, HEAD, POST, PUT, DELETE"
HEADERS = "authorization, content-type, accept, accept-language, if-match, if-none-match, range"
EXPOSED = "etag, content-range, retry-after, content-length"
REMEMBERED_SECONDS = "600"


def register(app: Flask, identity: Identity) -> None:
    """Answer the browser's questions, and mark the answers that the office's tablets may read."""
    parts = urlsplit(identity.tablets)
    allowed = f"{parts.scheme}://{parts.netloc}"

    def is_ours() -> bool:
        return request.headers.get("Origin") == allowed and request.path.startswith(PATHS)

    @app.before_request
    def answer_preflight() -> Response | None:
        if request.method != "OPTIONS" or not is_ours():
            return None
        answer = Response(status=204)
        answer.headers["Access-Control-Allow-Methods"] = METHODS
        answer.headers["Access-Control-Allow-Headers"] = HEADERS
        answer.headers["Access-Control-Max-Age"] = REMEMBERED_SECONDS
        if request.headers.get("Access-Control-Request-Private-Network") == "true":
            answer.headers["Access-Control-Allow-Private-Network"] = "true"
        return answer

    @app.after_request
    def mark(response: Response) -> Response:
        if is_ours():
            response.headers["Access-Control-Allow-Origin"] = allowed
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        response.headers.add("Vary", "Origin")
        return response
