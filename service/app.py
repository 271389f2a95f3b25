"""The application: an ordered list of steps, each of which sets up one thing."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
from flask import Flask
from flask.json.provider import JSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix

from service import errors, headers, logs, operators, tablet
from service.api import register as register_api
from service.auth.requests import authenticate_for_store, sign_in_ends, sign_in_holds, undeclared
from service.config import Config, load
from service.hub import crossing, pages
from service.office import register as register_office
from service.parts import NAME, Parts, open_parts
from service.store import is_embedded
from sync.embedded import EmbeddedStore, protocol

OFFICE_HOURS = timedelta(hours=12)
"""How long an office session lasts without a new sign-in."""


class FastJSON(JSONProvider):
    """JSON by orjson, which refuses lone surrogates and bottomless nesting instead of failing on them later."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return orjson.dumps(obj, option=orjson.OPT_NON_STR_KEYS).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def create_app(config: Config | None = None) -> Flask:
    """Make the application for an installation that `rounds init` has prepared. Raises `ConfigError`.

    Without a configuration it reads file and environment itself, as gunicorn wants it where it is started alone.
    """
    config = config or load()
    app = Flask("service", static_folder="static", static_url_path="/static")
    for _, step in STEPS:
        step(app, config)
    return app


def _log(_app: Flask, config: Config) -> None:
    logs.configure(config.log_level, config.log_format)


def _speak_json(app: Flask, _config: Config) -> None:
    app.json = FastJSON(app)


def _trust_proxies(app: Flask, config: Config) -> None:
    if count := config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


def _open_parts(app: Flask, config: Config) -> None:
    parts = app.extensions[NAME] = open_parts(config)
    atexit.register(parts.close)


def _answer_errors(app: Flask, _config: Config) -> None:
    errors.register(app)


def _guard_the_browser(app: Flask, config: Config) -> None:
    headers.register(app, config)


def _keep_sessions(app: Flask, config: Config) -> None:
    parts: Parts = app.extensions[NAME]
    app.secret_key = parts.keys.session
    app.permanent_session_lifetime = OFFICE_HOURS
    app.config.update(
        SESSION_COOKIE_NAME="rounds_office",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=config.is_https,
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
    )


def _serve_operators(app: Flask, _config: Config) -> None:
    app.register_blueprint(operators.create_blueprint())


def _serve_api(app: Flask, _config: Config) -> None:
    register_api(app)


def _serve_office(app: Flask, _config: Config) -> None:
    register_office(app)


def _be_a_hub(app: Flask, _config: Config) -> None:
    pages.register(app)
    parts: Parts = app.extensions[NAME]
    if parts.hub:
        crossing.register(app, parts.hub)


def _serve_tablet(app: Flask, _config: Config) -> None:
    app.register_blueprint(tablet.create_blueprint())


def _serve_store(app: Flask, config: Config) -> None:
    if not is_embedded(config):
        return  # CouchDB serves it, behind the proxy
    parts: Parts = app.extensions[NAME]
    assert isinstance(parts.store, EmbeddedStore)
    blueprint = protocol.create_blueprint(
        parts.store, authenticate_for_store, expires_at=sign_in_ends, admission=sign_in_holds
    )
    app.register_blueprint(blueprint, url_prefix="/db")


def _check_access(app: Flask, _config: Config) -> None:
    if strays := undeclared(app):
        raise RuntimeError(f"These views do not say whom they let in: {', '.join(strays)}")


STEPS: tuple[tuple[str, Callable[[Flask, Config], None]], ...] = (
    ("log", _log),
    ("speak JSON", _speak_json),
    ("trust proxies", _trust_proxies),
    ("open store and databases", _open_parts),
    ("answer errors", _answer_errors),
    ("guard the browser", _guard_the_browser),
    ("keep sessions", _keep_sessions),
    ("serve operators", _serve_operators),
    ("serve the API", _serve_api),
    ("serve the office", _serve_office),
    ("be a hub", _be_a_hub),
    ("serve the tablet", _serve_tablet),
    ("serve the store", _serve_store),
    ("check access", _check_access),
)
