"""A loopback server that answers as it is told: what a CouchDB in trouble would say, and a CouchDB's configuration."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class Text(str):
    """A body that is not JSON."""


Answer = tuple[int, Any]
DROP: Answer = (0, None)
"""Close the connection without a word."""


class Scripted:
    """Calls `answer(method, path, body)` for each request; keeps the requests as `METHOD /path?query`."""

    def __init__(self, answer: Callable[[str, str, Any], Answer]) -> None:
        self.requests: list[str] = []
        self.headers: list[dict[str, str]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(answer))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def _handler(self, answer: Callable[[str, str, Any], Answer]) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length)) if length else None
                outer.requests.append(f"{self.command} {self.path}")
                outer.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, said = answer(self.command, self.path, body)
                if not status:
                    self.close_connection = True
                    return
                text = isinstance(said, Text)
                payload = said.encode() if text else json.dumps(said).encode()
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if text else "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(payload)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any  # noqa: N815 - http.server's names

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def __enter__(self) -> Scripted:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def in_turn(*answers: Answer) -> Callable[[str, str, Any], Answer]:
    """Give these answers one after the other; the last one again and again."""
    left = list(answers)
    return lambda _method, _path, _body: left.pop(0) if len(left) > 1 else left[0]
