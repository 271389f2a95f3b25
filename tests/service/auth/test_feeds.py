"""A feed that waits does not outlive a revocation (law 28): against `rounds serve`, in threads and in the lot alike."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.auth.devices import Devices
from service.campaign import Campaign
from service.config import Config
from service.parts import NAME, Parts
from sync.signature import generate_key, public_jwk
from tests.live import Live
from tests.service.conftest import PASSWORDS, VISIT, Office, Tablet
from tests.service.serving import listening

WAIT_SECONDS = 25
"""A feed would wait for 60 by itself."""


class Feed:
    """A longpoll that has begun to wait."""

    def __init__(self, url: str, token: str) -> None:
        host = url.removeprefix("http://")
        self.connection = http.client.HTTPConnection(host, timeout=WAIT_SECONDS)
        path = "/db/mailbox-north/_changes?feed=longpoll&since=now&include_docs=true&heartbeat=1000"
        self.connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        self.answer = self.connection.getresponse()
        assert self.answer.status == 200
        assert self.answer.read(1) == b"\n"  # the first heartbeat: it waits

    def rest(self) -> Any:
        """What it tells when it ends. Heartbeats come once a second."""
        content = b""
        while chunk := self.answer.read(1):
            content += chunk
            assert content.strip() or len(content) < WAIT_SECONDS, "it goes on waiting"
        self.connection.close()
        return json.loads(content)


def sign_in(url: str, user: str) -> dict[str, Any]:
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=WAIT_SECONDS)
    device = {"public_key": public_jwk(generate_key()), "label": user}
    body = json.dumps({"name": user, "password": PASSWORDS[user], "device": device})
    connection.request("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
    told: dict[str, Any] = json.load(connection.getresponse())
    connection.close()
    return told


@pytest.fixture(params=["rounds serve", "threads"])
def served(request: pytest.FixtureRequest, config: Config) -> Iterator[tuple[str, Parts]]:
    """An address, and the parts of another process, or of the same one, that looks after people and devices."""
    app = create_app(config)
    if request.param == "threads":
        with listening(app) as url:
            yield url, app.extensions[NAME]
    else:
        live = Live(Path(config.data)).start().wait()
        yield live.url, app.extensions[NAME]
        live.stop()
    app.extensions[NAME].close()


REVOCATIONS: dict[str, Callable[[Parts, str], object]] = {
    "the device is revoked": lambda parts, device: Devices(parts.directory).revoke(device, ()),
    "the person is disabled": lambda parts, _: Campaign(parts.store).disable_user("li.wei"),
    "the person changes teams": lambda parts, _: Campaign(parts.store).add_user(
        "li.wei", None, roles=["inspector"], teams=["south"]
    ),
}


@pytest.mark.parametrize("how", REVOCATIONS)
def test_a_feed_ends_when_its_sign_in_does_and_tells_nothing_more(served: tuple[str, Parts], how: str) -> None:
    url, parts = served
    revoked, other = sign_in(url, "li.wei"), sign_in(url, "zhang.min")
    feed, kept = Feed(url, revoked["token"]), Feed(url, other["token"])
    REVOCATIONS[how](parts, revoked["device"]["id"])
    assert feed.rest()["results"] == []
    task = {"_id": "task:01JD0000000000000000000000", "type": "task", "team": "north"}
    parts.store.database("mailbox-north").put(task)
    assert [row["id"] for row in kept.rest()["results"]] == [task["_id"]]


def test_what_is_written_with_the_revocation_is_not_told_either(office: Office, north: Tablet) -> None:
    with listening(office.app) as url:
        feed = Feed(url, north.session["token"])
        Devices(office.parts.directory).revoke(north.device, ())
        Tablet(office, "zhang.min").fill(VISIT)
        assert feed.rest()["results"] == []
