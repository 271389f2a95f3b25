"""By which addresses this service may be called: a device signs in at one of them or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from service.config import Config
from service.hub.identity import Identity
from service.hub.network import addresses, origins

PORTS = {"http": 80, "https": 443}
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared, not listened on


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, as browsers write them: lower case, no port that goes without saying."""
    parts = urlsplit(url)
    host = (parts.hostname or "").encode("idna").decode()
    shown = f"[{host}]" if ":" in host else host
    named = parts.port is not None and parts.port != PORTS.get(parts.scheme)
    return f"{parts.scheme}://{shown}:{parts.port}" if named else f"{parts.scheme}://{shown}"


def own_origins(config: Config, hub: Identity | None) -> frozenset[str]:
    """The origins that are this service's own by its settings, never by what a request says of itself."""
    return frozenset(map(origin_of, _addresses(config, hub)))


def _addresses(config: Config, hub: Identity | None) -> Iterator[str]:
    host, port = config.bind
    yield config.public_url
    yield from config.other_urls
    if hub is not None:
        yield from origins(hub, port, addresses())
        return
    scheme = "https" if config.certificate else "http"
    yield from (f"{scheme}://{each}:{port}" for each in LOOPBACK)
    if host in EVERYWHERE and not config.has_public_url:
        yield from (f"{scheme}://{f'[{each}]' if ':' in each else each}:{port}" for each in addresses())
