"""How an address of the API is declared: what it takes, what it gives, whom it lets in. OpenAPI is made of the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Request
from flask_smorest import Blueprint as SmorestBlueprint  # type: ignore[import-untyped]
from marshmallow import Schema
from webargs.core import is_json
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from service.api.messages import Failure
from service.auth import access
from service.auth.access import Action
from service.auth.requests import guard_api

View = TypeVar("View", bound=Callable[..., Any])
OCTETS = "application/octet-stream"
SIGN_INS: list[dict[str, list[str]]] = [{"bearer": []}, {"basic": []}]


class BodyParser(FlaskParser):
    """Reads JSON bodies with the application's own parser, which has limits; other bodies are refused as such."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        """The body. Raises the errors of HTTP: 400 for what is no JSON, 415 for what does not say that it is."""
        body = req.get_data()
        if not is_json(req.mimetype):
            raise UnsupportedMediaType if body else BadRequest
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise BadRequest from None


class Blueprint(SmorestBlueprint):  # type: ignore[misc]
    """A group of addresses, each guarded by its declaration."""

    ARGUMENTS_PARSER = BodyParser()

    def __init__(self, name: str, module: str, description: str) -> None:
        super().__init__(name, module, description=description)
        guard_api(self)

    def endpoint(
        self,
        method: str,
        path: str,
        *,
        allows: Action | None,
        gives: type[Schema],
        takes: type[Schema] | None = None,
        query: type[Schema] | None = None,
        refuses: tuple[int, ...] = (),
    ) -> Callable[[View], View]:
        """Declare a view. It gets the checked body, then the checked query, then what the path names.

        `allows` is None where everybody may; `refuses` lists the statuses that are particular to this address.
        """

        def declare(view: View) -> View:
            told = self.response(200, gives)(self._guarded(view, allows, refuses))
            told = self.arguments(query, location="query")(told) if query else told
            told = self.arguments(takes)(told) if takes else told
            self.route(path, methods=[method])(told)
            return view

        return declare

    def file(
        self, path: str, *, allows: Action, media_type: str, refuses: tuple[int, ...] = ()
    ) -> Callable[[View], View]:
        """Declare a view that answers a GET with a file, or with those ranges of it that were asked for."""
        content = {"schema": {"type": "string", "format": "binary"}, "content_type": media_type}

        def declare(view: View) -> View:
            told = self._guarded(view, allows, refuses)
            told = self.alt_response(206, **content, description="The ranges asked for.", success=True)(told)
            told = self.alt_response(304, description="As it was when it was fetched last.", success=True)(told)
            told = self.response(200, **content)(told)
            self.route(path, methods=["GET"])(told)
            return view

        return declare

    def upload(
        self, path: str, *, allows: Action, gives: type[Schema], refuses: tuple[int, ...] = ()
    ) -> Callable[[View], View]:
        """Declare a view that takes a POST whose body is a file, and reads it as it comes."""
        content = {OCTETS: {"schema": {"type": "string", "format": "binary"}}}

        def declare(view: View) -> View:
            told = self.response(200, gives)(self._guarded(view, allows, refuses))
            told = self.doc(requestBody={"required": True, "content": content})(told)
            self.route(path, methods=["POST"])(told)
            return view

        return declare

    def _guarded(self, view: View, allows: Action | None, refuses: tuple[int, ...]) -> Any:
        told: Any = access.needs(allows)(view)
        told = self.doc(security=SIGN_INS)(told) if allows else told
        for status in sorted({400, *refuses, *((401, 403) if allows else ())}):
            told = self.alt_response(status, schema=Failure)(told)
        return told
