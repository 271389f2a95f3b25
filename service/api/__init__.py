"""REST under `/api/v1`, described by `/api/v1/openapi.json` and read at `/api/v1/docs`."""

from __future__ import annotations

from flask import Flask, render_template, request
from flask_smorest import Api  # type: ignore[import-untyped]

from service import language
from service.api import (
    batches,
    bundles,
    cases,
    comparisons,
    deliveries,
    drafts,
    forms,
    hub,
    joins,
    packs,
    records,
    session,
    why,
)
from service.auth import access
from service.errors import STATUS

PREFIX = "/api/v1"
BLUEPRINTS = (
    session.blueprint,
    records.blueprint,
    why.blueprint,
    batches.blueprint,
    cases.blueprint,
    joins.blueprint,
    comparisons.blueprint,
    deliveries.blueprint,
    forms.blueprint,
    drafts.blueprint,
    packs.blueprint,
    bundles.blueprint,
    hub.blueprint,
)
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "basic": {"type": "http", "scheme": "basic"},
}


class QuietApi(Api):  # type: ignore[misc]
    """flask-smorest without an error handler of its own: `service.errors` is the one place for that."""

    def _register_error_handlers(self) -> None:
        pass


def register(app: Flask) -> None:
    """Add the API and its documentation to the application."""
    app.config.update(
        API_TITLE="Rounds",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Records, cases, forms, packs, bundles. Errors are `{error, reason, details}`."},
            "components": {"securitySchemes": SECURITY},
        },
    )
    api = QuietApi(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint, url_prefix=PREFIX)

    @app.get(f"{PREFIX}/docs")
    @access.needs(None)
    def api_docs() -> str:
        lang = language.negotiate(request)
        page = {"spec": api.spec.to_dict(), "codes": STATUS, "sample": lambda key: language.sample(key, lang)}
        return render_template("api_docs.html", **page)
