"""The way to a CouchDB: sign-in, timeouts, retries, and the one place where its answers become `StoreError`s."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from http import HTTPStatus
from threading import Event
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

import requests
from ibm_cloud_sdk_core import ApiException
from ibm_cloud_sdk_core.authenticators import Authenticator, BasicAuthenticator, NoAuthAuthenticator
from ibmcloudant import CouchDbSessionAuthenticator
from ibmcloudant.cloudant_v1 import CloudantV1
from requests.adapters import HTTPAdapter
from urllib3.exceptions import NewConnectionError

from sync.store import (
    BadRequest,
    Conflict,
    Exists,
    Forbidden,
    NotFound,
    StoreError,
    TooLarge,
    Unauthorized,
    Unavailable,
)

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 120.0
ATTEMPTS: Final = 5
BACKOFF_SECONDS: Final = 0.25
BACKOFF_LIMIT_SECONDS: Final = 8.0
POOL: Final = 64

BY_NAME: Final[Mapping[str, type[StoreError]]] = {
    "not_found": NotFound,
    "conflict": Conflict,
    "file_exists": Exists,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "bad_request": BadRequest,
    "illegal_database_name": BadRequest,
    "illegal_docid": BadRequest,
    "invalid_json": BadRequest,
    "doc_validation": BadRequest,
    "missing_stub": BadRequest,
    "query_parse_error": BadRequest,
    "document_too_large": TooLarge,
    "attachment_too_large": TooLarge,
    "too_large": TooLarge,
    "timeout": Unavailable,
    "nodedown": Unavailable,
    "service_unavailable": Unavailable,
}
"""Source: https://docs.couchdb.org/en/stable/api/basics.html#http-status-codes and `chttpd:error_info/1`."""

