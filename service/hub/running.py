"""`rounds hub` at work: web workers and intake as at the office, and beside them the relay and the announcement."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from service import logs
from service.auth.keys import load_keys
from service.config import Config
from service.hub import network
from service.hub.identity import Identity, load_identity
from service.hub.office import Office
from service.hub.relay import Relay
from service.hub.serving import keep_certificate
from service.places import open_keeper
from service.store import open_store

log = structlog.get_logger(__name__)

LOOK_SECONDS = 10.0


def run_relay(config: Config) -> None:
    """Relay and announce until SIGTERM or SIGINT."""
    logs.configure(config.log_level, config.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    identity = load_identity(config)
    assert identity is not None
    threading.Thread(target=announce, args=(config, identity, stop), name="announce", daemon=True).start()
    store, keeper = open_store(config), open_keeper(config.data)
    office = Office(identity, load_keys(config).office_device)
    relay = Relay(config, identity, store, office, keeper, monotonic=time.monotonic)
    try:
        relay.run(stop)
    finally:
        relay.close()
        store.close()


def announce(config: Config, identity: Identity, stop: threading.Event) -> None:
    """Say where the hub is, and again with a new certificate when it has moved to another network."""
    told: Sequence[str] | None = None
    announcement: network.Announcement | None = None
    while not stop.is_set():
        known = network.addresses()
        if known != told:
            keep_certificate(config, identity, known, datetime.now(UTC))
            announcement = _announced(announcement, identity, config.bind[1], known)
            told = known
        stop.wait(LOOK_SECONDS)
    if announcement is not None:
        announcement.close()


def _announced(
    before: network.Announcement | None, identity: Identity, port: int, known: Sequence[str]
) -> network.Announcement | None:
    """The announcement at these addresses; None where the network takes none: the QR code does as well."""
    try:
        if before is not None:
            before.close()
        return network.Announcement(identity, port, known) if known else None
    except Exception as error:  # the library raises its own kinds, and the system's
        log.warning("the hub cannot be announced on this network", reason=repr(error))
        return None
