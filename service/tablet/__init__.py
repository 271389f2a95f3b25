"""The tablet app under `/tablet/`: a shell that starts offline, and files that never change under their name."""

from __future__ import annotations

from flask import Blueprint, Response, abort, request

from service.headers import CONTENT_SECURITY_POLICY
from service.tablet.bundle import FOREVER, Bundle, File

PREFIX = "/tablet"
REACHING_HUBS = CONTENT_SECURITY_POLICY.replace("connect-src 'self'", "connect-src 'self' https:")
"""A hub has whatever address its network gives it. What the app may be sent to is proved by the hub's key, not here."""


def create_blueprint() -> Blueprint:
    """The tablet's blueprint; the files are read once, here."""
    blueprint = Blueprint("tablet", __name__, url_prefix=PREFIX)
    bundle = Bundle.read(PREFIX)

    def answer(file: File, cache: str) -> Response:
        response = Response(file.content, mimetype=file.media_type)
        response.headers["Cache-Control"] = cache
        response.set_etag(file.etag)
        response.make_conditional(request)
        return response

    @blueprint.get("/")
    def shell() -> Response:
        response = answer(bundle.shell, "no-cache")
        response.headers["Content-Security-Policy"] = REACHING_HUBS
        return response

    @blueprint.get("/sw.js")
    def worker() -> Response:
        return answer(bundle.worker, "no-cache")

    @blueprint.get("/manifest.webmanifest")
    def manifest() -> Response:
        return answer(bundle.manifest, "no-cache")

    @blueprint.get(f"/{bundle.digest}/<path:name>")
    def file(name: str) -> Response:
        if name not in bundle.files:
            abort(404)
        return answer(bundle.files[name], FOREVER)

    return blueprint
