"""Raw requests to a server that speaks CouchDB's protocol."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlsplit

import requests


class Asker:
    """Sends requests as an administrator; paths that begin with `~` stand below a database of the test's own."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.root = f"{parts.scheme}://{parts.hostname}:{parts.port}"
        self.credentials = (parts.username, parts.password) if parts.username and parts.password else None
        self.name = f"contract-{uuid.uuid4().hex[:12]}"
        self._session = requests.Session()
        self._session.auth = self.credentials

    def __call__(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """`body`: bytes as they are, anything else as JSON."""
        if isinstance(body, bytes):
            options["data"] = body
        elif body is not None:
            options["json"] = body
        address = f"{self.root}{path.replace('~', f'/{self.name}', 1)}"
        return self._session.request(method, address, timeout=30, **options)

    def put(self, doc_id: str, **members: Any) -> str:
        """Write a document; returns its revision."""
        answer = self("PUT", f"~/{doc_id}", members)
        assert answer.status_code in (201, 202), answer.text
        return str(answer.json()["rev"])

    def ids(self, path: str) -> list[str]:
        """The ids of a listing's rows."""
        return [row["id"] for row in self("GET", path).json()["rows"]]


def refusal(answer: requests.Response) -> tuple[int, str]:
    """An error's status and name."""
    return answer.status_code, answer.json()["error"]
