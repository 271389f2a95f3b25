"""The addresses at which a device may sign in follow from the settings alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.config import ConfigError, load
from service.hub.identity import Identity
from service.hub.network import addresses
from service.origins import origin_of, own_origins

LOOPBACK = {"http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000"}


def of(tmp_path: Path, hub: Identity | None = None, **settings: str) -> frozenset[str]:
    return own_origins(load({"data": str(tmp_path), **settings}, environ={}), hub)


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Rounds.Example.ORG/", "https://rounds.example.org"),
        ("https://rounds.example.org:443/tablet/", "https://rounds.example.org"),
        ("http://rounds.example.org:80", "http://rounds.example.org"),
        ("https://rounds.example.org:8443", "https://rounds.example.org:8443"),
        ("http://[::1]:8000/x", "http://[::1]:8000"),
        ("https://巡查.example", "https://xn--9rtw6t.example"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_without_settings_it_is_this_machine(tmp_path: Path) -> None:
    assert of(tmp_path) == LOOPBACK


def test_behind_a_proxy_it_is_the_public_address_and_the_further_ones(tmp_path: Path) -> None:
    found = of(tmp_path, public_url="https://rounds.example.org", other_urls="https://10.0.0.5, http://rounds.lan:80")
    assert found - LOOPBACK == {"https://rounds.example.org", "https://10.0.0.5", "http://rounds.lan"}


def test_open_to_the_network_without_a_public_address_it_is_each_of_the_machines(tmp_path: Path) -> None:
    found = of(tmp_path, bind="0.0.0.0:8000")
    shown = {f"http://{f'[{each}]' if ':' in each else each}:8000" for each in addresses()}
    assert found == LOOPBACK | shown
    named = of(tmp_path, bind="0.0.0.0:8000", public_url="https://rounds.example.org")
    assert named == LOOPBACK | {"https://rounds.example.org"}


def test_a_hub_is_known_by_its_name_and_its_addresses_over_https(tmp_path: Path) -> None:
    hub = Identity("north-1", "0" * 12, "https://rounds.example.org", "https://rounds.example.org", ["north"])
    found = of(tmp_path, hub, bind="0.0.0.0:8443")
    assert f"https://{hub.host}:8443" in found
    assert "https://localhost:8443" in found
    assert "https://rounds.example.org" not in found


def test_a_further_address_that_is_none_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        of(tmp_path, other_urls="https://10.0.0.5, rounds.lan")
