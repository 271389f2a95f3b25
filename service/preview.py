"""The preview of a form that is being written: the tablet app itself, and the form as its file says just now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from flask import Flask, Response, abort, jsonify, redirect, request
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Response as AnyResponse

from schemas.definition import kind_of_entities
from schemas.faults import examine
from service import tablet
from service.demo import entities, stable_ulid
from service.drafts import told
from service.form_media import gathered
from service.headers import HEADERS
from service.language import negotiate

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """The page asks every second; that is nothing to write down."""

    def log_request(self, *_: Any) -> None:
        pass


def create_preview(file: Path, media: Path | None = None) -> Flask:
    """The application that shows a form file. It has no store and no sign-in, and answers this machine alone."""
    app = Flask("service", static_folder=None)
    # Else a page elsewhere could read the file by a name of its own that means this machine.
    app.config["TRUSTED_HOSTS"] = [HOST, "localhost"]
    app.register_blueprint(tablet.create_blueprint())

    @app.get("/")
    def start() -> AnyResponse:
        return redirect(f"{tablet.PREFIX}/#/preview")

    @app.get("/api/v1/preview")
    def preview() -> Response:
        text = read(file)
        examined = examine(text)
        shown = {"form": file.name, "text": text, "entities": samples(examined.compiled or {})}
        return jsonify(shown | told(examined, negotiate(request)))

    @app.get("/api/v1/preview/files/<name>")
    def shown(name: str) -> Response:
        found = gathered(examine(read(file)).compiled or {"fields": []}, media)[0].get(name)
        if found is None:
            abort(404)
        return Response(found.data, mimetype=found.content_type)

    @app.after_request
    def guard(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    return app


def samples(definition: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Entities to choose from, by kind: those of the demo, and three made up of each kind that it has not."""
    found: dict[str, list[dict[str, Any]]] = {}
    for entity in entities():
        found.setdefault(entity["entity"], []).append(entity)
    for kind in _kinds(definition.get("fields", ())):
        found.setdefault(kind, [_sample(kind, number) for number in (1, 2, 3)])
    return found


def _kinds(fields: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for each in fields:
        if kind := kind_of_entities(each):
            yield kind
        yield from _kinds(each.get("fields", ()))


def _sample(kind: str, number: int) -> dict[str, Any]:
    about = {"_id": f"entity:{kind}:{stable_ulid(f'{kind} {number}')}", "entity": kind, "name": f"{kind} {number}"}
    return about | {"code": str(number)}


def read(file: Path) -> str:
    """The file's text; what cannot be read is empty, and what is no UTF-8 is shown as such: an editor may just save."""
    try:
        return file.read_bytes().decode("utf-8-sig", "replace")
    except OSError:
        return ""


@contextmanager
def serving(file: Path, port: int, media: Path | None = None) -> Iterator[BaseWSGIServer]:
    """Serve the preview in the background for as long as the block lasts; port 0 takes a free one. Raises `OSError`."""
    server = make_server(HOST, port, create_preview(file, media), threaded=True, request_handler=_Quiet)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
