"""An office that really runs, and hubs that were enrolled at it over HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.serving import make_server

from service.app import create_app
from service.config import Config, load
from service.hub.enrolment import Enrolments
from service.hub.identity import Identity, load_identity
from service.hub.joining import join
from service.hub.office import Office as WayToOffice
from service.hub.relay import Relay
from service.installation import prepare
from service.parts import NAME
from service.places import open_keeper
from sync.embedded import EmbeddedStore
from tests.service.conftest import Office


class Listening:
    """The office's application on a loopback port, which can be away for a while."""

    def __init__(self, app: Flask) -> None:
        self._app, self.port = app, app.extensions[NAME].config.bind[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        self._server = make_server("127.0.0.1", self.port, self._app, threaded=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def live(office: Office) -> Iterator[Listening]:
    """The office over HTTP; its intake works when `office.judge` is called."""
    listening = Listening(office.app)
    yield listening
    listening.stop()


class Hub(Office):
    """A hub's application, with its relay in our hands."""

    def __init__(self, config: Config) -> None:
        super().__init__(create_app(config))
        identity = load_identity(config)
        assert identity is not None
        self.config, self.identity = config, identity
        self.keeper = open_keeper(config.data)
        self.restart()

    def restart(self) -> None:
        """A relay that knows no more than what is on disk."""
        way = WayToOffice(self.identity, self.parts.keys.office_device)
        self.relay = Relay(
            self.config, self.identity, self.parts.store, way, self.keeper, monotonic=time.monotonic, patience=0
        )

    def meet(self) -> None:
        """Rounds until nothing moves any more."""
        for _ in range(50):
            if not self.relay.round():
                return
        raise AssertionError("the relay does not come to rest")

    @property
    def documents(self) -> EmbeddedStore:
        assert isinstance(self.parts.store, EmbeddedStore)
        return self.parts.store


@pytest.fixture
def hub_of(live: Listening, office: Office, tmp_path: Path) -> Iterator[Callable[[str], Hub]]:
    """Makes hubs for the north team, by name."""
    made: list[Hub] = []

    def make(name: str) -> Hub:
        code = Enrolments(office.parts.directory).invite(name, ["north"], "", datetime.now(UTC))
        config = load({"data": str(tmp_path / name), "log_level": "error"}, environ={})
        identity: Identity = join(config, live.url, code)
        assert identity.name == name
        prepare(config)
        made.append(Hub(config))
        return made[-1]

    yield make
    for each in made:
        each.relay.close()
        each.app.extensions[NAME].close()


@pytest.fixture
def hub(hub_of: Callable[[str], Hub]) -> Hub:
    """A hub that was at the office once."""
    made = hub_of("north-1")
    made.meet()
    return made
