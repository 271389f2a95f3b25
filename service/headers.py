"""What every answer says to the browser about safety, and how much a request may bring."""

from __future__ import annotations

import time

import structlog
from flask import Flask, Response, g, request

from service import bundles
from service.config import Config
from sync.embedded.protocol import answer

log = structlog.get_logger(__name__)

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "worker-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
"""A blueprint that needs another sets the header in an `after_request` of its own: what is set already stays."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(self)",
}
STRICT_TRANSPORT = "max-age=31536000"
REQUEST_BYTES = 1024 * 1024
STORE_BYTES = answer.REQUEST_BYTES
"""Of the API and the office pages. The store's protocol has limits of its own."""
LIMITS = {"/db/": STORE_BYTES, "/api/v1/bundles": bundles.FILE_BYTES, "/office/bundles": bundles.FILE_BYTES}
"""By the beginning of the path; REQUEST_BYTES everywhere else."""


def register(app: Flask, config: Config) -> None:
    """Limit every request and put the headers on every answer."""
    app.config["MAX_CONTENT_LENGTH"] = REQUEST_BYTES

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()
        for prefix, limit in LIMITS.items():
            if request.path.startswith(prefix):
                request.max_content_length = limit

    @app.after_request
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if config.is_https:
            response.headers.setdefault("Strict-Transport-Security", STRICT_TRANSPORT)
        if request.path.startswith("/api/"):
            response.headers.setdefault("Cache-Control", "no-store")
        _note(response)
        return response


def _note(response: Response) -> None:
    level = log.info if response.status_code >= 400 else log.debug
    spent = round((time.monotonic() - g.get("began", time.monotonic())) * 1000)
    level("request", method=request.method, path=request.path, status=response.status_code, ms=spent)
