"""Where a hub is found on a local network: its addresses, its name by mDNS, its QR code."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import quote

import ifaddr
import segno
from zeroconf import ServiceInfo, Zeroconf

from service.hub.certificates import is_private
from service.hub.identity import Identity

SERVICE = "_rounds._tcp.local."


def addresses() -> list[str]:
    """This machine's addresses that others can reach, IPv4 and private ones first."""
    found = {_text(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips}
    usable = [each for each in map(ipaddress.ip_address, found) if not each.is_loopback and not each.is_link_local]
    # People can type IPv4; and a hub's certificate names private addresses alone.
    return [str(each) for each in sorted(usable, key=lambda each: (each.version, not is_private(each), each.packed))]


def _text(ip: str | tuple[str, int, int]) -> str:
    return ip if isinstance(ip, str) else ip[0]


def origins(identity: Identity, port: int, known: Iterable[str]) -> list[str]:
    """What a tablet may call this hub, the likeliest first."""
    hosts = [*(f"[{each}]" if ":" in each else each for each in known), identity.host, "localhost", "127.0.0.1"]
    return [f"https://{host}:{port}" for host in hosts]


def invitation(identity: Identity, origin: str) -> str:
    """The address that a tablet's camera reads: the tablet app, asked to sync with this hub."""
    return f"{identity.tablets}/tablet/#/hub/{quote(origin, safe='')}"


def qr_svg(text: str) -> str:
    """A QR code as an SVG picture without a script, a style or an address in it."""
    return segno.make(text, error="m").svg_inline(border=3, dark="#1c1b1a", light="#ffffff", omitsize=True)


def qr_terminal(text: str) -> str:
    """A QR code in half blocks, for a dark or a light terminal."""
    matrix = [[False] * 4 + list(map(bool, row)) + [False] * 4 for row in segno.make(text, error="l").matrix]
    width = len(matrix[0])
    padded = [[False] * width] * 4 + matrix + [[False] * width] * 4
    padded += [[False] * width] * (len(padded) % 2)
    glyphs = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
    pairs = zip(padded[::2], padded[1::2], strict=True)
    return "\n".join("".join(glyphs[cell] for cell in zip(upper, lower, strict=True)) for upper, lower in pairs)


class Announcement:
    """Tells the local network where the hub is, for as long as it is open."""

    def __init__(self, identity: Identity, port: int, known: Sequence[str]) -> None:
        packed = [socket.inet_pton(socket.AF_INET6 if ":" in each else socket.AF_INET, each) for each in known]
        self._info = ServiceInfo(
            SERVICE,
            f"{identity.judge}.{SERVICE}",
            addresses=packed,
            port=port,
            server=f"{identity.host}.",
            properties={"path": "/hub", "name": identity.name},
        )
        self._zeroconf = Zeroconf(interfaces=list(known) or ["127.0.0.1"])
        self._zeroconf.register_service(self._info, allow_name_change=True)

    def close(self) -> None:
        """Say good-bye."""
        self._zeroconf.unregister_service(self._info)
        self._zeroconf.close()
