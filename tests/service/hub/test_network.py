"""How a hub is found: its addresses, its QR code, and mDNS between two parties on one machine."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

from service.hub.identity import Identity
from service.hub.network import SERVICE, Announcement, addresses, invitation, origins, qr_svg, qr_terminal

IDENTITY = Identity("north-1", "0" * 12, "https://rounds.example.org", "https://rounds.example.org", ("north",))
LOOPBACK = "127.0.0.1"


class Heard(ServiceListener):
    """What is announced, until it is taken back."""

    def __init__(self) -> None:
        self.found: dict[str, tuple[str | None, int | None, list[str]]] = {}
        self.came, self.went = threading.Event(), threading.Event()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        if info := zc.get_service_info(type_, name):
            self.found[name] = (info.server, info.port, info.parsed_addresses())
            self.came.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.add_service(zc, type_, name)

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self.found.pop(name, None)
        self.went.set()


def test_a_hub_is_heard_on_the_network_and_says_good_bye() -> None:
    # In a thread of its own, as in a hub: Zeroconf would borrow the event loop that browser tests leave running here.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(announce_and_take_back).result()


def announce_and_take_back() -> None:
    heard, ears = Heard(), Zeroconf(interfaces=[LOOPBACK])
    try:
        ServiceBrowser(ears, SERVICE, heard)
        announcement = Announcement(IDENTITY, 8443, [LOOPBACK])
        assert heard.came.wait(30)
        assert heard.found[f"hub-north-1.{SERVICE}"] == ("rounds-north-1.local.", 8443, [LOOPBACK])
        announcement.close()
        assert heard.went.wait(30)
    finally:
        ears.close()


def test_its_addresses_can_be_asked_for_and_come_before_its_names() -> None:
    found = origins(IDENTITY, 8443, ["192.168.43.1", "fd00::2"])
    assert found[:3] == ["https://192.168.43.1:8443", "https://[fd00::2]:8443", "https://rounds-north-1.local:8443"]
    assert LOOPBACK not in addresses()


def test_the_code_leads_to_the_tablet_app_of_the_office_and_names_the_hub() -> None:
    text = invitation(IDENTITY, "https://192.168.43.1:8443")
    assert text == "https://rounds.example.org/tablet/#/hub/https%3A%2F%2F192.168.43.1%3A8443"


def test_the_picture_of_a_code_is_plain_svg() -> None:
    root = ET.fromstring(qr_svg(invitation(IDENTITY, "https://192.168.43.1:8443")))
    assert root.tag.endswith("svg")
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {"svg", "path", "g"}
    assert not any(name.startswith("on") or name == "style" for each in root.iter() for name in each.attrib)


def test_a_code_in_the_terminal_is_square() -> None:
    lines = qr_terminal("https://rounds.example.org").splitlines()
    assert len({len(line) for line in lines}) == 1
    assert abs(len(lines) * 2 - len(lines[0])) <= 1
    assert set("".join(lines)) <= set("█▀▄ ")