BY_STATUS: Final[Mapping[int, type[StoreError]]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    412: BadRequest,
    413: TooLarge,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


class _Undone(Exception):
    """The request was certainly not carried out, so repeating it is safe whatever it does."""

    def __init__(self, failure: StoreError) -> None:
        super().__init__(failure.reason)
        self.failure = failure


def error_of(name: str, reason: str, status: int) -> StoreError:
    """The `StoreError` for CouchDB's error name and sentence; the name decides, then the HTTP status."""
    kind = BY_NAME.get(name) or BY_STATUS.get(status) or (BadRequest if 400 <= status < 500 else StoreError)
    details = {} if name == kind.code else {"couchdb": name}
    return kind(reason or name, details=details)


def _from_response(error: ApiException) -> StoreError:
    status = int(error.status_code)
    if status < 400:
        return Unavailable("The answer of CouchDB broke off")
    try:
        body = error.http_response.json()
    except (AttributeError, ValueError):
        body = None
    if not isinstance(body, dict):
        return error_of("", f"CouchDB answered {status}", status)
    return error_of(str(body.get("error") or ""), str(body.get("reason") or ""), status)


def _never_connected(error: requests.RequestException) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(cause, NewConnectionError)


def split_credentials(url: str) -> tuple[str, str | None, str | None]:
    """A URL without its `user:password@`, and the two, so that no log ever shows them."""
    parts: SplitResult = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return parts._replace(netloc=host).geturl().rstrip("/"), user, password


class _TokenAuthenticator(Authenticator):  # type: ignore[misc]
    """Puts in whatever token `provide` gives at the moment of asking, so that it never has to be replaced."""

    def __init__(self, provide: Callable[[], str]) -> None:
        self._provide = provide

    def authentication_type(self) -> str:
        return "bearertoken"

    def validate(self) -> None:
        """There is nothing to check before there is a token."""

    def authenticate(self, req: dict[str, Any]) -> None:
        req["headers"]["Authorization"] = f"Bearer {self._provide()}"


def _authenticator(
    user: str | None, password: str | None, session: bool, token: Callable[[], str] | None
) -> Authenticator:
    if token is not None:
        return _TokenAuthenticator(token)
    if user is None:
        return NoAuthAuthenticator()
    kind = CouchDbSessionAuthenticator if session else BasicAuthenticator
    return kind(user, password or "")


class Connection:
    """One client of one CouchDB, for any number of threads.

    :param url: the server's root, with or without credentials in it
    :param user: who signs in, over the URL's; without one nobody does
    :param session: sign in once by cookie instead of with each request
    :param token: gives the bearer token of each request, instead of a name and password
    :param rng: where the jitter comes from
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None = None,
        password: str | None = None,
        session: bool = False,
        token: Callable[[], str] | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self.url, url_user, url_password = split_credentials(url)
        credentials = (user, password) if user is not None else (url_user, url_password)
        self.client = CloudantV1(authenticator=_authenticator(*credentials, session, token))
        self.client.set_service_url(self.url)
        # On a short way it costs more than it saves: the store stands beside us.
        self.client.set_enable_gzip_compression(False)
        # The client's own configuration would win over the timeout of a single call.
        self.client.set_http_config({})
        self.client.get_http_client().mount(self.url, HTTPAdapter(pool_maxsize=POOL))
        self._rng = rng
        self._closed = Event()

    def call(
        self,
        operation: Callable[..., Any],
        *args: Any,
        repeatable: bool = True,
        read: float = READ_SECONDS,
        **kwargs: Any,
    ) -> Any:
        """What a `CloudantV1` operation answers, tried again where that is safe and may help.

        :param repeatable: whether doing it twice is the same as doing it once; if not, it is tried again only where
            it cannot have been done
        :param read: seconds of silence after which the server counts as gone
        :raises StoreError: what CouchDB said, or `Unavailable` where it said nothing in `ATTEMPTS` tries
        """
        return self._persist(
            lambda: operation(*args, timeout=(CONNECT_SECONDS, read), **kwargs).get_result(), repeatable
        )

    def request(
        self,
        method: str,
        *path: str,
        params: Mapping[str, str] | None = None,
        body: bytes | Callable[[], Any] | None = None,
        content_type: str = "application/json",
        repeatable: bool = True,
        stream: bool = False,
    ) -> Any:
        """The JSON that CouchDB answers where `CloudantV1` has no fitting operation; `path` is not encoded yet.

        :param body: bytes, or what makes a readable body anew for each attempt
        :param stream: answer the `requests.Response` itself, its body unread
        """
        headers = {"Accept": "application/json"} | ({"Content-Type": content_type} if body is not None else {})
        target = "/" + "/".join(self.client.encode_path_vars(*path))

        def operation(**kwargs: Any) -> Any:
            data = body() if callable(body) else body
            request = self.client.prepare_request(method, target, headers=headers, params=dict(params or {}), data=data)
            return self.client.send(request, **kwargs)

        return self.call(operation, repeatable=repeatable, **({"stream": True} if stream else {}))

    def close(self) -> None:
        """Cut waits short and let go of the connections; may be called twice."""
        self._closed.set()
        self.client.get_http_client().close()

    def _persist(self, once: Callable[[], Any], repeatable: bool) -> Any:
        for attempt in range(ATTEMPTS):
            try:
                return self._attempt(once)
            except _Undone as error:
                failure: StoreError = error.failure
            except Unavailable as error:
                if not repeatable:
                    raise
                failure = error
            if attempt + 1 < ATTEMPTS and self._closed.wait(self._delay(attempt)):
                break
        raise failure

    def _attempt(self, once: Callable[[], Any]) -> Any:
        try:
            return once()
        except ApiException as error:
            failure = _from_response(error)
            if error.status_code == HTTPStatus.TOO_MANY_REQUESTS:
                raise _Undone(failure) from error
            raise failure from error
        except requests.RequestException as error:
            if _never_connected(error):
                raise _Undone(Unavailable(f"CouchDB cannot be reached at {self.url}")) from error
            raise Unavailable(f"CouchDB at {self.url} stopped answering") from error
        except ValueError as error:
            # The client refuses ids that CouchDB would refuse, before it sends them.
            raise BadRequest(str(error)) from error

    def _delay(self, attempt: int) -> float:
        """Full jitter. Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""
        ceiling: float = min(BACKOFF_LIMIT_SECONDS, BACKOFF_SECONDS * 2**attempt)
        return self._rng() * ceiling
