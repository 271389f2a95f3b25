"""TLS: certificates that are renewed under a server that runs, and clients that speak something else."""

from __future__ import annotations

import ssl
import urllib.parse
from contextlib import closing
from pathlib import Path

import pytest

from sync.couch import CouchStore
from tests.certificate import write_certificate
from tests.served import served
from tests.sync.embedded.serving.clients import reached, until


def test_a_certificate_that_is_written_anew_is_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, file = write_certificate(tmp_path / "first.pem", "first"), tmp_path / "server.pem"
    file.write_bytes(first.read_bytes())
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(first))
    with served(tmp_path / "data", file) as url:
        second = write_certificate(tmp_path / "second.pem", "second")
        (tmp_path / "draft").write_bytes(second.read_bytes())
        (tmp_path / "draft").replace(file)
        assert shown(url) == certificate_of(second)
        file.write_bytes(b"no certificate")
        assert shown(url) in (certificate_of(first), certificate_of(second))  # each worker has what it read last


def certificate_of(file: Path) -> str:
    _, mark, rest = file.read_text("ascii").partition("-----BEGIN CERTIFICATE")
    return mark + rest


def shown(url: str) -> str:
    """The certificate that a server shows."""
    parts = urllib.parse.urlsplit(url)
    return ssl.get_server_certificate((str(parts.hostname), parts.port or 0))


def test_what_is_no_tls_is_turned_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate := write_certificate(tmp_path / "server.pem")))
    with served(tmp_path / "data", certificate) as url:
        with closing(reached(url)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: test\r\n\r\n")
            told = until(client, b"no mark")
        assert not told.startswith(b"HTTP")
        assert CouchStore(url).names() == []
