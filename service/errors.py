"""The one place where what goes wrong becomes an answer: `{"error", "reason", "details"}`, or a page in the office.

The codes and their sentences are in `service/i18n/*.json` under `error.…`; docs/errors.md explains them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

import marshmallow
import structlog
from flask import Flask, Response, jsonify, render_template, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from service import language
from sync.store import StoreError

log = structlog.get_logger(__name__)

STATUS = {
    "bad_request": 400,
    "invalid_request": 422,
    "unauthorized": 401,
    "wrong_sign_in": 401,
    "bad_token": 401,
    "token_expired": 401,
    "device_not_listed": 404,
    "device_unknown": 401,
    "device_revoked": 403,
    "challenge_failed": 401,
    "origin_unknown": 401,
    "sign_in_outdated": 401,
    "hub_sign_in": 401,
    "enrolment_failed": 401,
    "device_key_invalid": 422,
    "too_many_attempts": 429,
    "forbidden": 403,
    "form_expired": 400,
    "not_found": 404,
    "record_unknown": 404,
    "case_unknown": 404,
    "form_unknown": 404,
    "draft_unknown": 404,
    "photo_unknown": 404,
    "photo_altered": 409,
    "case_closed": 409,
    "choice_unknown": 422,
    "value_invalid": 422,
    "decision_unclear": 422,
    "nothing_chosen": 422,
    "undecidable": 409,
    "not_joinable": 409,
    "not_joined": 409,
    "record_undecided": 409,
    "files_across_teams": 422,
    "case_changed": 409,
    "not_decided": 409,
    "decision_superseded": 409,
    "preview_outdated": 409,
    "batch_unknown": 404,
    "person_unknown": 422,
    "not_dismissible": 409,
    "case_full": 409,
    "bad_cursor": 400,
    "bundle_unknown": 422,
    "bundle_newer": 422,
    "bundle_cut_short": 422,
    "bundle_sealed": 422,
    "bundle_wrong_key": 422,
    "bundle_altered": 422,
    "bundle_foreign": 422,
    "busy": 503,
    "method_not_allowed": 405,
    "not_acceptable": 406,
    "conflict": 409,
    "document_too_large": 413,
    "unsupported_media_type": 415,
    "file_exists": 412,
    "precondition_failed": 412,
    "range_not_satisfiable": 416,
    "too_many_requests": 429,
    "headers_too_large": 431,
    "unavailable": 503,
    "internal_error": 500,
}
"""Every code that this module can answer with, and its HTTP status."""

_BY_STATUS = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    409: "conflict",
    412: "precondition_failed",
    413: "document_too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: "invalid_request",
    429: "too_many_requests",
    431: "headers_too_large",
    503: "unavailable",
}


class Texts(dict[str, str]):
    """A parameter of a sentence that has a text of its own in each language."""


class RoundsError(Exception):
    """A refusal of our own. The sentence is derived from `code` and `params` in the reader's language.

    `details` goes to the caller as it is; `retry_after` (seconds) says when trying again helps.
    """

    def __init__(
        self, code: str, *, details: Mapping[str, Any] | None = None, retry_after: int | None = None, **params: object
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = STATUS[code]
        self.params = params
        self.details = dict(details or {})
        self.retry_after = retry_after


class Answer:
    """An error made ready to be told: status, code, sentence and details."""

    def __init__(self, status: int, code: str, reason: str, details: Mapping[str, Any] | None = None) -> None:
        self.status = status
        self.code = code
        self.reason = reason
        self.details = dict(details or {})
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        return {"error": self.code, "reason": self.reason, "details": self.details}


def describe(error: Exception, lang: str) -> Answer:
    """What to say about an exception. Whatever is not foreseen is logged under an id that the answer names."""
    if isinstance(error, RoundsError):
        return _ours(error, lang)
    if isinstance(error, StoreError):
        return Answer(error.status, error.code, error.reason, error.details)
    if isinstance(error, marshmallow.ValidationError):
        details = {"fields": error.messages}
        return Answer(422, "invalid_request", _sentence("invalid_request", lang), details)
    if isinstance(error, HTTPException):
        return _http(error, lang)
    if isinstance(error, OperationalError):
        log.warning("database is busy or away", exception=type(error.orig).__name__)
        return _ours(RoundsError("busy", retry_after=1), lang)
    return _unforeseen(error, lang)


def _sentence(code: str, lang: str, **params: object) -> str:
    return language.translate(f"error.{code}", lang, **params)


def _ours(error: RoundsError, lang: str) -> Answer:
    params = {n: language.pick(v, lang) if isinstance(v, Texts) else v for n, v in error.params.items()}
    answer = Answer(error.status, error.code, _sentence(error.code, lang, **params), error.details)
    if error.retry_after is not None:
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _http(error: HTTPException, lang: str) -> Answer:
    if error.response is not None and error.code is None:
        return Answer(error.response.status_code, "bad_request", _sentence("bad_request", lang))
    status = error.code or 500
    code = _BY_STATUS.get(status, "bad_request" if status < 500 else "internal_error")
    messages = getattr(error, "data", {}).get("messages") if status in {400, 422} else None
    answer = Answer(status, code, _sentence(code, lang, id="-"), {"fields": messages} if messages else None)
    answer.headers = {name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}}
    return answer


def _unforeseen(error: Exception, lang: str) -> Answer:
    incident = secrets.token_hex(6)
    log.error("unforeseen error", incident=incident, method=request.method, path=request.path, exc_info=error)
    return Answer(500, "internal_error", _sentence("internal_error", lang, id=incident), {"incident": incident})


def register(app: Flask) -> None:
    """Let every exception of the application end here."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code is not None and error.code < 400:
            response: Response = app.make_response(error.get_response())  # a redirect that routing asks for
            return response
        return respond(error)


def respond(error: Exception) -> Response:
    """The answer to a failed request: a page where a person looks at it, JSON everywhere else."""
    page = _wants_page()
    lang = language.negotiate(request, language.DEFAULT if page else "en")
    answer = describe(error, lang)
    response = Response(render_template("error.html", answer=answer)) if page else jsonify(answer.body())
    response.status_code = answer.status
    response.headers.update(answer.headers)
    if answer.status == 401 and not page:
        response.headers["WWW-Authenticate"] = 'Bearer realm="rounds"'
    response.cache_control.no_store = True
    return response


def _wants_page() -> bool:
    if request.path.startswith(("/api/", "/db/")):
        return False
    return request.path.startswith("/office") or request.accept_mimetypes.best == "text/html"


def not_found(code: str = "not_found") -> NoReturn:
    """Refuse because the thing is not there, or not for this person: the two look alike on purpose."""
    raise RoundsError(code)
