"""Reading requests and writing answers: JSON in, JSON out, one shape for errors."""

from __future__ import annotations

import re
from collections.abc import Iterable
from secrets import token_hex
from typing import Any

import orjson
from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from sync.store import BadRequest, StoreError, TooLarge

REQUEST_BYTES = 96 * 1024 * 1024
JSON = "application/json"
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


class NotAcceptable(StoreError):
    """The request asks for something that this store does not do."""

    code, status = "not_implemented", 400


class WrongContentType(StoreError):
    """The body does not come as what it must be."""

    code, status = "bad_content_type", 415


def json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer."""
    return Response(orjson.dumps(value) + b"\n", status, headers, content_type=JSON)


def spliced(parts: Iterable[bytes], status: int = 200) -> Response:
    """A JSON answer put together from bytes that are JSON already."""
    return Response(b"".join(parts), status, content_type=JSON)


def failure(error: StoreError) -> Response:
    """The answer that an error becomes."""
    return json({"error": error.code, "reason": error.reason, "details": error.details}, error.status)


def http_failure(error: HTTPException) -> Response:
    """The same for what Flask itself refuses: an unknown path, a method that a path does not have."""
    status = error.code or 400
    known = {404: "not_found", 405: "method_not_allowed", 413: "document_too_large"}
    code = known.get(status, "bad_request" if status < 500 else StoreError.code)
    body = {"error": code, "reason": error.description or error.name, "details": {}}
    return json(body, status, dict(error.get_headers()) if status == 405 else None)


def finish(response: Response) -> Response:
    """What every answer of the store says. Source: CouchDB's `chttpd`."""
    headers = response.headers
    headers.setdefault("Cache-Control", "must-revalidate")
    given = request.headers.get("X-Couch-Request-ID", "")
    headers["X-Couch-Request-ID"] = given if REQUEST_ID.fullmatch(given) else token_hex(5)
    headers["X-CouchDB-Body-Time"] = "0"
    if headers.get("Content-Type") == JSON and not _takes_json():
        headers["Content-Type"] = "text/plain; charset=utf-8"
    return response


def _takes_json() -> bool:
    """Old browsers that show text only; where nothing is said, JSON it is."""
    accepted = request.headers.get("Accept")
    return accepted is None or "*/*" in accepted or "application/" in accepted or "multipart/" in accepted


def needs_json() -> None:
    """Raise `WrongContentType` unless the body says that it is JSON: what a page's form can send is not."""
    if request.mimetype != JSON:
        raise WrongContentType(f"Content-Type must be {JSON}")


def body_json() -> Any:
    """The request's body as JSON. Raises `BadRequest`, `TooLarge`."""
    raw = body_bytes()
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"The request's body must be JSON: {error}.") from None


def body_bytes() -> bytes:
    """The request's body. Raises `TooLarge`, and `BadRequest` where it ends too early."""
    length = request.content_length
    if length is None:
        return _chunked_bytes()
    if length > REQUEST_BYTES:
        raise _too_large(length)
    # As one, and not through `request.get_data`, which takes it in small pieces and copies each.
    body: bytes = request.environ["wsgi.input"].read(length)
    if len(body) < length:
        raise BadRequest("The request's body ended too early.")
    return body


def _chunked_bytes() -> bytes:
    request.max_content_length = REQUEST_BYTES
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise _too_large(None) from None
    except ClientDisconnected:
        raise BadRequest("The request's body ended too early.") from None


def _too_large(length: int | None) -> TooLarge:
    details = {"limit": REQUEST_BYTES, "length": length}
    return TooLarge(f"A request may have {REQUEST_BYTES} bytes at most.", details=details)


def body_object(what: str = "Request body") -> dict[str, Any]:
    """The request's body as a JSON object. Raises `BadRequest`."""
    found = body_json()
    if not isinstance(found, dict):
        raise BadRequest(f"{what} must be a JSON object")
    return found


def flag(name: str) -> bool:
    """A parameter that is true or false. Raises `BadRequest`."""
    value = request.args.get(name, "false")
    if value not in ("true", "false"):
        raise BadRequest(f"{name} must be true or false.", details={"parameter": name})
    return value == "true"


def number(name: str, default: int | None = None, *, least: int = 0) -> int | None:
    """A parameter that is a whole number. Raises `BadRequest`."""
    value = request.args.get(name)
    if value is None:
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 15 or int(value) < least:
        raise BadRequest(f"{name} must be a whole number from {least}.", details={"parameter": name})
    return int(value)


def parameter(name: str) -> Any:
    """A parameter that is JSON, such as a key; None where it is not given. Raises `BadRequest`."""
    value = request.args.get(name)
    if value is None:
        return None
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        raise BadRequest(f"{name} must be JSON.", details={"parameter": name}) from None
