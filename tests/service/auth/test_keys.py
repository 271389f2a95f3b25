"""Key files are made once, readable by their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.auth.keys import jwk_of, load_keys, make_keys, thumbprint
from service.config import Config, ConfigError, load
from sync.signature import device_id


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load({"data": str(tmp_path / "data")}, environ={})


def test_keys_are_made_once(config: Config) -> None:
    make_keys(config)
    first = load_keys(config)
    make_keys(config)
    again = load_keys(config)
    assert (first.kid, first.session) == (again.kid, again.session)
    assert jwk_of(first.office_device.public_key()) == jwk_of(again.office_device.public_key())


def test_only_the_owner_can_read_them(config: Config) -> None:
    make_keys(config)
    files = list(config.secrets.iterdir())
    assert len(files) == 4
    assert {oct(path.stat().st_mode & 0o777) for path in files} == {"0o600"}
    assert config.secrets.stat().st_mode & 0o077 == 0


def test_a_key_that_others_can_read_stops_the_start(config: Config) -> None:
    make_keys(config)
    config.session_key_file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_keys(config)


def test_an_installation_without_keys_says_how_to_make_them(config: Config) -> None:
    with pytest.raises(ConfigError, match="rounds init"):
        load_keys(config)


def test_a_broken_key_is_named(config: Config) -> None:
    make_keys(config)
    path = config.secrets / "office-device.pem"
    path.write_bytes(b"-----BEGIN NOTHING-----")
    with pytest.raises(ConfigError, match=r"office-device\.pem"):
        load_keys(config)


def test_a_session_key_that_is_too_short_stops_the_start(config: Config) -> None:
    make_keys(config)
    config.session_key_file.write_text("abcd")
    with pytest.raises(ConfigError, match="32 bytes"):
        load_keys(config)


def test_a_device_has_one_id_everywhere(config: Config) -> None:
    make_keys(config)
    key = load_keys(config).office_device.public_key()
    assert thumbprint(key)[:12] == device_id(jwk_of(key))
